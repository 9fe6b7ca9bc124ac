import { Buffer } from "node:buffer";
import { createHash, sign } from "node:crypto";
import { bits, context, integer, octets, oid, sequence, set, tagged, utcTime, utf8, yes } from "./der.ts";
import { type Key, makeKey } from "./model_signing.ts";

/** X.509 certificates as an authority of one's own issues them, each part open to change. */

export interface Certificate {
  readonly name: string;
  readonly key: Key;
  readonly der: Buffer;
  readonly pem: string;
}

export interface CertificateOptions {
  readonly name: string;
  /** Null: signs itself. */
  readonly issuer: Certificate | null;
  readonly key?: Key;
  readonly serial?: number;
  readonly from?: Date;
  readonly to?: Date;
  /** An authority with at most so many authorities below it; null: no authority. */
  readonly authority?: { readonly pathLength?: number } | null;
  readonly usage?: "digitalSignature" | "keyCertSign" | "keyEncipherment";
  readonly email?: string;
  readonly uri?: string;
  readonly extensions?: readonly Buffer[];
  /** A log that promises to publish it: RFC 6962. */
  readonly loggedIn?: { readonly key: Key; readonly at: Date };
}

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const USAGE_BITS = {
  digitalSignature: [7, 0x80],
  keyEncipherment: [5, 0x20],
  keyCertSign: [2, 0x04],
} as const;

export function makeCertificate(options: CertificateOptions): Certificate {
  const { name, issuer, loggedIn } = options;
  const key = options.key ?? makeKey();
  const extensions = extensionsOf(options);
  const unlogged = toBeSigned(options, key, extensions);
  const promised = loggedIn === undefined
    ? []
    : [extension("1.3.6.1.4.1.11129.2.4.2", octets(timestampList(unlogged, issuer?.key ?? key, loggedIn)))];
  const tbs = promised.length === 0 ? unlogged : toBeSigned(options, key, [...extensions, ...promised]);
  const signature = sign("sha256", tbs, (issuer?.key ?? key).privateKey);
  const der = sequence(tbs, ECDSA_SHA256, bits(signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    name,
    key,
    der,
    pem: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}

export const nameOf = (common: string): Buffer => sequence(set(sequence(oid("2.5.4.3"), utf8(common))));

const spkiOf = ({ publicKey }: Key): Buffer => publicKey.export({ type: "spki", format: "der" });

function toBeSigned(options: CertificateOptions, key: Key, extensions: readonly Buffer[]): Buffer {
  const { name, issuer, serial = 4242, from = new Date("2026-01-01"), to = new Date("2036-01-01") } = options;
  return sequence(
    context(0, integer(2)),
    integer(serial),
    ECDSA_SHA256,
    nameOf(issuer?.name ?? name),
    sequence(utcTime(from), utcTime(to)),
    nameOf(name),
    spkiOf(key),
    context(3, sequence(...extensions)),
  );
}

export function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [yes()] : []), octets(value));
}

function extensionsOf(
  { authority = null, usage = "digitalSignature", email, uri, extensions = [] }: CertificateOptions,
): Buffer[] {
  const [unused, byte] = USAGE_BITS[authority === null ? usage : "keyCertSign"];
  const names = [
    ...(email === undefined ? [] : [tagged(0x81, Buffer.from(email))]),
    ...(uri === undefined ? [] : [tagged(0x86, Buffer.from(uri))]),
  ];
  const length = authority?.pathLength === undefined ? [] : [integer(authority.pathLength)];
  return [
    ...(authority === null ? [] : [extension("2.5.29.19", sequence(yes(), ...length), true)]),
    extension("2.5.29.15", bits(Buffer.from([byte]), unused), true),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names))]),
    ...extensions,
  ];
}

/** RFC 6962 section 3.2 and 3.3: one promise over the certificate without this extension. */
function timestampList(tbs: Buffer, issuer: Key, log: { readonly key: Key; readonly at: Date }): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(log.at.getTime()));
  const size = Buffer.from([tbs.byteLength >> 16, (tbs.byteLength >> 8) & 0xff, tbs.byteLength & 0xff]);
  const issuerHash = createHash("sha256").update(spkiOf(issuer)).digest();
  const signed = Buffer.concat([
    Buffer.from([0, 0]),
    time,
    Buffer.from([0, 1]),
    issuerHash,
    size,
    tbs,
    Buffer.from([0, 0]),
  ]);
  const logId = createHash("sha256").update(spkiOf(log.key)).digest();
  const promise = Buffer.concat([
    Buffer.from([0]),
    logId,
    time,
    Buffer.from([0, 0, 4, 3]),
    sized(sign("sha256", signed, log.key.privateKey)),
  ]);
  return sized(sized(promise));
}

function sized(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([bytes.byteLength >> 8, bytes.byteLength & 0xff]), bytes]);
}
