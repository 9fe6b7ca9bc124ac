import { createHash } from "node:crypto";
import { type Finding, FormatError, type Publisher, type TrustedSigner } from "../model/mod.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { compareWithDigest, compareWithStatement, type SignedSubject } from "./coverage.ts";
import { preAuthenticationEncoding } from "./dsse.ts";
import { isHintOf, keyId, type PublicKey, readPublicKey, signedDigest, signedMessage } from "./keys.ts";
import { readModelStatement } from "./statement.ts";
import type { TrustRootFile } from "./files.ts";

/** What signatures are judged by. */
export interface Trust {
  /** Null where the policy names no signer for this origin: then only what a signature says is compared. */
  readonly publisher: Publisher | null;
  readonly roots: readonly TrustRootFile[];
  readonly at: Date;
}

/** A signature that holds: by whom, how, and when as far as that is proven. */
export interface Verified {
  /** What the policy calls the signer. */
  readonly signer: string;
  readonly method: TrustedSigner["method"];
  /** SHA-256 of the public key, or the fingerprint of a GPG key. */
  readonly key: string | null;
  readonly identity: string | null;
  readonly issuer: string | null;
  readonly time: { readonly at: string; readonly by: "rekor" | "rfc3161" } | null;
}

export interface BundleResult {
  /** Null where the policy names nobody who could have signed: then the bytes were compared, and nothing else. */
  readonly verified: Verified | null;
  readonly notes: readonly Finding[];
}

/**
 * Judges one Sigstore bundle: OpenSSF Model Signing 1.0, or cosign over one file. Throws `FormatError` for the first
 * reason not to believe it, each reason under a rule of its own.
 */
export async function examineBundle(
  bytes: Uint8Array,
  subject: SignedSubject,
  trust: Trust,
): Promise<BundleResult> {
  const bundle = readBundle(bytes);
  const verified = trust.publisher === null ? null : await signerOf(bundle, trust.publisher, trust);
  return { verified, notes: await compareWithBytes(bundle, subject) };
}

async function compareWithBytes({ content }: Bundle, subject: SignedSubject): Promise<Finding[]> {
  if (content.kind === "envelope") {
    return await compareWithStatement(readModelStatement(content.payloadType, content.payload), subject);
  }
  await compareWithDigest(content.algorithm, content.digest, subject);
  return [];
}

/** Certificates take most of the code there is about signatures: it is loaded for them only. */
export async function signerOf(bundle: Bundle, { signers }: Publisher, trust: Trust): Promise<Verified> {
  const { material } = bundle;
  switch (material.kind) {
    case "key":
      return signerByKey(bundle, material.hint, signers.filter((one) => one.method === "key"), trust.at);
    case "chain":
      return await signerByChain(
        bundle,
        material.certificates,
        signers.filter((one) => one.method === "certificate"),
        trust.at,
      );
    case "certificate":
      return await signerByIdentity(
        bundle,
        material.certificate,
        signers.filter((one) => one.method === "keyless"),
        trust,
      );
  }
}

type SignerBy<M extends TrustedSigner["method"]> = Extract<TrustedSigner, { method: M }>;

function signerByKey(bundle: Bundle, hint: string, signers: readonly SignerBy<"key">[], at: Date): Verified {
  const maker = keySigner(signers, at, (key) => signedBy(bundle, key));
  if (maker === null) {
    if (hint !== "" && signers.map(keyOf).some((key) => isHintOf(hint, key))) throw isFalse();
    throw new FormatError("signer/unknown", "by none of the keys the policy names for this source");
  }
  if (!isHintOf(hint, maker.key)) {
    throw new FormatError("signer/hint", `the signature names another key than that of ${maker.by.signer}`);
  }
  return maker.by;
}

