import { FormatError, type Publisher } from "../model/mod.ts";
import { decodeBase64 } from "./bundle.ts";
import type { SignedSubject } from "./coverage.ts";
import { keySigner, type Verified } from "./examine.ts";
import { signedDigest } from "./keys.ts";

/**
 * Judges a bare signature over one file, as `cosign sign-blob --output-signature` writes it: base64 and nothing else.
 * It names no key, so the policy's keys are tried. Throws `FormatError` when none of them made it.
 */
export function examineDetached(
  bytes: Uint8Array,
  subject: SignedSubject,
  publisher: Publisher,
  at: Date,
): Verified {
  const signature = decodeBase64(new TextDecoder().decode(bytes).trimEnd());
  if (signature === null) throw new FormatError("signature/malformed", "not base64");
  if (subject.shape === "directory") {
    throw new FormatError("signature/statement", "a signature over one file, and this is a directory");
  }
  const digest = Uint8Array.fromHex(subject.digest.sha256);
  const keys = publisher.signers.filter((one) => one.method === "key");
  if (keys.length === 0) {
    throw new FormatError("signer/unknown", "by a key, and the policy names none for this source");
  }
  const maker = keySigner(keys, at, (key) => signedDigest(key, digest, signature));
  // Without a hint, another signer and other bytes look the same.
  if (maker === null) throw new FormatError("signature/false", "by no key of the policy over these bytes");
  return maker.by;
}
