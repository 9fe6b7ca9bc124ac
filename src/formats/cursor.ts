import { FormatError, type Place } from "../model/errors.ts";
import type { RuleId } from "../model/rules/mod.ts";
import type { ByteSource } from "./source.ts";

/** The rules a cursor refuses by, named by the format that is being read. */
export interface CursorRules {
  /** The bytes end before the field does. */
  readonly truncated: RuleId;
  /** A count of items is above its limit. */
  readonly count: RuleId;
  /** A length in bytes is above its limit. */
  readonly length: RuleId;
}

const WINDOW_BYTES = 256 * 1024;
const MAX_SAFE_HIGH = 0x1f_ffff;

/**
 * Reads little-endian fields one after the other through a window of 256 KiB, so that a header of many small fields
 * costs few reads. Never allocates more than the window, or a length that was checked against the bytes present.
 * Every refusal is a `FormatError` with the offset and the path of the field.
 */
export class Cursor {
  readonly #source: ByteSource;
  readonly #rules: CursorRules;
  readonly #window: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #end: number;
  /** File offset of the first byte of the window. */
  #start: number;
  #filled = 0;
  #at = 0;
  #path: () => string = () => "";

  constructor(source: ByteSource, rules: CursorRules, offset = 0) {
    this.#source = source;
    this.#rules = rules;
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(8, source.sizeBytes - offset)));
    this.#view = new DataView(this.#window.buffer);
    this.#end = source.sizeBytes;
    this.#start = offset;
  }

  /** Bytes from the start of the file to the next field. */
  get offset(): number {
    return this.#start + this.#at;
  }

  get remaining(): number {
    return this.#end - this.offset;
  }

  /** Says what the next fields belong to, such as `tensor[7]`. Called only when a refusal is worded. */
  within(path: () => string): void {
    this.#path = path;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field));
  }

  i8(field: string): number {
    return this.#view.getInt8(this.#take(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field), true);
  }

  i16(field: string): number {
    return this.#view.getInt16(this.#take(2, field), true);
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field), true);
  }

  i32(field: string): number {
    return this.#view.getInt32(this.#take(4, field), true);
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field), true);
  }

  i64(field: string): bigint {
    return this.#view.getBigInt64(this.#take(8, field), true);
  }

  f32(field: string): number {
    return this.#view.getFloat32(this.#take(4, field), true);
  }

  f64(field: string): number {
    return this.#view.getFloat64(this.#take(8, field), true);
  }

  /** A u64 count of items that take at least `bytesEach` bytes: refused above `limit` or above what is present. */
  count(limit: number, bytesEach: number, field: string): number {
    const count = this.#bounded(limit, this.#rules.count, field);
    if (count * bytesEach > this.remaining) this.#refuseBeyondEnd(`${count} items`, field, this.offset - 8);
    return count;
  }

  /** A u64 length in bytes: refused above `limit` or above what is present. */
  length(limit: number, field: string): number {
    const length = this.#bounded(limit, this.#rules.length, field);
    if (length > this.remaining) this.#refuseBeyondEnd(`${length} bytes`, field, this.offset - 8);
    return length;
  }

  /** The next `length` bytes. They stay valid until the next read. */
  bytes(length: number, field: string): Uint8Array {
    if (length <= this.#window.byteLength) {
      const at = this.#take(length, field);
      return this.#window.subarray(at, at + length);
    }
    if (length > this.remaining) this.#refuseBeyondEnd(`${length} bytes`, field, this.offset);
    const large = new Uint8Array(length);
    readExactly(this.#source, this.offset, large);
    this.#moveTo(this.offset + length);
    return large;
  }

  /** A u64 length and that many bytes; see {@link bytes}. */
  string(limit: number, field: string): Uint8Array {
    return this.bytes(this.length(limit, field), field);
  }

  skip(length: number, field: string): void {
    if (this.#at + length <= this.#filled) {
      this.#at += length;
      return;
    }
    if (length > this.remaining) this.#refuseBeyondEnd(`${length} bytes`, field, this.offset);
    this.#moveTo(this.offset + length);
  }

  /**
   * Skips `count` texts, each a u64 length of at most `limit` and that many bytes, and returns the length of the
   * longest. Vocabularies have hundreds of thousands, so what lies within the window is not looked at twice.
   */
  skipStrings(count: number, limit: number): number {
    let longest = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#at;
      const isWithin = at + 8 <= this.#filled && this.#view.getUint32(at + 4, true) === 0;
      let length = isWithin ? this.#view.getUint32(at, true) : limit + 1;
      if (length <= limit && at + 8 + length <= this.#filled) {
        this.#at = at + 8 + length;
      } else {
        length = this.length(limit, `[${i}] length`);
        this.skip(length, `[${i}]`);
      }
      if (length > longest) longest = length;
    }
    return longest;
  }

  /** Refuses the field at `place.offset`, or the next one. */
  refuse(rule: RuleId, message: string, field: string, place: Omit<Place, "field"> = {}): never {
    throw new FormatError(rule, message, { offset: this.offset, ...place, field: this.#fieldPath(field) });
  }

  #bounded(limit: number, rule: RuleId, field: string): number {
    const at = this.#take(8, field);
    const high = this.#view.getUint32(at + 4, true);
    const value = high * 2 ** 32 + this.#view.getUint32(at, true);
    if (high > MAX_SAFE_HIGH || value > limit) {
      const exact = this.#view.getBigUint64(at, true);
      const message = `${this.#fieldPath(field)} is ${exact}, above the limit of ${limit}`;
      this.refuse(rule, message, field, { offset: this.offset - 8 });
    }
    return value;
  }

  /** Makes sure the next `length` bytes are in the window, moves past them and returns where they begin in it. */
  #take(length: number, field: string): number {
    if (this.#at + length > this.#filled) {
      if (length > this.remaining) this.#refuseBeyondEnd(`${length} bytes`, field, this.offset);
      this.#moveTo(this.offset);
      this.#filled = Math.min(this.#window.byteLength, this.remaining);
      readExactly(this.#source, this.#start, this.#window.subarray(0, this.#filled));
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }

  #moveTo(offset: number): void {
    this.#start = offset;
    this.#filled = 0;
    this.#at = 0;
  }

  #refuseBeyondEnd(wanted: string, field: string, offset: number): never {
    const message = `${this.#fieldPath(field)} needs ${wanted} where ${this.remaining} bytes are left`;
    this.refuse(this.#rules.truncated, message, field, { offset });
  }

  #fieldPath(field: string): string {
    const path = this.#path();
    return path === "" ? field : `${path} ${field}`;
  }
}

/** Fills `into`, whose bytes were known to be there; a source that got shorter meanwhile is not the artifact's fault. */
export function readExactly(source: ByteSource, offset: number, into: Uint8Array): void {
  let done = 0;
  while (done < into.byteLength) {
    const got = source.read(offset + done, into.subarray(done));
    if (got === 0) {
      throw new Error(`Cannot read byte ${offset + done}: the file got shorter while it was read`);
    }
    done += got;
  }
}
