import { createHash } from "node:crypto";
import fs from "node:fs";
import { promisify } from "node:util";
import { parseSha256, type Sha256, UndecidedError } from "../model/mod.ts";
import { identityOf, openRegular, sameIdentity } from "./regular.ts";

/** Reads of this size hash fastest: larger ones fall out of the second-level cache. */
export const CHUNK_BYTES = 256 * 1024;
/** How much is done before timers and signals get their turn. */
const BYTES_BETWEEN_TURNS = 16 * 1024 * 1024;

export interface HashedFile {
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

export interface HashOptions {
  /** Called now and then with the bytes done so far. */
  readonly progress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Sees every chunk as it passes, for a second digest over several files. The chunk is reused afterwards. */
  readonly tap?: (chunk: Uint8Array) => void;
  /** Read into; whoever hashes many files gives one for all of them. */
  readonly buffer?: Uint8Array;
}

export interface CopyOptions extends HashOptions {
  /** Whether the copy must survive a power cut when this returns, or is made again after one. */
  readonly lasting: "durable" | "scratch";
}

/** SHA-256 of a regular file in one read. Throws `claim/changed` when the file changed meanwhile. */
export function hashFile(path: string, options: HashOptions = {}): Promise<HashedFile> {
  return readThrough(path, options, () => {});
}

/**
 * Copies a regular file to a new name while hashing it. The name must be free.
 * Throws `claim/changed` when the source changed meanwhile; the copy is then removed.
 */
export async function copyAndHash(from: string, to: string, options: CopyOptions): Promise<HashedFile> {
  const out = fs.openSync(to, "wx", 0o640);
  try {
    const hashed = await readThrough(from, options, (chunk) => writeAll(out, chunk));
    if (options.lasting === "durable") await toDisk(out);
    return hashed;
  } catch (error) {
    fs.unlinkSync(to);
    throw error;
  } finally {
    fs.closeSync(out);
  }
}

/** On a slow disk this takes minutes, in which timers and signals must have their turn. */
const toDisk = promisify(fs.fdatasync);

async function readThrough(
  path: string,
  { progress, signal, tap, buffer = new Uint8Array(CHUNK_BYTES) }: HashOptions,
  take: (chunk: Uint8Array) => void,
): Promise<HashedFile> {
  const { fd, stat } = openRegular(path);
  try {
    const hash = createHash("sha256");
    let done = 0;
    let turn = BYTES_BETWEEN_TURNS;
    for (;;) {
      const read = fs.readSync(fd, buffer, 0, buffer.byteLength, null);
      if (read === 0) break;
      const chunk = buffer.subarray(0, read);
      hash.update(chunk);
      tap?.(chunk);
      take(chunk);
      done += read;
      if (done < turn) continue;
      turn += BYTES_BETWEEN_TURNS;
      progress?.(done);
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    }
    const after = identityOf(fs.fstatSync(fd, { bigint: true }));
    if (done !== stat.sizeBytes || !sameIdentity(stat, after)) {
      throw new UndecidedError("claim/changed", `Cannot hash ${path}: it changed while it was read`);
    }
    progress?.(done);
    return { sha256: parseSha256(hash.digest("hex")), sizeBytes: done };
  } finally {
    fs.closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.byteLength) written += fs.writeSync(fd, bytes, written);
}
