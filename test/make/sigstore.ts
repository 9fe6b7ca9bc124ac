import { Buffer } from "node:buffer";
import { createHash, sign } from "node:crypto";
import { type Certificate, extension, makeCertificate, nameOf } from "./certificates.ts";
import { context, generalizedTime, integer, nothing, octets, oid, sequence, set, utf8 } from "./der.ts";
import { base64, type Document, type Key, makeKey, PAYLOAD_TYPE, sha256, signText } from "./model_signing.ts";

/** A Sigstore of one's own: authority, certificate log, signature log and clock, all in memory. */
export interface Sigstore {
  readonly authority: Certificate;
  readonly certificateLog: Key;
  readonly log: Key;
  readonly clock: Certificate;
  readonly clockAuthority: Certificate;
}

export const SIGNED_AT = new Date("2026-10-01T12:00:00Z");
export const IDENTITY = "https://example.org/models/release.yml@refs/heads/main";
export const ISSUER = "https://login.example.org";
const LOG_NAME = "log.example.org";
const MINUTES_MS = 60_000;

export function makeSigstore(): Sigstore {
  const clockAuthority = makeCertificate({ name: "Clock Root", issuer: null, authority: {}, serial: 7 });
  return {
    authority: makeCertificate({ name: "Signer Root", issuer: null, authority: {}, serial: 1 }),
    certificateLog: makeKey(),
    log: makeKey(),
    clockAuthority,
    clock: makeCertificate({
      name: "Clock",
      issuer: clockAuthority,
      serial: 8,
      extensions: [extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.8")), true)],
    }),
  };
}

const idOf = ({ publicKey }: Key): Buffer =>
  createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest();
const rawBytes = ({ publicKey }: Key): string => base64(publicKey.export({ type: "spki", format: "der" }));

/** The trusted_root.json that pins it. */
export function trustedRoot(sigstore: Sigstore, change?: (root: Document) => void): string {
  const validFor = { start: "2026-01-01T00:00:00Z" };
  const logOf = (key: Key) => ({
    baseUrl: `https://${LOG_NAME}`,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: rawBytes(key), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
    logId: { keyId: base64(idOf(key)) },
  });
  const authorityOf = (...chain: readonly Certificate[]) => ({
    subject: { organization: "example.org", commonName: chain[0]?.name },
    uri: "https://example.org",
    certChain: { certificates: chain.map(({ der }) => ({ rawBytes: base64(der) })) },
    validFor,
  });
  const root = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [logOf(sigstore.log)],
    certificateAuthorities: [authorityOf(sigstore.authority)],
    ctlogs: [logOf(sigstore.certificateLog)],
    timestampAuthorities: [authorityOf(sigstore.clock, sigstore.clockAuthority)],
  };
  change?.(root);
  return JSON.stringify(root);
}

export interface KeylessOptions {
  readonly identity?: string;
  readonly issuer?: string;
  /** When the certificate is valid from, for ten minutes. */
  readonly certifiedAt?: Date;
  readonly loggedAt?: Date;
  readonly stampedAt?: Date;
  /** Which proofs of time and publicity the bundle carries. */
  readonly proofs?: readonly ("promise" | "inclusion" | "timestamp" | "certificate-log")[];
  readonly key?: Key;
  readonly change?: (bundle: Document) => void;
}

const ALL_PROOFS = ["promise", "inclusion", "certificate-log"] as const;

/** What an identity signs: a statement in an envelope, or one file. */
export type Content = { readonly statement: Document } | { readonly file: Uint8Array };

export function keylessBundle(sigstore: Sigstore, content: Content, options: KeylessOptions = {}): Document {
  const { proofs = ALL_PROOFS, certifiedAt = SIGNED_AT } = options;
  const key = options.key ?? makeKey();
  const certificate = makeCertificate({
    name: "",
    issuer: sigstore.authority,
    key,
    serial: 99,
    from: certifiedAt,
    to: new Date(certifiedAt.getTime() + 10 * MINUTES_MS),
    uri: options.identity ?? IDENTITY,
    extensions: [
      extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.3"))),
      extension("1.3.6.1.4.1.57264.1.8", utf8(options.issuer ?? ISSUER)),
    ],
    ...(proofs.includes("certificate-log")
      ? { loggedIn: { key: sigstore.certificateLog, at: certifiedAt } }
      : {}),
  });
  const signed = signContent(content, key);
  const withLog = proofs.includes("promise") || proofs.includes("inclusion");
  const entry = logEntry(
    sigstore,
    bodyOf(content, signed, certificate),
    options.loggedAt ?? SIGNED_AT,
    proofs,
  );
  const stamp = timestamp(sigstore, signed.signature, options.stampedAt ?? SIGNED_AT);
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      certificate: { rawBytes: base64(certificate.der) },
      tlogEntries: withLog ? [entry] : [],
      ...(proofs.includes("timestamp")
        ? { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: base64(stamp) }] } }
        : {}),
    },
    ...signed.content,
  };
  options.change?.(bundle);
  return bundle;
}