/** The first of some keys that made a signature, or null. Throws `signer/expired` when the policy no longer trusts it. */
export function keySigner(
  signers: readonly SignerBy<"key">[],
  at: Date,
  signed: (key: PublicKey) => boolean,
): { readonly key: PublicKey; readonly by: Verified } | null {
  for (const signer of signers) {
    const key = keyOf(signer);
    if (!signed(key)) continue;
    if (signer.expires !== null && at >= new Date(signer.expires)) {
      throw new FormatError("signer/expired", `the policy trusts ${signer.name} until ${signer.expires}`);
    }
    return { key, by: { ...nobody, signer: signer.name, method: "key", key: keyId(key) } };
  }
  return null;
}

function keyOf({ publicKey }: SignerBy<"key">): PublicKey {
  return readPublicKey(publicKey);
}

async function signerByChain(
  bundle: Bundle,
  chain: readonly Uint8Array[],
  signers: readonly SignerBy<"certificate">[],
  at: Date,
): Promise<Verified> {
  const { certifiedSigner, keyOfCertificate } = await import("./certificate.ts");
  const [leaf] = chain;
  if (leaf === undefined || !signedBy(bundle, keyOfCertificate(leaf))) throw isFalse();
  let refusal = new FormatError(
    "signer/unknown",
    "by a certificate, and the policy names none for this source",
  );
  for (const signer of signers) {
    try {
      const { key, identities } = certifiedSigner(chain, signer.authorities, at);
      if (identities.includes(signer.identity)) {
        return {
          ...nobody,
          signer: signer.name,
          method: "certificate",
          key: keyId(key),
          identity: signer.identity,
        };
      }
      refusal = otherIdentity(identities.join(", "));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refusal = error; // The next signer may be the one.
    }
  }
  throw refusal;
}

async function signerByIdentity(
  bundle: Bundle,
  certificate: Uint8Array,
  signers: readonly SignerBy<"keyless">[],
  { roots, at }: Trust,
): Promise<Verified> {
  const { keyOfCertificate } = await import("./certificate.ts");
  const key = keyOfCertificate(certificate);
  if (!signedBy(bundle, key)) throw isFalse();
  let refusal = new FormatError(
    "signer/unknown",
    "by an identity, and the policy names none for this source",
  );
  for (const name of new Set(signers.map(({ trustRoot }) => trustRoot))) {
    const root = roots.find((one) => one.name === name);
    if (root === undefined) throw new TypeError(`Cannot verify: trust root ${name} was not loaded`);
    if (at >= new Date(root.expires)) {
      throw new FormatError(
        "trust/expired",
        `trust root ${name} is trusted until ${root.expires}`,
      );
    }
    const { keylessSigner, readTrustRoot } = await import("./keyless.ts");
    try {
      const { identity, issuer, time } = keylessSigner(bundle, readTrustRoot(name, root.text));
      const own = signers.filter(({ trustRoot }) => trustRoot === name);
      const signer = own.find((one) => one.identity === identity && one.issuer === issuer);
      if (signer !== undefined) {
        const proven = { at: time.at.toISOString(), by: time.by };
        return { signer: signer.name, method: "keyless", key: keyId(key), identity, issuer, time: proven };
      }
      refusal = own.some((one) => one.identity === identity)
        ? new FormatError("signer/issuer", `${identity} was vouched for by ${issuer}`)
        : otherIdentity(identity);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refusal = error; // The next root may be the one.
    }
  }
  throw refusal;
}

const nobody = { identity: null, issuer: null, time: null };

function signedBy({ content }: Bundle, key: PublicKey): boolean {
  return content.kind === "envelope"
    ? signedMessage(key, preAuthenticationEncoding(content.payloadType, content.payload), content.signature)
    : signedDigest(key, content.digest, content.signature);
}

function isFalse(): FormatError {
  return new FormatError("signature/false", "the signature is not by the key it names");
}

function otherIdentity(found: string): FormatError {
  return new FormatError(
    "signer/identity",
    `by ${JSON.stringify(found)}, whom the policy does not name for this source`,
  );
}

/** How records name a signature file. */
export function digestOfSignature(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
