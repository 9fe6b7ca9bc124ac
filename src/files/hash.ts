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
export async function hashFile(path: string, options: HashOptions = {}): Promise<HashedFile> {
  const hash = createHash("sha256");
  const sizeBytes = await readThrough(path, options, (chunk) => void hash.update(chunk));
  return { sha256: parseSha256(hash.digest("hex")), sizeBytes };
}

/**
 * Copies a regular file to a new name while hashing it. The name must be free.
 * Throws `claim/changed` when the source changed meanwhile; the copy is then removed.
 */
export async function copyAndHash(from: string, to: string, options: CopyOptions): Promise<HashedFile> {
  makeEmpty(to);
  try {
    return await fillAndHash(from, to, options);
  } catch (error) {
    fs.unlinkSync(to);
    throw error;
  }
}

/**
 * Copies a regular file into an empty one that is there already, and hashes it: a scratch copy as it is read, a durable one
 * as it was written. Throws `claim/changed` when the source changed meanwhile.
 */
export async function fillAndHash(
  from: string,
  to: string,
  { lasting, tap, ...options }: CopyOptions,
): Promise<HashedFile> {
  const hash = createHash("sha256");
  const take = (chunk: Uint8Array) => {
    hash.update(chunk);
    tap?.(chunk);
  };
  const copy = new Copy(to, lasting, take);
  try {
    const sizeBytes = await readThrough(from, options, (chunk) => copy.write(chunk));
    await copy.finish();
    return { sha256: parseSha256(hash.digest("hex")), sizeBytes };
  } finally {
    await copy.close();
  }
}

/** Copies a regular file into an empty one that is there already. Throws `claim/changed` when the source changed meanwhile. */
export async function fill(from: string, to: string, options: HashOptions): Promise<void> {
  const out = fs.openSync(to, "r+");
  try {
    await readThrough(from, options, (chunk) => {
      for (let at = 0; at < chunk.byteLength;) at += fs.writeSync(out, chunk, at);
    });
  } finally {
    fs.closeSync(out);
  }
}

/** So much is written before what was written is sent to the disk, so that little is left to wait for at the end. */
const BYTES_BETWEEN_SYNCS = 128 * 1024 * 1024;

/** An empty file that another thread fills while this one hashes. */
class Copy {
  readonly #fd: number;
  #back: Uint8Array | null = null;
  #written = 0;
  #readBack = 0;
  #syncedAt = 0;
  #isSyncing = false;
  /** Fails for good with the first that fails: the kernel tells of a lost write once. */
  #synced: Promise<void> = Promise.resolve();

  /** `take` sees every chunk in order; of a durable copy, as it is read back. */
  constructor(
    path: string,
    private readonly lasting: CopyOptions["lasting"],
    private readonly take: (chunk: Uint8Array) => void,
  ) {
    this.#fd = fs.openSync(path, "r+");
  }

  async write(chunk: Uint8Array): Promise<void> {
    const writing = this.#write(chunk);
    try {
      if (this.lasting === "scratch") this.take(chunk);
      else this.#takeWritten();
    } finally {
      await writing;
    }
    this.#written += chunk.byteLength;
    if (this.lasting === "durable" && this.#written - this.#syncedAt >= BYTES_BETWEEN_SYNCS) this.#sync();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const rest = [this.#fd, chunk, at, chunk.byteLength - at, this.#written + at] as const;
      // The thread that writes costs more than so little.
      at += chunk.byteLength < CHUNK_BYTES ? fs.writeSync(...rest) : await writeAside(...rest);
    }
  }

  #takeWritten(): void {
    while (this.#readBack < this.#written) {
      const wanted = Math.min(CHUNK_BYTES, this.#written - this.#readBack);
      this.#back ??= new Uint8Array(wanted);
      const read = fs.readSync(
        this.#fd,
        this.#back,
        0,
        Math.min(wanted, this.#back.byteLength),
        this.#readBack,
      );
      if (read === 0) {
        throw new UndecidedError("claim/changed", "Cannot copy: the copy was cut off meanwhile");
      }
      this.take(this.#back.subarray(0, read));
      this.#readBack += read;
    }
  }

  #sync(): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    this.#syncedAt = this.#written;
    const before = this.#synced;
    this.#synced = toDisk(this.#fd).finally(() => this.#isSyncing = false).then(() => before);
    this.#synced.catch(() => {}); // Reported at the end.
  }

  /** The rest of the hashing, and until a durable copy is on the disk. */
  async finish(): Promise<void> {
    if (this.lasting === "scratch") return;
    const rest = toDisk(this.#fd);
    rest.catch(() => {}); // Reported below.
    this.#takeWritten();
    await Promise.all([this.#synced, rest]);
  }

  async close(): Promise<void> {
    await this.#synced.catch(() => {});
    fs.closeSync(this.#fd);
  }
}

const writeAside = (...[fd, chunk, at, length, position]: [number, Uint8Array, number, number, number]) =>
  new Promise<number>((resolve, reject) =>
    fs.write(fd, chunk, at, length, position, (error, written) => error ? reject(error) : resolve(written))
  );

/** Makes a private file with nothing in it. The name must be free. */
export function makeEmpty(path: string): void {
  const fd = fs.openSync(path, "wx", PRIVATE_MODE);
  fs.fchmodSync(fd, PRIVATE_MODE); // Whatever the umask: the group is that of the sandboxes.
  fs.closeSync(fd);
}
const PRIVATE_MODE = 0o640;

/** Makes the bytes of a file survive a power cut. */
export async function syncFile(path: string): Promise<void> {
  const fd = fs.openSync(path, "r");
  try {
    await toDisk(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** On a slow disk this takes minutes, in which timers and signals must have their turn. */
const toDisk = promisify(fs.fdatasync);

/** Reads a regular file from its beginning to its end, and gives its size in bytes. */
async function readThrough(
  path: string,
  { progress, signal, tap, buffer = new Uint8Array(CHUNK_BYTES) }: HashOptions,
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<number> {
  const { fd, stat } = openRegular(path);
  try {
    let done = 0;
    let turn = BYTES_BETWEEN_TURNS;
    for (;;) {
      const read = fs.readSync(fd, buffer, 0, buffer.byteLength, null);
      if (read === 0) break;
      const chunk = buffer.subarray(0, read);
      tap?.(chunk);
      const taking = take(chunk);
      if (taking !== undefined) await taking;
      done += read;
      if (done < turn) continue;
      turn += BYTES_BETWEEN_TURNS;
      progress?.(done);
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    }
    const after = identityOf(fs.fstatSync(fd, { bigint: true }));
    if (done !== stat.sizeBytes || !sameIdentity(stat, after)) {
      throw new UndecidedError("claim/changed", `Cannot read ${path}: it changed while it was read`);
    }
    progress?.(done);
    return done;
  } finally {
    fs.closeSync(fd);
  }
}
