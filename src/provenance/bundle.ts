import { Buffer } from "node:buffer";
import * as z from "zod";
import { FormatError } from "../model/mod.ts";
import { readJsonText } from "./json_text.ts";

/** A Sigstore bundle as far as it was read: https://docs.sigstore.dev/about/bundle/ */
export interface Bundle {
  readonly content: BundleContent;
  readonly material: KeyMaterial;
  /** The whole document, for the library that checks log entries and timestamps. */
  readonly json: unknown;
}

export type BundleContent =
  | {
    readonly kind: "envelope";
    readonly payloadType: string;
    readonly payload: Uint8Array;
    readonly signature: Uint8Array;
  }
  | {
    readonly kind: "message";
    readonly algorithm: FileHash;
    readonly digest: Uint8Array;
    readonly signature: Uint8Array;
  };

/** Hashes by which one file is signed. */
export type FileHash = "sha256" | "sha384" | "sha512";
const FILE_HASHES: Readonly<Record<string, { readonly algorithm: FileHash; readonly sizeBytes: number }>> = {
  SHA2_256: { algorithm: "sha256", sizeBytes: 32 },
  SHA2_384: { algorithm: "sha384", sizeBytes: 48 },
  SHA2_512: { algorithm: "sha512", sizeBytes: 64 },
};

export type KeyMaterial =
  | { readonly kind: "key"; readonly hint: string }
  /** The signer's certificate first. */
  | { readonly kind: "chain"; readonly certificates: readonly Uint8Array[] }
  | { readonly kind: "certificate"; readonly certificate: Uint8Array };

const MEDIA_TYPES = [
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
];
const MAX_CERTIFICATES = 10;
const MAX_PROOFS = 8;

const base64 = z.string().transform((text, context): Uint8Array => {
  const bytes = decodeBase64(text);
  if (bytes !== null) return bytes;
  context.addIssue({ code: "custom", message: "not base64" });
  return z.NEVER;
});
const rawBytes = z.looseObject({ rawBytes: base64 });

const bundleSchema = z.looseObject({
  verificationMaterial: z.looseObject({
    publicKey: z.looseObject({ hint: z.string().max(1024).nullable().default("") }).optional(),
    x509CertificateChain: z.looseObject({ certificates: z.array(rawBytes).min(1).max(MAX_CERTIFICATES) })
      .optional(),
    certificate: rawBytes.optional(),
    tlogEntries: z.array(z.unknown()).max(MAX_PROOFS).optional(),
    timestampVerificationData: z.looseObject({
      rfc3161Timestamps: z.array(z.unknown()).max(MAX_PROOFS).optional(),
    }).optional(),
  }),
  dsseEnvelope: z.looseObject({
    payloadType: z.string().max(256),
    payload: base64,
    signatures: z.array(z.looseObject({ sig: base64 })),
  }).optional(),
  messageSignature: z.looseObject({
    messageDigest: z.looseObject({ algorithm: z.string().optional(), digest: base64.optional() }),
    signature: base64,
  }).optional(),
});

/** Reads a bundle strictly. Throws `FormatError`. */
export function readBundle(bytes: Uint8Array): Bundle {
  const json = readJsonText(bytes, "signature/malformed", "the bundle");
  const mediaType = z.looseObject({ mediaType: z.string() }).safeParse(json).data?.mediaType;
  if (mediaType === undefined) throw isOlderBundle(json) ? olderBundle() : malformed("no media type");
  if (!MEDIA_TYPES.includes(mediaType)) {
    throw new FormatError(
      "signature/version",
      `the bundle is of type ${clip(mediaType)}, expected version 0.3`,
    );
  }
  const read = bundleSchema.safeParse(json);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw malformed(`${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "not as expected"}`);
  }
  return { content: contentOf(read.data), material: materialOf(read.data), json };
}

type Read = z.output<typeof bundleSchema>;

function contentOf({ dsseEnvelope: envelope, messageSignature: message }: Read): BundleContent {
  if (envelope !== undefined && message !== undefined) {
    throw malformed("both an envelope and a message signature");
  }
  if (envelope !== undefined) {
    const [first, ...more] = envelope.signatures;
    if (first === undefined || more.length > 0) {
      throw new FormatError(
        "signature/count",
        `${envelope.signatures.length} signatures in one envelope, expected 1`,
      );
    }
    return {
      kind: "envelope",
      payloadType: envelope.payloadType,
      payload: envelope.payload,
      signature: first.sig,
    };
  }
  if (message === undefined) throw malformed("nothing is signed in it");
  const { algorithm, digest } = message.messageDigest;
  if (algorithm === undefined || digest === undefined) {
    throw new FormatError(
      "signature/algorithm",
      "a signature over a whole file instead of its digest (Ed25519)",
    );
  }
  const hash = Object.hasOwn(FILE_HASHES, algorithm) ? FILE_HASHES[algorithm] : undefined;
  if (hash === undefined) {
    throw new FormatError(
      "signature/hash-type",
      `the digest is ${clip(algorithm)}, which is not computed here`,
    );
  }
  if (digest.byteLength !== hash.sizeBytes) throw malformed("a digest of the wrong size");
  return { kind: "message", algorithm: hash.algorithm, digest, signature: message.signature };
}

function materialOf({ verificationMaterial: material }: Read): KeyMaterial {
  const { publicKey, x509CertificateChain: chain, certificate } = material;
  const given = [publicKey, chain, certificate].filter((one) => one !== undefined);
  if (given.length !== 1) throw malformed(`${given.length} kinds of key material, expected 1`);
  if (publicKey !== undefined) return { kind: "key", hint: publicKey.hint ?? "" };
  if (chain !== undefined) {
    return { kind: "chain", certificates: chain.certificates.map((one) => one.rawBytes) };
  }
  if (certificate === undefined) throw malformed("no key material");
  return { kind: "certificate", certificate: certificate.rawBytes };
}

/** What cosign wrote before version 3, or writes with --new-bundle-format=false. */
function isOlderBundle(json: unknown): boolean {
  return z.looseObject({ base64Signature: z.string() }).safeParse(json).success;
}

function olderBundle(): FormatError {
  return new FormatError(
    "signature/version",
    "a bundle of cosign before version 3; sign with --new-bundle-format",
  );
}

/** Standard base64 with its padding, else null: nothing may be left out or read past. */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64");
  return text !== "" && bytes.toString("base64") === text ? new Uint8Array(bytes) : null;
}

function malformed(what: string): FormatError {
  return new FormatError("signature/malformed", `not a readable signature: ${what}`);
}

function clip(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
