import { createPublicKey, X509Certificate } from "node:crypto";
import {
  type Origin,
  parseSha256,
  type Publisher,
  type TrustedSigner,
  type TrustRootPin,
} from "../model/mod.ts";
import { publicKeyPackets } from "./armour.ts";
import { isWithin, readPlainUrl } from "./plain_url.ts";
import type { KeyPath, Problem } from "./problem.ts";
import type { PublisherText, SignerText, TrustRootText } from "./publisher_schema.ts";

const isoOf = (moment: string): string => new Date(moment).toISOString();

export function settlePublisher({ source, required, signers }: PublisherText): Publisher {
  return { source, required, signers: signers.map(settleSigner) };
}

function settleSigner(text: SignerText): TrustedSigner {
  switch (text.method) {
    case "key": {
      const { method, name, public_key, expires, second_opinion } = text;
      return {
        method,
        name,
        publicKey: public_key,
        expires: expires === undefined ? null : isoOf(expires),
        secondOpinion: second_opinion ?? null,
      };
    }
    case "certificate":
      return { ...text, authorities: certificatesIn(text.authorities) };
    case "keyless": {
      const { trust_root, ...rest } = text;
      return { ...rest, trustRoot: trust_root };
    }
    case "gpg": {
      const { method, name, public_key, fingerprint } = text;
      return { method, name, publicKey: public_key, fingerprint: fingerprint.toUpperCase() };
    }
  }
}

export function settleTrustRoot({ name, file, sha256, expires }: TrustRootText): TrustRootPin {
  return { name, file, sha256: parseSha256(sha256), expires: isoOf(expires) };
}

/**
 * The entry that speaks for an origin: the longest matching prefix, `local` where there is none, else `any`. An
 * origin that is no plain URL matches no prefix.
 */
export function publisherFor(origin: Origin, publishers: readonly Publisher[]): Publisher | null {
  const named = (source: string) => publishers.find((publisher) => publisher.source === source);
  if (origin.kind === "local") return named("local") ?? named("any") ?? null;
  const read = readPlainUrl(origin.url);
  let best: { readonly publisher: Publisher; readonly length: number } | null = null;
  for (const publisher of publishers) {
    const prefix = prefixOf(publisher.source);
    if (prefix === null || !read.ok || prefix.host !== read.url.host) continue;
    if (!isWithin(read.url.path, prefix.path)) continue;
    if (best === null || prefix.path.length > best.length) best = { publisher, length: prefix.path.length };
  }
  return best?.publisher ?? named("any") ?? null;
}

function prefixOf(source: string): { readonly host: string; readonly path: string } | null {
  const read = readPlainUrl(source);
  return read.ok ? read.url : null;
}

interface Texts {
  readonly publishers: readonly PublisherText[];
  readonly trust_roots: readonly TrustRootText[];
}

/** What is wrong with `publishers` and `trust_roots` beyond their form. Files are not looked at. */
export function publisherProblems({ publishers, trust_roots: roots }: Texts): Problem[] {
  return [
    ...publishers.flatMap(({ source, signers }, i) => [
      ...sourceProblems(source, publishers.findIndex((other) => other.source === source) < i, i),
      ...signers.flatMap((signer, j) => signerProblems(signer, roots, ["publishers", i, "signers", j])),
    ]),
    ...roots.flatMap(({ name }, i) =>
      roots.findIndex((other) => other.name === name) < i
        ? [problem(["trust_roots", i, "name"], "another trust root has this name")]
        : []
    ),
  ];
}

function sourceProblems(source: string, again: boolean, index: number): Problem[] {
  const path: KeyPath = ["publishers", index, "source"];
  if (again) return [problem(path, "another entry is about this source; list all signers in one")];
  if (source === "local" || source === "any") return [];
  const read = readPlainUrl(source);
  const fault = !read.ok ? read.fault : read.url.query !== null ? "a prefix has no query" : null;
  return fault === null ? [] : [problem(path, `expected an https prefix, local or any: ${fault}`)];
}

function signerProblems(signer: SignerText, roots: readonly TrustRootText[], path: KeyPath): Problem[] {
  switch (signer.method) {
    case "key": {
      const fault = publicKeyFault(signer.public_key);
      return fault === null ? [] : [problem([...path, "public_key"], fault)];
    }
    case "certificate": {
      const found = certificatesIn(signer.authorities);
      if (found.length > 0 && found.every(isCertificate)) return [];
      return [problem([...path, "authorities"], "expected PEM certificates")];
    }
    case "keyless":
      return roots.some(({ name }) => name === signer.trust_root)
        ? []
        : [problem([...path, "trust_root"], `trust_roots has no entry called ${signer.trust_root}`)];
    case "gpg":
      return publicKeyPackets(signer.public_key) !== null
        ? []
        : [problem([...path, "public_key"], "expected an ASCII-armoured public key (gpg --armor --export)")];
  }
}

/** P-256, P-384, P-521 and Ed25519 are what signatures are verified with. */
function publicKeyFault(pem: string): string | null {
  if (!/^-----BEGIN PUBLIC KEY-----$/m.test(pem)) {
    return "expected a PEM public key (-----BEGIN PUBLIC KEY-----)";
  }
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey(pem);
    if (type === "ed25519") return null;
    const curve = details?.namedCurve ?? "";
    return type === "ec" && ["prime256v1", "secp384r1", "secp521r1"].includes(curve)
      ? null
      : "expected a key on P-256, P-384, P-521 or Ed25519";
  } catch {
    return "not a readable public key";
  }
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.byteLength > 0;
  } catch {
    return false;
  }
}

function problem(path: KeyPath, message: string): Problem {
  return { kind: "schema", path, about: "value", message };
}
