import { p256 } from "@noble/curves/nist.js";
import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** Signatures of models as OpenSSF Model Signing 1.0 and cosign write them, with every part open to change. */

export interface Key {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly pem: string;
}
export type Curve = "P-256" | "P-384" | "P-521" | "secp256k1" | "Ed25519" | "RSA";

const DIGESTS: Readonly<Record<Curve, string | null>> = {
  "P-256": "sha256",
  "P-384": "sha384",
  "P-521": "sha512",
  secp256k1: "sha256",
  Ed25519: null,
  RSA: "sha256",
};

export function makeKey(curve: Curve = "P-256"): Key {
  const pair = curve === "Ed25519"
    ? generateKeyPairSync("ed25519")
    : curve === "RSA"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: curve });
  return { ...pair, pem: pair.publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** How records name a key. */
export const keyIdOf = ({ publicKey }: Key): string =>
  sha256(publicKey.export({ type: "spki", format: "der" }));

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");
export const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64");

/** JSON as it is about to be written: a test changes what it likes. */
// deno-lint-ignore no-explicit-any -- a document that tests take apart
export type Document = any;

export interface Resource {
  name: string;
  algorithm: string;
  digest: string;
}

/** A statement about these files; `files` maps relative paths to bytes, `.` is a model of one file. */
export function statementAbout(
  files: Readonly<Record<string, Uint8Array>>,
  change?: (statement: Document) => void,
): Document {
  const resources = Object.entries(files).sort(([a], [b]) => a < b ? -1 : 1).map((
    [name, bytes],
  ): Resource => ({
    name,
    algorithm: "sha256",
    digest: sha256(bytes),
  }));
  return statementOf(resources, {
    method: "files",
    hash_type: "sha256",
    allow_symlinks: false,
    ignore_paths: IGNORED,
  }, change);
}

/** What the reference signer leaves out unless told otherwise. */
const IGNORED = [".git", ".gitattributes", ".github", ".gitignore"];

export function statementOf(
  resources: readonly Resource[],
  serialization: Document,
  change?: (statement: Document) => void,
): Document {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "model", digest: { sha256: rootDigest(resources) } }],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: { serialization, resources: [...resources] },
  };
  change?.(statement);
  return statement;
}

export function rootDigest(resources: readonly Resource[]): string {
  return sha256(Buffer.concat(resources.map(({ digest }) => Buffer.from(digest, "hex"))));
}

/** Resources that cover a file in pieces of this size. */
export function pieces(name: string, bytes: Uint8Array, size: number): Resource[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min((i + 1) * size, bytes.byteLength)];
    return {
      name: `${name}:${start}:${end}`,
      algorithm: `sha256-sharded-${size}`,
      digest: sha256(bytes.subarray(start, end)),
    };
  });
}

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** The hint the reference signer writes: SHA-256 of the PEM text. */
export const hintOf = ({ pem }: Key): string => sha256(pem);

export interface BundleOptions {
  readonly key: Key;
  readonly curve?: Curve;
  readonly material?: Document;
  readonly payloadType?: string;
  /** Changes the finished bundle. */
  readonly change?: (bundle: Document) => void;
}

/** An envelope around a statement. */
export function envelopeBundle(statement: Document, options: BundleOptions): Document {
  const { key, material, payloadType = PAYLOAD_TYPE, change } = options;
  const payload = typeof statement === "string" ? statement : JSON.stringify(statement, null, 2);
  const signature = signText(payloadType, payload, key, options.curve);
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: material ?? { publicKey: { hint: hintOf(key) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: base64(payload),
      payloadType,
      signatures: [{ sig: base64(signature), keyid: "" }],
    },
  };
  change?.(bundle);
  return bundle;
}

export function signText(payloadType: string, payload: string, key: Key, curve: Curve = "P-256"): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${Buffer.byteLength(payload)} `;
  return sign(DIGESTS[curve], Buffer.from(head + payload), key.privateKey);
}

/** A signature over one file, as `cosign sign-blob --bundle` writes it. */
export function messageBundle(bytes: Uint8Array, options: BundleOptions): Document {
  return messageBundleOver(sha256(bytes), options);
}

/** The same over a file with this SHA-256. */
export function messageBundleOver(digest: string, { key, material, change }: BundleOptions): Document {
  const hint = createHash("sha256").update(key.publicKey.export({ type: "spki", format: "der" })).digest(
    "base64",
  );
  const raw = Buffer.from(digest, "hex");
  const signature = p256.sign(
    raw,
    Buffer.from(key.privateKey.export({ format: "jwk" }).d ?? "", "base64url"),
    {
      prehash: false,
      format: "der",
    },
  );
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: material ?? { publicKey: { hint } },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: base64(raw) },
      signature: base64(signature),
    },
  };
  change?.(bundle);
  return bundle;
}

export const textOf = (document: Document): Uint8Array => new TextEncoder().encode(JSON.stringify(document));
