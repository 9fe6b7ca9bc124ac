import { timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { open, readFile, rename } from "node:fs/promises";
import type { Evidence } from "../model/mod.ts";
import { StartupError } from "../model/mod.ts";
import { canonicalJson } from "./canonical.ts";
import { isHash, isLink, isObject, type Reader, type Seal } from "./entry.ts";
import { absentAs, writeAll } from "./files.ts";

/**
 * How long the chain was when it was last written, kept outside the log. It is written after each entry is on
 * the disk, so after a crash the log may be ahead of it and never behind: a log that is behind lost entries
 * some other way.
 */
export interface Anchor {
  /** In the archives and the current log together. */
  readonly entries: number;
  /** `entry_hash` of the last entry; empty when there is none. */
  readonly lastHash: string;
  /** Of the current log. */
  readonly inode: string;
  /** Of the current log, in bytes, up to and with that entry. */
  readonly sizeBytes: number;
}

export type AnchorReading =
  | { readonly kind: "anchor"; readonly anchor: Anchor }
  | { readonly kind: "absent" }
  /** `why` is a whole sentence. */
  | { readonly kind: "unreadable"; readonly why: string };

const SCHEMA = 1;

/** An anchor of a newer build throws `StartupError` `state/newer-schema`. */
export async function readAnchor(path: string, reader: Reader): Promise<AnchorReading> {
  const text = await absentAs(null, readFile(path, "latin1"));
  if (text === null) return { kind: "absent" };
  const value = parseObject(text);
  if (value === null) return unreadable("The anchor of the audit log is not JSON.");
  if (typeof value.schema === "number" && value.schema > SCHEMA) {
    throw new StartupError(
      "state/newer-schema",
      `Cannot read ${path}: a newer version of this program wrote it`,
    );
  }
  const anchor = parseAnchor(value);
  if (anchor === null) {
    return unreadable("The anchor of the audit log lacks a field or has one of the wrong type.");
  }
  const { hmac } = value;
  if (reader === "keyless") return { kind: "anchor", anchor };
  if (reader.algorithm === "sha256") {
    if (hmac !== undefined) return unreadable("The audit log is kept with a key, and no key was given.");
    return { kind: "anchor", anchor };
  }
  if (!isHash(hmac)) return unreadable("A key was given, and the audit log was kept without one.");
  if (!timingSafeEqual(Buffer.from(hmac), Buffer.from(reader.digest(canonicalJson(spell(anchor)))))) {
    return unreadable("The anchor of the audit log was not written with this key, or was changed.");
  }
  return { kind: "anchor", anchor };
}

function parseAnchor({ schema, entries, last_hash, inode, size }: Evidence): Anchor | null {
  if (schema !== SCHEMA || !isCount(entries) || !isCount(size) || typeof inode !== "string") return null;
  if (!isLink(last_hash)) return null;
  return { entries, lastHash: last_hash, inode, sizeBytes: size };
}

function spell({ entries, lastHash, inode, sizeBytes }: Anchor): Evidence {
  return { schema: SCHEMA, entries, last_hash: lastHash, inode, size: sizeBytes };
}

/** Replaces the anchor so that a crash leaves the old one or the new one, whole. */
export async function writeAnchor(
  path: string,
  anchor: Anchor,
  seal: Seal,
  step: (step: "anchor:write" | "anchor:rename") => void,
): Promise<void> {
  const facts = spell(anchor);
  const sealed = seal.algorithm === "sha256" ? facts : { ...facts, hmac: seal.digest(canonicalJson(facts)) };
  step("anchor:write");
  const file = await open(`${path}.tmp`, "w", 0o640);
  try {
    await writeAll(file, new TextEncoder().encode(`${canonicalJson(sealed)}\n`));
    await file.datasync();
  } finally {
    await file.close();
  }
  step("anchor:rename");
  // The directory is not synced: after a power cut the older anchor may come back, and the log is ahead of it.
  await rename(`${path}.tmp`, path);
}

function unreadable(why: string): AnchorReading {
  return { kind: "unreadable", why };
}

function parseObject(text: string): Evidence | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
