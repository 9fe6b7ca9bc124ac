import { Buffer } from "node:buffer";
import { readExactly } from "../cursor.ts";
import type { JsonInput } from "./limits.ts";

/**
 * A stretch of the document in memory. `at` is the next byte to read; bytes before it may go when more are loaded,
 * so a token whose first byte is at `at` is always whole in the window once its end was seen.
 */
export class ByteWindow {
  bytes: Uint8Array;
  /** Index of the next byte to read. */
  at = 0;
  /** Index after the last byte loaded. */
  limit: number;
  #text: Buffer;
  readonly #input: JsonInput | null;
  /** File offset of `bytes[0]`. */
  #base: number;

  private constructor(bytes: Uint8Array, limit: number, base: number, input: JsonInput | null) {
    this.bytes = bytes;
    this.limit = limit;
    this.#base = base;
    this.#input = input;
    this.#text = bufferOver(bytes);
  }

  /** The whole document is in memory: nothing is copied, nothing more is loaded. */
  static over(bytes: Uint8Array): ByteWindow {
    return new ByteWindow(bytes, bytes.byteLength, 0, null);
  }

  /** Reads the document piece by piece; grows beyond `windowBytes` only to hold one long token. */
  static reading(input: JsonInput, windowBytes: number): ByteWindow {
    return new ByteWindow(new Uint8Array(Math.min(windowBytes, input.sizeBytes)), 0, input.offset, input);
  }

  /** File offset of the next byte. */
  get offset(): number {
    return this.#base + this.at;
  }

  /** Loads more bytes, keeping those from `at` on and moving them to the front. False at the end of the document. */
  more(): boolean {
    const input = this.#input;
    if (input === null) return false;
    const loaded = this.#base + this.limit;
    const left = input.offset + input.sizeBytes - loaded;
    if (left === 0) return false;
    this.#keepFrom(this.at);
    const wanted = Math.min(left, this.bytes.byteLength - this.limit);
    readExactly(input.source, loaded, this.bytes.subarray(this.limit, this.limit + wanted));
    this.limit += wanted;
    return true;
  }

  /** Makes `count` bytes from `at` on available, or says that the document has fewer. */
  has(count: number): boolean {
    while (this.limit - this.at < count) if (!this.more()) return false;
    return true;
  }

  /** Bytes from index `begin` to `end` as text, one byte a character: right for ASCII only. */
  ascii(begin: number, end: number): string {
    return this.#text.toString("latin1", begin, end);
  }

  #keepFrom(at: number): void {
    const kept = this.limit - at;
    if (kept === this.bytes.byteLength) {
      const larger = new Uint8Array(kept * 2);
      larger.set(this.bytes);
      this.bytes = larger;
      this.#text = bufferOver(larger);
    } else {
      this.bytes.copyWithin(0, at, this.limit);
    }
    this.#base += at;
    this.at = 0;
    this.limit = kept;
  }
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
