import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";

/** A P-256 public key by which our own records and those of peers are checked. */
export interface VerifyingKey {
  /** See {@link keyIdOf}. */
  readonly keyId: string;
  readonly key: KeyObject;
}

/** The base64 SHA-256 of the key in DER, as cosign's bundles name a key in their `hint`. */
export function keyIdOf(key: KeyObject): string {
  return createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("base64");
}

/** True for the one kind of key that records are signed with: ECDSA on P-256. */
export function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
}

/** Reads a public key in PEM. Throws `TypeError` for anything but ECDSA on P-256. */
export function readPublicKey(pem: string): VerifyingKey {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: pem, format: "pem" });
  } catch (cause) {
    throw new TypeError("Cannot read the public key: it is not PEM", { cause });
  }
  if (/PRIVATE KEY/.test(pem)) throw new TypeError("Cannot read the public key: it is a private one");
  if (!isP256(key)) throw new TypeError("Cannot read the public key: it is not ECDSA on P-256");
  return { keyId: keyIdOf(key), key };
}

/** Whether `signature` (base64, ASN.1 DER as cosign writes it) is the key's own over these bytes. */
export function isSignedBy({ key }: VerifyingKey, bytes: Uint8Array, signature: string): boolean {
  return verify("sha256", bytes, key, Buffer.from(signature, "base64"));
}
