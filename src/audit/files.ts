import { Buffer } from "node:buffer";
import { type FileHandle, lstat, mkdir, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MAX_LINE_BYTES } from "./entry.ts";

const CHUNK_BYTES = 64 * 1024;

/** A full log that was set aside by rotation: `quarantine-audit.20260308-143000-000000.jsonl`. */
export interface Archive {
  readonly path: string;
  /** `YYYYMMDD-HHMMSS-ffffff`, UTC. Orders the archives of one log. */
  readonly stamp: string;
}

/** The current log and its archives beside it. */
export class LogFiles {
  readonly directory: string;
  readonly #stem: string;

  constructor(readonly log: string) {
    this.directory = dirname(log);
    this.#stem = basename(log).replace(/\.jsonl$/, "");
  }

  /** Oldest first. */
  async archives(): Promise<Archive[]> {
    const found: Archive[] = [];
    for (const name of await namesIn(this.directory)) {
      if (!name.startsWith(`${this.#stem}.`) || !name.endsWith(".jsonl")) continue;
      const stamp = name.slice(this.#stem.length + 1, -".jsonl".length);
      if (/^\d{8}-\d{6}(-\d{6})?$/.test(stamp)) found.push({ path: join(this.directory, name), stamp });
    }
    return found.sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
  }

  /** Whether an earlier chain was set aside here. */
  async hasBroken(): Promise<boolean> {
    return (await namesIn(this.directory)).some((name) => name.startsWith(`${this.#stem}.broken-`));
  }

  archivePath(stamp: string): string {
    return join(this.directory, `${this.#stem}.${stamp}.jsonl`);
  }

  /** Where the files of a chain that does not hold are kept when a new chain is begun. */
  brokenDirectory(stamp: string): string {
    return join(this.directory, `${this.#stem}.broken-${stamp}`);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return await absentAs([], readdir(directory));
}

/** The result of a file operation, or `value` when the file is not there. */
export async function absentAs<T, V>(value: V, operation: Promise<T>): Promise<T | V> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return value;
    throw error;
  }
}

/**
 * The moment in UTC as a stamp, later than `after`: a clock that was set back must not put a new archive
 * before an older one.
 */
export function stampAfter(moment: Date, after: string | undefined): string {
  const digits = moment.toISOString().replace(/[-:Z]/g, ""); // 20260308T143000.000
  const stamp = `${digits.slice(0, 8)}-${digits.slice(9, 15)}-${digits.slice(16, 19)}000`;
  return after === undefined || stamp > after ? stamp : next(after);
}

/**
 * The smallest stamp after this one. Its digits count on past 60 seconds if they must: only the order
 * matters.
 */
function next(stamp: string): string {
  const digits = stamp.replaceAll("-", "").padEnd(20, "0");
  const later = (BigInt(digits) + 1n).toString().padStart(20, "0");
  return `${later.slice(0, 8)}-${later.slice(8, 14)}-${later.slice(14)}`;
}

/** What identifies a file and how long it is. Inode numbers can exceed 2^53, so they are text. */
export interface FileState {
  readonly inode: string;
  readonly sizeBytes: number;
  readonly regular: boolean;
}

/** Does not follow a link. `null` when nothing is there. */
export async function fileState(path: string): Promise<FileState | null> {
  const stat = await absentAs(null, lstat(path, { bigint: true }));
  if (stat === null) return null;
  return { inode: stat.ino.toString(), sizeBytes: Number(stat.size), regular: stat.isFile() };
}

/** Makes new, renamed and removed names in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o750 });
}

/** Writes every byte: one call may write fewer than asked. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written);
    if (bytesWritten === 0) throw new Error("Cannot write to the audit log: the system wrote no byte");
    written += bytesWritten;
  }
}

export interface Line {
  /** One character per byte (Latin-1), so that every byte of the file takes part in what is compared. */
  readonly text: string;
  /** Byte offset just after the line. */
  readonly end: number;
  /** False for bytes after the last newline, and for a line too long to be ours, where reading stops. */
  readonly complete: boolean;
}

/**
 * The lines of a file from byte `start` on, in batches, in constant memory. A file that is not there has
 * none.
 */
export async function* readLines(path: string, start = 0): AsyncGenerator<readonly Line[]> {
  const file = await absentAs(null, open(path, "r"));
  if (file === null) return;
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let pending = "";
    let end = start;
    while (pending.length <= MAX_LINE_BYTES) {
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, end + pending.length);
      if (bytesRead === 0) break;
      const parts = (pending + latin1(chunk, bytesRead)).split("\n");
      pending = parts.pop() ?? "";
      yield parts.map((text) => ({ text, end: end += text.length + 1, complete: true }));
    }
    if (pending !== "") yield [{ text: pending, end: end + pending.length, complete: false }];
  } finally {
    await file.close();
  }
}

/** The line that ends with the newline just before byte `end`, or `null` when there is none of our length. */
export async function lineBefore(path: string, end: number): Promise<string | null> {
  const start = Math.max(0, end - MAX_LINE_BYTES - 2);
  const bytes = new Uint8Array(end - start);
  const file = await open(path, "r");
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.byteLength, start);
    if (bytesRead < bytes.byteLength) return null;
  } finally {
    await file.close();
  }
  const lines = latin1(bytes, bytes.byteLength).split("\n");
  if (lines.pop() !== "") return null;
  const line = lines.pop() ?? null;
  return lines.length === 0 && start > 0 ? null : line;
}

function latin1(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
}
