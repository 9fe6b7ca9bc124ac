import type { ByteSource } from "./source.ts";

/** How many first bytes a {@link Probe} reads at once: enough for every header that has a fixed place. */
export const HEAD_BYTES = 4096;

/** The bytes `[begin, end)` of another source, counted from zero. */
export class RegionSource implements ByteSource {
  readonly sizeBytes: number;

  constructor(private readonly whole: ByteSource, readonly begin: number, end: number) {
    this.sizeBytes = Math.max(0, Math.min(end, whole.sizeBytes) - begin);
  }

  read(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.byteLength, this.sizeBytes - offset));
    return count === 0 ? 0 : this.whole.read(this.begin + offset, into.subarray(0, count));
  }
}

/** The first bytes of something unknown, read once, and bounded looks at the rest of it. */
export class Probe {
  readonly head: Uint8Array;

  constructor(readonly source: ByteSource, headBytes = HEAD_BYTES) {
    this.head = readUpTo(source, 0, headBytes);
  }

  get sizeBytes(): number {
    return this.source.sizeBytes;
  }

  /** Up to `length` bytes from `offset` on; fewer at the end. `length` is the caller's constant, never the file's. */
  at(offset: number, length: number): Uint8Array {
    if (offset >= 0 && offset + length <= this.head.byteLength) {
      return this.head.subarray(offset, offset + length);
    }
    return readUpTo(this.source, offset, length);
  }

  /** Whether the bytes at `offset` are exactly these; strings stand for their Latin-1 bytes. */
  has(offset: number, magic: string): boolean {
    const bytes = this.at(offset, magic.length);
    return bytes.byteLength === magic.length && bytes.every((byte, i) => byte === magic.charCodeAt(i));
  }
}

/** Reads at most `length` bytes, and never more than remain after `offset`. */
export function readUpTo(source: ByteSource, offset: number, length: number): Uint8Array {
  const count = Math.min(length, source.sizeBytes - offset);
  if (offset < 0 || !(count > 0)) return new Uint8Array(0);
  const bytes = new Uint8Array(count);
  const got = source.read(offset, bytes);
  return got === count ? bytes : bytes.subarray(0, got);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes as Latin-1 text: one character a byte, so that offsets stay what they are. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