function signContent(
  content: Content,
  key: Key,
): { readonly signature: Uint8Array; readonly content: Document } {
  if ("file" in content) {
    const signature = sign("sha256", content.file, key.privateKey);
    const messageDigest = { algorithm: "SHA2_256", digest: base64(Buffer.from(sha256(content.file), "hex")) };
    return { signature, content: { messageSignature: { messageDigest, signature: base64(signature) } } };
  }
  const payload = JSON.stringify(content.statement);
  const signature = signText(PAYLOAD_TYPE, payload, key);
  const signatures = [{ sig: base64(signature), keyid: "" }];
  return {
    signature,
    content: { dsseEnvelope: { payload: base64(payload), payloadType: PAYLOAD_TYPE, signatures } },
  };
}

/** https://github.com/sigstore/rekor/tree/main/pkg/types */
function bodyOf(content: Content, { signature }: { signature: Uint8Array }, { pem }: Certificate): Document {
  if ("file" in content) {
    const data = { hash: { algorithm: "sha256", value: sha256(content.file) } };
    const spec = { data, signature: { content: base64(signature), publicKey: { content: base64(pem) } } };
    return { apiVersion: "0.0.1", kind: "hashedrekord", spec };
  }
  const payloadHash = { algorithm: "sha256", value: sha256(JSON.stringify(content.statement)) };
  const signatures = [{ signature: base64(signature), verifier: base64(pem) }];
  return { apiVersion: "0.0.1", kind: "dsse", spec: { envelopeHash: payloadHash, payloadHash, signatures } };
}

/** The second of three entries of the log, with its proofs. */
function logEntry({ log }: Sigstore, body: Document, at: Date, proofs: readonly string[]): Document {
  const canonicalizedBody = base64(JSON.stringify(body));
  const integratedTime = Math.floor(at.getTime() / 1000);
  const logId = idOf(log);
  const leaf = leafHash(Buffer.from(canonicalizedBody, "base64"));
  const [before, after] = [leafHash(Buffer.from("before")), leafHash(Buffer.from("after"))];
  const root = nodeHash(nodeHash(before, leaf), after);
  const note = `${LOG_NAME} - 1\n3\n${base64(root)}\n`;
  const noteSignature = Buffer.concat([
    logId.subarray(0, 4),
    sign("sha256", Buffer.from(note), log.privateKey),
  ]);
  // Keys in the order of the canonical form.
  const promised = { body: canonicalizedBody, integratedTime, logID: logId.toString("hex"), logIndex: 1 };
  const promise = sign("sha256", Buffer.from(JSON.stringify(promised)), log.privateKey);
  return {
    logIndex: "1",
    logId: { keyId: base64(logId) },
    kindVersion: { kind: body.kind, version: body.apiVersion },
    integratedTime: `${integratedTime}`,
    ...(proofs.includes("promise") ? { inclusionPromise: { signedEntryTimestamp: base64(promise) } } : {}),
    ...(proofs.includes("inclusion")
      ? {
        inclusionProof: {
          logIndex: "1",
          rootHash: base64(root),
          treeSize: "3",
          hashes: [base64(before), base64(after)],
          checkpoint: { envelope: `${note}\n\u2014 ${LOG_NAME} ${base64(noteSignature)}\n` },
        },
      }
      : {}),
    canonicalizedBody,
  };
}

/** RFC 6962 section 2.1. */
const leafHash = (bytes: Uint8Array): Buffer =>
  createHash("sha256").update(Buffer.from([0])).update(bytes).digest();
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash("sha256").update(Buffer.from([1])).update(left).update(right).digest();

/** A timestamp over a signature: RFC 3161, RFC 5652. */
export function timestamp({ clock, clockAuthority }: Sigstore, signature: Uint8Array, at: Date): Buffer {
  const sha256Algorithm = sequence(oid("2.16.840.1.101.3.4.2.1"), nothing());
  const imprint = createHash("sha256").update(signature).digest();
  const info = sequence(
    integer(1),
    oid("1.3.6.1.4.1.57264.2"),
    sequence(sha256Algorithm, octets(imprint)),
    integer(12345),
    generalizedTime(at),
  );
  const tstInfo = "1.2.840.113549.1.9.16.1.4";
  const attributes = [
    sequence(oid("1.2.840.113549.1.9.3"), set(oid(tstInfo))),
    sequence(oid("1.2.840.113549.1.9.4"), set(octets(createHash("sha256").update(info).digest()))),
  ];
  const signedAttributes = sign("sha256", set(...attributes), clock.key.privateKey);
  const signerInfo = sequence(
    integer(1),
    sequence(nameOf(clockAuthority.name), integer(8)),
    sha256Algorithm,
    context(0, ...attributes),
    sequence(oid("1.2.840.10045.4.3.2")),
    octets(signedAttributes),
  );
  const signedData = sequence(
    integer(3),
    set(sha256Algorithm),
    sequence(oid(tstInfo), context(0, octets(info))),
    set(signerInfo),
  );
  return sequence(sequence(integer(0)), sequence(oid("1.2.840.113549.1.7.2"), context(0, signedData)));
}
