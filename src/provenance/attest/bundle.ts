import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as z from "zod";
import { preAuthenticationEncoding } from "../dsse.ts";
import type { Signer } from "../signer.ts";

/** Media type of in-toto statements: https://github.com/in-toto/attestation */
const IN_TOTO = "application/vnd.in-toto+json";
/** Sigstore bundle v0.3, the form in which cosign reads signatures: https://docs.sigstore.dev/about/bundle/ */
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

const material = ({ keyId }: Signer) => ({ publicKey: { hint: keyId } });

/** A bundle over a text: what `cosign verify-blob --bundle` reads. */
export function blobBundle(text: string, signer: Signer): string {
  return line({
    mediaType: BUNDLE,
    verificationMaterial: material(signer),
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: createHash("sha256").update(text).digest("base64") },
      signature: signer.sign(Buffer.from(text)),
    },
  });
}

/** A bundle with a signed in-toto statement: what `cosign verify-blob-attestation --bundle` reads. */
export function statementBundle(statement: string, signer: Signer): string {
  const payload = Buffer.from(statement);
  return line({
    mediaType: BUNDLE,
    verificationMaterial: material(signer),
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType: IN_TOTO,
      signatures: [{ sig: signer.sign(preAuthenticationEncoding(IN_TOTO, payload)) }],
    },
  });
}

const line = (value: unknown): string => JSON.stringify(value) + "\n";

const statementBundleSchema = z.strictObject({
  mediaType: z.literal(BUNDLE),
  verificationMaterial: z.strictObject({ publicKey: z.strictObject({ hint: z.string().max(128) }) }),
  dsseEnvelope: z.strictObject({
    payload: z.base64(),
    payloadType: z.literal(IN_TOTO),
    signatures: z.array(z.strictObject({ sig: z.base64() })).length(1),
  }),
});

export interface SealedStatement {
  /** Which key is said to have signed it: a hint, not yet a fact. */
  readonly hint: string;
  readonly statement: Uint8Array;
  /** The bytes that were signed. */
  readonly signed: Uint8Array;
  readonly signature: string;
}

/** Takes a bundle apart; throws `Error` for anything but one statement with one signature of one key. */
export function openStatementBundle(text: string): SealedStatement {
  const { verificationMaterial, dsseEnvelope } = statementBundleSchema.parse(JSON.parse(text));
  const statement = Buffer.from(dsseEnvelope.payload, "base64");
  const [first] = dsseEnvelope.signatures;
  if (first === undefined) throw new Error("Cannot happen: the schema asks for one signature");
  return {
    hint: verificationMaterial.publicKey.hint,
    statement,
    signed: preAuthenticationEncoding(IN_TOTO, statement),
    signature: first.sig,
  };
}
