import { p256, p384, p521 } from "@noble/curves/nist.js";
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { FormatError } from "../model/mod.ts";

/** A public key signatures are verified with. Anything but these kinds is refused before it gets here. */
export interface PublicKey {
  readonly kind: KeyKind;
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly der: Uint8Array;
}
export type KeyKind = "P-256" | "P-384" | "P-521" | "Ed25519";

/** What each curve signs: https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md */
const DIGESTS = { "P-256": "sha256", "P-384": "sha384", "P-521": "sha512" } as const;
const CURVES = { "P-256": p256, "P-384": p384, "P-521": p521 } as const;
const NAMED: Readonly<Record<string, KeyKind>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};
/** Sizes of a SubjectPublicKeyInfo with an uncompressed point, and of the point at its end. */
const SPKI_BYTES = { "P-256": 91, "P-384": 120, "P-521": 158 } as const;
const POINT_BYTES = { "P-256": 65, "P-384": 97, "P-521": 133 } as const;

/** Reads a PEM or DER public key. Throws `signature/algorithm` for a kind that is not accepted. */
export function readPublicKey(source: string | Uint8Array): PublicKey {
  let key: KeyObject;
  try {
    key = typeof source === "string"
      ? createPublicKey(source)
      : createPublicKey({ key: Buffer.from(source), format: "der", type: "spki" });
  } catch (cause) {
    throw new FormatError(
      "signature/algorithm",
      "the public key is not one of P-256, P-384, P-521, Ed25519",
      {},
      {
        cause,
      },
    );
  }
  return fromKeyObject(key);
}

export function fromKeyObject(key: KeyObject): PublicKey {
  const kind = kindOf(key);
  const der = new Uint8Array(key.export({ type: "spki", format: "der" }));
  if (kind !== "Ed25519" && der.byteLength !== SPKI_BYTES[kind]) {
    throw new FormatError("signature/algorithm", "the public key is in an unusual encoding");
  }
  return { kind, key, der };
}

function kindOf(key: KeyObject): KeyKind {
  if (key.asymmetricKeyType === "ed25519") return "Ed25519";
  const curve = key.asymmetricKeyType === "ec"
    ? NAMED[key.asymmetricKeyDetails?.namedCurve ?? ""]
    : undefined;
  if (curve !== undefined) return curve;
  throw new FormatError(
    "signature/algorithm",
    `the key is of kind ${key.asymmetricKeyType}, which is not accepted`,
  );
}

/** Whether the key made this signature over this message. The digest is named: the runtime has no default for it. */
export function signedMessage(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const digest = key.kind === "Ed25519" ? null : DIGESTS[key.kind];
  try {
    return verify(digest, message, key.key, signature);
  } catch {
    return false; // A signature that cannot even be read is not one by this key.
  }
}

/**
 * Whether the key made this signature over a text with this digest. ECDSA signs nothing but the digest, so a model
 * of any size needs no second reading. Ed25519 signs the whole text, so with it the answer is always no.
 */
export function signedDigest(key: PublicKey, digest: Uint8Array, signature: Uint8Array): boolean {
  if (key.kind === "Ed25519") {
    throw new FormatError(
      "signature/algorithm",
      "Ed25519 over a whole file is not accepted; sign its digest",
    );
  }
  const point = key.der.subarray(-POINT_BYTES[key.kind]);
  try {
    return CURVES[key.kind].verify(signature, digest, point, { prehash: false, format: "der", lowS: false });
  } catch {
    return false;
  }
}

/** How records name a key: the SHA-256 of its SubjectPublicKeyInfo, in hexadecimal. */
export function keyId(key: PublicKey): string {
  return createHash("sha256").update(key.der).digest("hex");
}

/**
 * Whether a bundle's hint can be this key's: SHA-256 of the PEM text (OpenSSF Model Signing) or of the DER, in
 * hexadecimal or base64 (cosign). No hint says nothing and contradicts nothing.
 */
export function isHintOf(hint: string, key: PublicKey): boolean {
  if (hint === "") return true;
  const pem = key.key.export({ type: "spki", format: "pem" }).toString();
  const texts = [pem, key.der].flatMap((text) => {
    const digest = createHash("sha256").update(text).digest();
    return [digest.toString("hex"), digest.toString("base64")];
  });
  return texts.includes(hint);
}
