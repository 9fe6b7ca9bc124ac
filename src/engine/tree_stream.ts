import fs from "node:fs";
import { join } from "node:path";
import { type FileIdentity, identityOf, type OpenFile, openRegular, sameIdentity } from "../files/regular.ts";
import { directoryDomain, fileHeading } from "../formats/directory_hash.ts";
import type { ByteSource } from "../formats/source.ts";
import { UndecidedError } from "../model/mod.ts";

/** A file of the tree, as it was listed. */
export interface ListedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Where the bytes of a file lie in the stream. */
export interface StreamedFile extends ListedFile {
  readonly offset: number;
}

/** Consecutive bytes of the stream: what stands before a file, or the file. */
type Part =
  | { readonly offset: number; readonly sizeBytes: number; readonly bytes: Uint8Array }
  | StreamedFile;

/**
 * The bytes of which the digest of a directory is the SHA-256 (`SecAI-Directory-Hash-v1`), read from its files, one
 * after the other, from the first byte to the last. `files`: in the order of the digest.
 *
 * Throws `UndecidedError` (`claim/changed`) when a file is not the one that was listed, or changes while it is read.
 */
export class TreeStream implements ByteSource {
  readonly sizeBytes: number;
  readonly files: readonly StreamedFile[];
  /** Those that have not been read, and the one that is being read. */
  readonly #parts: Iterator<Part, void>;
  #part: Part | void;
  #next = 0;
  readonly #seen = new Map<string, FileIdentity>();
  #open: OpenFile | null = null;

  constructor(private readonly root: string, listed: readonly ListedFile[]) {
    let end = directoryDomain().byteLength;
    this.files = listed.map(({ path, sizeBytes }) => {
      const offset = end + fileHeading(path, sizeBytes).byteLength;
      end = offset + sizeBytes;
      return { path, sizeBytes, offset };
    });
    this.sizeBytes = end;
    this.#parts = inOrder(this.files);
    this.#part = this.#parts.next().value;
  }

  /** What was seen of a file before: it must be the same when its turn comes. */
  expect(path: string, identity: FileIdentity): void {
    this.#seen.set(path, identity);
  }

  /** Fills `into` with the bytes that follow those read last; `offset` is where they are. */
  read(offset: number, into: Uint8Array): number {
    if (offset !== this.#next) throw new RangeError(`Cannot read at ${offset}: the next is ${this.#next}`);
    let done = 0;
    for (let part = this.#part; part !== undefined; part = this.#part) {
      if (done === into.byteLength && part.sizeBytes > 0) break; // A file is opened when its turn comes, not before.
      done += this.#readPart(part, into.subarray(done), offset + done - part.offset);
      if (offset + done < part.offset + part.sizeBytes) break;
      this.#leave(part);
    }
    this.#next = offset + done;
    return done;
  }

  #readPart(part: Part, into: Uint8Array, from: number): number {
    const length = Math.min(into.byteLength, part.sizeBytes - from);
    if ("bytes" in part) {
      into.set(part.bytes.subarray(from, from + length));
      return length;
    }
    const { fd } = this.#open ??= this.#enter(part);
    for (let done = 0; done < length;) {
      const read = fs.readSync(fd, into, done, length - done, null);
      if (read === 0) throw changed(part.path, "it is shorter than it was");
      done += read;
    }
    return length;
  }

  #enter({ path, sizeBytes }: StreamedFile): OpenFile {
    const open = openRegular(join(this.root, path));
    const seen = this.#seen.get(path);
    this.#seen.delete(path);
    if (open.stat.sizeBytes === sizeBytes && (seen === undefined || sameIdentity(seen, open.stat))) {
      return open;
    }
    fs.closeSync(open.fd);
    throw changed(path, "it is not what it was");
  }

  #leave(part: Part): void {
    this.#part = this.#parts.next().value;
    if ("bytes" in part || this.#open === null) return;
    const { fd, stat } = this.#open;
    const after = identityOf(fs.fstatSync(fd, { bigint: true }));
    this.close();
    if (!sameIdentity(stat, after)) throw changed(part.path, "it changed while it was read");
  }

  close(): void {
    if (this.#open !== null) fs.closeSync(this.#open.fd);
    this.#open = null;
  }
}

function* inOrder(files: readonly StreamedFile[]): Generator<Part, void> {
  const domain = directoryDomain();
  yield { offset: 0, sizeBytes: domain.byteLength, bytes: domain };
  for (const file of files) {
    const bytes = fileHeading(file.path, file.sizeBytes);
    yield { offset: file.offset - bytes.byteLength, sizeBytes: bytes.byteLength, bytes };
    yield file;
  }
}

function changed(path: string, how: string): UndecidedError {
  return new UndecidedError("claim/changed", `Cannot read ${path}: ${how}`);
}
