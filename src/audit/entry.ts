import { createHash, createHmac } from "node:crypto";
import type { Evidence } from "../model/mod.ts";
import { canonicalJson } from "./canonical.ts";

/** One line of the log. The names are the wire format that other verifiers read. */
export interface AuditEntry {
  /** UTC, whole seconds, such as `2026-03-08T14:30:00+00:00`. */
  readonly timestamp: string;
  readonly event: string;
  readonly data: Evidence;
  /** `entry_hash` of the entry before; empty for the first of a chain. */
  readonly prev_hash: string;
  readonly entry_hash: string;
  readonly algorithm: Algorithm;
}

export type Algorithm = "sha256" | "hmac-sha256";

/** Longer entries are refused when written, and no longer line is read into memory. */
export const MAX_LINE_BYTES = 256 * 1024;

/**
 * How a chain is hashed: plain SHA-256 finds careless changes, HMAC with a key also finds a rewritten chain.
 */
export interface Seal {
  readonly algorithm: Algorithm;
  /** 64 hexadecimal digits. */
  digest(text: string): string;
}

/**
 * How a chain is read. `keyless`: by somebody who may not hold the key. Spelling and links are checked, and the
 * hashes of entries that were written without a key.
 */
export type Reader = Seal | "keyless";

/** An empty key throws `RangeError`. */
export function sealWith(hmacKey: Uint8Array | undefined): Seal {
  if (hmacKey === undefined) {
    return { algorithm: "sha256", digest: (text) => createHash("sha256").update(text).digest("hex") };
  }
  if (hmacKey.byteLength === 0) throw new RangeError("Cannot seal the audit log with an empty key");
  const key = hmacKey.slice();
  return { algorithm: "hmac-sha256", digest: (text) => createHmac("sha256", key).update(text).digest("hex") };
}

/** What is recorded; the chain adds the links. `data` is already canonical text. */
export interface Fact {
  readonly timestamp: string;
  readonly event: string;
  readonly data: string;
}

export interface SealedLine {
  /** Without the newline; ASCII, so its length is its size in bytes. */
  readonly text: string;
  readonly hash: string;
}

/** The line that records `fact` after the entry whose hash is `prevHash`. */
export function sealLine(fact: Fact, prevHash: string, seal: Seal): SealedLine {
  const spelled = spellFact(fact);
  const hash = seal.digest(hashedText(spelled, prevHash));
  return { text: spellLine(spelled, prevHash, hash, seal.algorithm), hash };
}

function spellFact(fact: Fact): Fact {
  return { timestamp: canonicalJson(fact.timestamp), event: canonicalJson(fact.event), data: fact.data };
}

/** Canonical JSON of the four hashed members: `algorithm` is not covered by the hash. */
function hashedText({ data, event, timestamp }: Fact, prevHash: string): string {
  return `{"data":${data},"event":${event},"prev_hash":"${prevHash}","timestamp":${timestamp}}`;
}

function spellLine({ data, event, timestamp }: Fact, prevHash: string, hash: string, by: Algorithm): string {
  return `{"timestamp":${timestamp},"event":${event},"data":${data},"prev_hash":"${prevHash}",` +
    `"entry_hash":"${hash}","algorithm":"${by}"}`;
}

export type LineReading =
  | { readonly kind: "entry"; readonly entry: AuditEntry }
  /** `why` completes the sentence "line 3 of FILE …". */
  | { readonly kind: "bad"; readonly why: string };

/**
 * Reads one line (Latin-1 text, no newline) and checks everything but its link to the line before. A line
 * must be spelled exactly as {@link sealLine} spells it: white space, escapes and doubled keys change no
 * hash, so only the spelling can show that they were touched.
 */
export function readLine(line: string, reader: Reader): LineReading {
  try {
    return checkLine(line, reader);
  } catch (error) {
    // JSON that does not parse, or holds what canonicalJson() does not spell: the line was not written by us.
    if (error instanceof SyntaxError || error instanceof TypeError) return bad("is not an audit entry");
    throw error;
  }
}

function checkLine(line: string, reader: Reader): LineReading {
  const entry = parseEntry(line);
  if (entry === null) return bad("is not an audit entry");
  const fact = spellFact({ ...entry, data: canonicalJson(entry.data) });
  if (spellLine(fact, entry.prev_hash, entry.entry_hash, entry.algorithm) !== line) {
    return bad("is not spelled as it was written");
  }
  const seal = reader !== "keyless" ? reader : entry.algorithm === "sha256" ? sealWith(undefined) : null;
  if (seal === null) return { kind: "entry", entry };
  if (entry.algorithm !== seal.algorithm) {
    return bad(
      seal.algorithm === "sha256"
        ? "was written with a key, which is needed to verify it"
        : "was written without the key",
    );
  }
  if (seal.digest(hashedText(fact, entry.prev_hash)) !== entry.entry_hash) {
    const orKey = seal.algorithm === "hmac-sha256" ? ", or the key is not the one it was written with" : "";
    return bad(`does not have the hash it states${orKey}`);
  }
  return { kind: "entry", entry };
}

function bad(why: string): LineReading {
  return { kind: "bad", why };
}

function parseEntry(line: string): AuditEntry | null {
  const value: unknown = JSON.parse(line);
  if (!isObject(value)) return null;
  const { timestamp, event, data, prev_hash, entry_hash, algorithm } = value;
  if (typeof timestamp !== "string" || typeof event !== "string" || !isObject(data)) return null;
  if (!isHash(entry_hash) || !isLink(prev_hash)) return null;
  if (algorithm !== "sha256" && algorithm !== "hmac-sha256") return null;
  return { timestamp, event, data, prev_hash, entry_hash, algorithm };
}

/** For values that came out of `JSON.parse`, where every object is {@link Evidence}. */
export function isObject(value: unknown): value is Evidence {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** The hash of an entry, or the empty text before the first. */
export function isLink(value: unknown): value is string {
  return value === "" || isHash(value);
}
