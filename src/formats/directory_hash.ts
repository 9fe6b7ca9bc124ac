/** Takes bytes into a running SHA-256: `createHash("sha256")` is one. */
export interface Sha256Sink {
  update(bytes: Uint8Array): unknown;
}

const DOMAIN = "SecAI-Directory-Hash-v1\0";
const encoder = new TextEncoder();

/**
 * The digest of a directory, `SecAI-Directory-Hash-v1`: the domain string, then for each regular file in
 * {@link comparePaths} order its path and its bytes, each behind its length as a big-endian u64. The lengths leave
 * no two trees with one digest. Feed every file in order, then call {@link finish} and take the digest from the sink.
 *
 * Throws `RangeError` when files come out of order or a file has not the size that was announced: the tree changed
 * while it was read.
 */
export class DirectoryHash {
  #previous: string | null = null;
  #due = 0;

  constructor(private readonly sink: Sha256Sink) {
    sink.update(directoryDomain());
  }

  /** Begins the next file: its relative path with `/` between segments, and its size in bytes. */
  file(path: string, sizeBytes: number): void {
    this.#requireComplete();
    if (this.#previous !== null && comparePaths(this.#previous, path) >= 0) {
      throw new RangeError(`Cannot hash ${JSON.stringify(path)} after ${JSON.stringify(this.#previous)}`);
    }
    this.sink.update(fileHeading(path, sizeBytes));
    this.#previous = path;
    this.#due = sizeBytes;
  }

  /** Takes the next bytes of the file begun last. */
  update(bytes: Uint8Array): void {
    if (bytes.byteLength > this.#due) throw new RangeError(`${this.#named()} grew while it was hashed`);
    this.#due -= bytes.byteLength;
    this.sink.update(bytes);
  }

  /** Checks that the last file was complete. */
  finish(): void {
    this.#requireComplete();
  }

  #requireComplete(): void {
    if (this.#due > 0) throw new RangeError(`${this.#named()} is ${this.#due} bytes shorter than announced`);
  }

  #named(): string {
    return this.#previous === null ? "No file" : JSON.stringify(this.#previous);
  }
}

/** What the bytes behind the digest of every directory begin with. */
export function directoryDomain(): Uint8Array {
  return encoder.encode(DOMAIN);
}

/** What stands before the bytes of each file. Throws `RangeError` for a path that is not Unicode text. */
export function fileHeading(path: string, sizeBytes: number): Uint8Array {
  if (!path.isWellFormed()) throw new RangeError(`Cannot hash ${JSON.stringify(path)}: not Unicode text`);
  const name = encoder.encode(path);
  const heading = new Uint8Array(8 + name.byteLength + 8);
  const view = new DataView(heading.buffer);
  view.setBigUint64(0, BigInt(name.byteLength));
  heading.set(name, 8);
  view.setBigUint64(8 + name.byteLength, BigInt(sizeBytes));
  return heading;
}

/** The order of the UTF-8 bytes of two paths, which is not the order of JavaScript strings beyond U+FFFF. */
export function comparePaths(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = codePointRank(a.charCodeAt(i)) - codePointRank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Puts surrogates, which stand for code points above U+FFFF, after every other code unit. */
function codePointRank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}
