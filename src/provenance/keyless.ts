import { bundleFromJSON } from "@sigstore/bundle";
import {
  type SignedEntity,
  toSignedEntity,
  toTrustMaterial,
  VerificationError,
  Verifier,
} from "@sigstore/verify";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import { Buffer } from "node:buffer";
import type { KeyObject } from "node:crypto";
import { FormatError, type RuleId } from "../model/mod.ts";
import type { Bundle } from "./bundle.ts";
import { withDefaultDigest } from "./digest_shim.ts";
import { preAuthenticationEncoding } from "./dsse.ts";
import { fromKeyObject, signedDigest, signedMessage } from "./keys.ts";
export { readTrustRoot } from "./trust_root.ts";

/** Whom a log and an authority vouch for, and when the signature was made. */
export interface KeylessSigner {
  readonly identity: string;
  readonly issuer: string;
  readonly time: { readonly at: Date; readonly by: "rekor" | "rfc3161" };
}

/**
 * Proves a signature by identity: certificate from a pinned authority, valid when the signature was made; a log entry
 * about this signature with its inclusion proof; a time by the log or by a timestamp authority. Whose identity it is
 * must be compared by the caller. The signature itself is checked over the digest, so no artifact is read.
 */
export function keylessSigner(bundle: Bundle, root: TrustedRoot): KeylessSigner {
  try {
    return withDefaultDigest(() => {
      const entity = entityOf(bundle);
      const verifier = new Verifier(toTrustMaterial(root, noKeys), {
        tlogThreshold: 1,
        ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
        timestampThreshold: 1,
      });
      const { identity } = verifier.verify(entity);
      return {
        identity: identity?.subjectAlternativeName ?? "",
        issuer: identity?.extensions?.issuer ?? "",
        time: timeOf(entity),
      };
    });
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    if (cause instanceof VerificationError) throw refusalFor(cause);
    // Hostile certificates and timestamps make the library's parsers fail in many ways; none of them is a signature.
    throw new FormatError(
      "signature/malformed",
      "the certificate, log entry or timestamp cannot be read",
      {},
      { cause },
    );
  }
}

function entityOf({ json, content }: Bundle): SignedEntity {
  const entity = toSignedEntity(bundleFromJSON(json));
  const own = content.kind === "envelope"
    ? (key: KeyObject) =>
      signedMessage(
        fromKeyObject(key),
        preAuthenticationEncoding(content.payloadType, content.payload),
        content.signature,
      )
    : (key: KeyObject) => signedDigest(fromKeyObject(key), content.digest, content.signature);
  const { signature } = entity;
  return {
    ...entity,
    signature: {
      signature: Buffer.from(content.signature),
      compareSignature: (other) => signature.compareSignature(other),
      compareDigest: (digest) => signature.compareDigest(digest),
      compareSignedDigest: (digest) => signature.compareSignedDigest(digest),
      verifySignature: own,
    },
  };
}

function noKeys(): never {
  throw new FormatError("signer/certificate", "the bundle names a key where a certificate is due");
}

/** The verifier has proven every one of them; the earliest is recorded. */
function timeOf({ timestamps }: SignedEntity): KeylessSigner["time"] {
  const times = timestamps.flatMap((one): KeylessSigner["time"][] => {
    if (one.$case === "timestamp-authority") return [{ at: one.timestamp.signingTime, by: "rfc3161" }];
    // An entry without a promise states a time that nobody has signed.
    if (!one.tlogEntry.inclusionPromise) return [];
    return [{ at: new Date(Number(one.tlogEntry.integratedTime) * 1000), by: "rekor" }];
  });
  const [earliest] = times.sort((a, b) => a.at.getTime() - b.at.getTime());
  if (earliest === undefined) throw new FormatError("time/absent", "nothing proves when it was signed");
  return earliest;
}

function refusalFor(error: VerificationError): FormatError {
  return new FormatError(ruleFor(error), error.message, {}, { cause: error });
}

function ruleFor({ code, message, cause }: VerificationError): RuleId {
  const isMissing = message.startsWith("expected ");
  switch (code) {
    case "TIMESTAMP_ERROR":
      return isMissing ? "time/absent" : "time/false";
    case "TLOG_MISSING_INCLUSION_ERROR":
      return "transparency/absent";
    case "TLOG_ERROR":
      return isMissing ? "transparency/absent" : "transparency/false";
    case "TLOG_INCLUSION_PROOF_ERROR":
    case "TLOG_INCLUSION_PROMISE_ERROR":
    case "TLOG_BODY_ERROR":
      return "transparency/false";
    case "CERTIFICATE_ERROR":
      if (isMissing) return "transparency/absent"; // No certificate log has promised to publish it.
      return cause instanceof Error && cause.message.includes("expired")
        ? "signer/expired"
        : "signer/certificate";
    case "PUBLIC_KEY_ERROR":
      return "signer/unknown";
    case "SIGNATURE_ERROR":
      return "signature/false";
    default:
      return "signature/malformed";
  }
}
