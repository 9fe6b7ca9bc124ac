import { FormatError, type Publisher } from "../model/mod.ts";
import type { Verified } from "./examine.ts";

/** What gpgv said of one signature, with a keyring of nothing but the keys the policy names. */
export interface GpgAnswer {
  readonly kind: "good" | "bad" | "expired-key" | "revoked-key" | "expired-signature" | "no-key" | "unusable";
  readonly fingerprint: string | null;
  /** Seconds since 1970, as the signer states it. */
  readonly madeAt: number | null;
  readonly expiresAt: number | null;
  readonly hashAlgorithm: number | null;
  readonly signatureClass: number | null;
}

/** SHA-256, SHA-384, SHA-512, SHA-224, SHA3-256, SHA3-512: RFC 9580 section 9.5. MD5, SHA-1 and RIPEMD-160 can be forged. */
const SOUND_HASHES = new Set([8, 9, 10, 11, 12, 14]);
const OVER_BYTES = 0;
/** Clocks differ. */
const AHEAD_MS = 24 * 3600 * 1000;

/** Judges what gpgv said of a detached signature. Throws `FormatError` unless it is by a key the policy names. */
export function gpgSigner(answers: readonly GpgAnswer[], publisher: Publisher, at: Date): Verified {
  const [answer, ...more] = answers;
  if (answer === undefined) throw new FormatError("signature/malformed", "gpgv finds no signature in it");
  if (more.length > 0) {
    throw new FormatError("signature/count", `${answers.length} signatures in one file, expected 1`);
  }
  requireGood(answer);
  if (!SOUND_HASHES.has(answer.hashAlgorithm ?? 0) || answer.signatureClass !== OVER_BYTES) {
    throw new FormatError("signature/algorithm", "not a signature over the bytes with a hash that holds");
  }
  if ((answer.madeAt ?? Infinity) * 1000 > at.getTime() + AHEAD_MS) {
    throw new FormatError("time/false", "the signature says it was made in the future");
  }
  if (answer.expiresAt !== null && answer.expiresAt * 1000 <= at.getTime()) {
    throw new FormatError("signature/expired", "the signature has expired");
  }
  const signer = publisher.signers.find((one) =>
    one.method === "gpg" && one.fingerprint === answer.fingerprint
  );
  if (signer === undefined) throw new FormatError("signer/unknown", `by the key ${answer.fingerprint}`);
  return {
    signer: signer.name,
    method: "gpg",
    key: answer.fingerprint,
    identity: null,
    issuer: null,
    time: null,
  };
}

function requireGood({ kind }: GpgAnswer): void {
  switch (kind) {
    case "good":
      return;
    case "bad":
      throw new FormatError("signature/false", "the signature does not fit these bytes");
    case "expired-key":
      throw new FormatError("signer/expired", "the key has expired");
    case "revoked-key":
      throw new FormatError("signer/revoked", "the key was withdrawn by its owner");
    case "expired-signature":
      throw new FormatError("signature/expired", "the signature has expired");
    case "no-key":
      throw new FormatError("signer/unknown", "by none of the keys the policy names for this source");
    case "unusable":
      throw new FormatError("signature/algorithm", "gpgv cannot check a signature of this kind");
  }
}
