import { X509Certificate as Certificate } from "@sigstore/core";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { FormatError } from "../model/mod.ts";
import { fromKeyObject, type PublicKey } from "./keys.ts";

/** A certificate read by both readers: one checks signatures of every kind, the other knows the extensions. */
interface Both {
  readonly node: X509Certificate;
  readonly fields: Certificate;
}

/** What a signing certificate says about its owner. */
export interface CertifiedSigner {
  readonly key: PublicKey;
  /** Addresses and URIs of the subject alternative name, and the common name. */
  readonly identities: readonly string[];
  readonly notAfter: Date;
}

/** basicConstraints, keyUsage, extKeyUsage, subjectAltName, key identifiers: a critical extension beside these is not understood. */
const KNOWN_EXTENSIONS = new Set([
  "2.5.29.14",
  "2.5.29.15",
  "2.5.29.17",
  "2.5.29.19",
  "2.5.29.35",
  "2.5.29.37",
]);

/** Reads the key of a certificate without asking who issued it. */
export function keyOfCertificate(der: Uint8Array): PublicKey {
  return fromKeyObject(readCertificate(der).node.publicKey);
}

/**
 * Proves a chain (the signer's certificate first) from one of the pinned authorities at a moment. Throws
 * `FormatError`: `signer/certificate`, `signer/expired`, `signer/usage`.
 */
export function certifiedSigner(
  chain: readonly Uint8Array[],
  authorities: readonly string[],
  at: Date,
): CertifiedSigner {
  const [leaf, ...between] = chain.map(readCertificate);
  if (leaf === undefined) throw new FormatError("signature/malformed", "a chain without a certificate");
  const path = pathToAuthority(leaf, between, authorities.map(readCertificate));
  for (const { fields } of path) {
    if (!fields.validForDate(at)) {
      const [from, to] = [fields.notBefore.toISOString(), fields.notAfter.toISOString()];
      throw new FormatError("signer/expired", `a certificate of the chain is valid from ${from} to ${to}`);
    }
  }
  path.forEach(requireUnderstood);
  path.slice(1).forEach(requireAuthority);
  if (leaf.fields.isCA || leaf.fields.extKeyUsage?.digitalSignature !== true) {
    throw new FormatError("signer/usage", "the certificate is not for digital signatures");
  }
  return {
    key: fromKeyObject(leaf.node.publicKey),
    identities: identitiesOf(leaf),
    notAfter: leaf.fields.notAfter,
  };
}

function readCertificate(source: Uint8Array | string): Both {
  try {
    const node = new X509Certificate(typeof source === "string" ? source : Buffer.from(source));
    const fields = Certificate.parse(Buffer.from(node.raw));
    void fields.extensions.length; // What cannot be taken apart shows here, not later.
    return { node, fields };
  } catch (cause) {
    throw new FormatError("signature/malformed", "a certificate that cannot be read", {}, { cause });
  }
}

/** From the signer up, each issued by the next, the last one pinned. A chain holds a few certificates. */
function pathToAuthority(leaf: Both, between: readonly Both[], pinned: readonly Both[]): readonly Both[] {
  const path = [leaf];
  for (let last = leaf; path.length <= between.length + 1;) {
    const child = last;
    const trusted = pinned.find((issuer) => issued(child, issuer));
    if (trusted !== undefined) return [...path, trusted];
    const next = between.find((issuer) => !path.includes(issuer) && issued(child, issuer));
    if (next === undefined) break;
    path.push(next);
    last = next;
  }
  throw new FormatError(
    "signer/certificate",
    "the certificate does not lead to an authority the policy names",
  );
}

function issued(child: Both, issuer: Both): boolean {
  return child.node.checkIssued(issuer.node) && child.node.verify(issuer.node.publicKey);
}

function requireUnderstood({ fields }: Both): void {
  for (const { subs } of fields.extensions) {
    const oid = subs[0]?.toOID() ?? "";
    const critical = subs.length > 2;
    if (critical && !KNOWN_EXTENSIONS.has(oid)) {
      throw new FormatError(
        "signer/certificate",
        `a certificate has the critical extension ${oid}, which is not known here`,
      );
    }
  }
}

/** An issuer must be an authority, allowed to sign certificates, with so many more below it at most. */
function requireAuthority({ fields }: Both, depth: number): void {
  const below = fields.extBasicConstraints?.pathLenConstraint;
  const tooDeep = below !== undefined && below < BigInt(depth);
  if (fields.isCA && fields.extKeyUsage?.keyCertSign !== false && !tooDeep) return;
  throw new FormatError("signer/certificate", "an issuer in the chain may not issue this certificate");
}

function identitiesOf({ node, fields }: Both): string[] {
  const { rfc822Name, uri } = fields.extSubjectAltName ?? {};
  const names = node.subject.split("\n").filter((line) => line.startsWith("CN=")).map((line) =>
    line.slice(3)
  );
  return [rfc822Name, uri, names.length === 1 ? names[0] : undefined].filter((one) => one !== undefined);
}
