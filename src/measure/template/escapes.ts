const BACKSLASH = 0x5c;
/** The letter after a backslash to what the two stand for; a line break after one stands for nothing. */
const SIMPLE: ReadonlyMap<string, number> = new Map([
  ["\\", 0x5c],
  ["'", 0x27],
  ['"', 0x22],
  ["a", 0x07],
  ["b", 0x08],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
  ["v", 0x0b],
]);
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([["x", 2], ["u", 4], ["U", 8]]);
/** Below the number of arguments a call can take on any stack. */
const UNITS_AT_ONCE = 4096;

/**
 * What Python makes of the escapes in a string literal. Characters called by name (`\N{LOW LINE}`) all become `_`,
 * the only one somebody would have a reason to hide. Linear in the text, whatever it holds.
 */
export function unescapeText(text: string): string {
  return text.includes("\\") ? new Unescaper(text).read() : text;
}

class Unescaper {
  readonly #units: Uint16Array;
  readonly #lastBrace: number;
  #at = 0;
  #count = 0;

  constructor(readonly text: string) {
    this.#units = new Uint16Array(text.length); // No escape is shorter than what it stands for.
    this.#lastBrace = text.lastIndexOf("}");
  }

  read(): string {
    const { text } = this;
    while (this.#at < text.length) {
      const unit = text.charCodeAt(this.#at);
      if (unit === BACKSLASH && this.#at + 1 < text.length) this.#escape();
      else this.#copy(1);
    }
    let out = "";
    for (let from = 0; from < this.#count; from += UNITS_AT_ONCE) {
      const part = this.#units.subarray(from, Math.min(from + UNITS_AT_ONCE, this.#count));
      out += String.fromCharCode(...part);
    }
    return out;
  }

  #escape(): void {
    const { text } = this;
    const letter = text[this.#at + 1] ?? "";
    const simple = SIMPLE.get(letter);
    const digits = HEX_DIGITS.get(letter);
    if (simple !== undefined) this.#put(simple, 2);
    else if (digits !== undefined) this.#hex(digits);
    else if (letter >= "0" && letter <= "7") this.#octal();
    else if (letter === "N") this.#named();
    else if (letter === "\n") this.#at += 2;
    else if (letter === "\r") this.#at += text[this.#at + 2] === "\n" ? 3 : 2;
    else this.#copy(2);
  }

  #hex(digits: number): void {
    const from = this.#at + 2;
    let code = 0;
    for (let i = from; i < from + digits; i++) {
      const digit = hexDigit(this.text.charCodeAt(i));
      if (digit < 0) return this.#copy(2);
      code = code * 16 + digit;
    }
    if (code > 0x10ffff) this.#copy(2 + digits);
    else this.#put(code, 2 + digits);
  }

  #octal(): void {
    let length = 0;
    let code = 0;
    for (; length < 3; length++) {
      const digit = this.text.charCodeAt(this.#at + 1 + length) - 0x30;
      if (!(digit >= 0 && digit <= 7)) break;
      code = code * 8 + digit;
    }
    this.#put(code, 1 + length);
  }

  #named(): void {
    const from = this.#at + 2;
    if (this.text[from] !== "{" || this.#lastBrace < from) return this.#copy(2);
    this.#put(0x5f, this.text.indexOf("}", from) + 1 - this.#at);
  }

  /** Writes a code point for the next `length` units of the text. */
  #put(code: number, length: number): void {
    if (code > 0xffff) {
      this.#units[this.#count++] = 0xd7c0 + (code >> 10);
      this.#units[this.#count++] = 0xdc00 | (code & 0x3ff);
    } else this.#units[this.#count++] = code;
    this.#at += length;
  }

  #copy(length: number): void {
    for (let i = 0; i < length; i++) this.#units[this.#count++] = this.text.charCodeAt(this.#at++);
  }
}

/** The value of a hexadecimal digit; -1 for any other character and beyond the end. */
function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
