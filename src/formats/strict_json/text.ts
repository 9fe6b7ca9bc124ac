import type { RuleId } from "../../model/rules/mod.ts";

/** Says what is wrong with the byte at an index. */
export type Refuse = (rule: RuleId, message: string, at: number) => never;

const BACKSLASH = 0x5c;
const U = 0x75;
/** The byte after a backslash to the character it stands for. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);
/** Below the number of arguments a call can take on any stack. */
const UNITS_AT_ONCE = 4096;

/**
 * Undoes the escapes of a JSON string and decodes its UTF-8, both strictly: every string it returns is well-formed.
 * Control characters are the caller's to refuse.
 */
export class StringDecoder {
  readonly #units = new Uint16Array(UNITS_AT_ONCE + 2);
  readonly #refuse: Refuse;
  #count = 0;
  #text = "";

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /** The text between the quotes, which are the bytes before `begin` and at `end`. */
  decode(bytes: Uint8Array, begin: number, end: number): string {
    this.#text = "";
    this.#count = 0;
    for (let at = begin; at < end;) {
      const byte = bytes[at] ?? 0;
      if (byte === BACKSLASH) at = this.#escape(bytes, at, end);
      else if (byte < 0x80) {
        this.#units[this.#count++] = byte;
        at += 1;
      } else at = this.#multiByte(bytes, at, end);
      if (this.#count >= UNITS_AT_ONCE) this.#flush();
    }
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    const part: string = Reflect.apply(String.fromCharCode, null, this.#units.subarray(0, this.#count));
    this.#text += part;
    this.#count = 0;
  }

  #escape(bytes: Uint8Array, at: number, end: number): number {
    const letter = bytes[at + 1] ?? 0;
    const plain = ESCAPES.get(letter);
    if (plain !== undefined) {
      this.#units[this.#count++] = plain;
      return at + 2;
    }
    if (letter !== U) this.#refuse("json/syntax", "no escape of JSON begins like this", at);
    const unit = this.#hex(bytes, at, end);
    this.#units[this.#count++] = unit;
    if (unit < 0xd800 || unit > 0xdfff) return at + 6;
    const follows = unit <= 0xdbff && bytes[at + 6] === BACKSLASH && bytes[at + 7] === U && at + 8 <= end;
    const low = follows ? this.#hex(bytes, at + 6, end) : 0;
    if (low < 0xdc00 || low > 0xdfff) {
      this.#refuse("json/lone-surrogate", `\\u${unit.toString(16)} is half a character`, at);
    }
    this.#units[this.#count++] = low;
    return at + 12;
  }

  /** The four hexadecimal digits of the `\u` escape at `at`. */
  #hex(bytes: Uint8Array, at: number, end: number): number {
    let value = 0;
    for (let i = at + 2; i < at + 6; i++) {
      const digit = i < end ? hexDigit(bytes[i] ?? 0) : -1;
      if (digit < 0) this.#refuse("json/syntax", "\\u is not followed by four hexadecimal digits", at);
      value = value * 16 + digit;
    }
    return value;
  }

  /** One character of two to four bytes: shortest form only, no surrogates, nothing above U+10FFFF. */
  #multiByte(bytes: Uint8Array, at: number, end: number): number {
    const lead = bytes[at] ?? 0;
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    let point = lead & (0x7f >> length);
    let isWellFormed = lead >= 0xc2 && lead <= 0xf4 && at + length <= end;
    for (let i = 1; isWellFormed && i < length; i++) {
      const next = bytes[at + i] ?? 0;
      isWellFormed = (next & 0xc0) === 0x80;
      point = point << 6 | next & 0x3f;
    }
    const isShortest = length === 2 || point >= (length === 3 ? 0x800 : 0x1_0000);
    const isCharacter = (point < 0xd800 || point > 0xdfff) && point <= 0x10_ffff;
    if (!isWellFormed || !isShortest || !isCharacter) {
      this.#refuse("json/not-utf8", `byte 0x${lead.toString(16)} does not begin a UTF-8 character`, at);
    }
    if (length < 4) this.#units[this.#count++] = point;
    else {
      this.#units[this.#count++] = 0xd7c0 + (point >> 10);
      this.#units[this.#count++] = 0xdc00 | point & 0x3ff;
    }
    return at + length;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
