import { FormatError, type Place } from "../../model/errors.ts";
import type { RuleId } from "../../model/rules/mod.ts";
import type { JsonInput, JsonLimits } from "./limits.ts";
import { MAX_NUMBER_CHARACTERS, parseNumber } from "./number.ts";
import { Frame, pathOf } from "./path.ts";
import { type Refuse, StringDecoder } from "./text.ts";
import { ByteWindow } from "./window.ts";

/** What stands next in a document. `end` comes once, after the value, when nothing but white space follows. */
export type JsonEvent =
  | "{"
  | "}"
  | "["
  | "]"
  | "key"
  | "string"
  | "number"
  | "true"
  | "false"
  | "null"
  | "end";

type State = "value" | "first-element" | "first-key" | "after-value" | "done";

/** No writer pads or indents by more at once; a longer run of white space hides something. */
const MAX_WHITESPACE_RUN = 1024 * 1024;
/** Keys of the objects that are open at one time; the largest vocabularies have about 300,000. */
const MAX_KEYS_HELD = 1_048_576;
const WINDOW_BYTES = 256 * 1024;

const END = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Whole numbers of up to this many digits fit a double exactly and are read without making a text of them. */
const QUICK_DIGITS = 15;

/**
 * Reads one JSON document event by event and builds no tree: memory is one window, the keys of the objects that are
 * open, and one string. Cost is linear in the bytes; nesting is a list, not recursion. Throws only `FormatError`, with
 * the byte offset and the path of the value.
 * https://www.rfc-editor.org/rfc/rfc8259
 */
export class JsonReader {
  readonly #window: ByteWindow;
  readonly #limits: JsonLimits;
  readonly #strings: StringDecoder;
  readonly #frames: Frame[] = [];
  #state: State = "value";
  #values = 0;
  #keysHeld = 0;
  #offset = 0;
  #text = "";
  #textBytes = 0;
  #number: number | bigint = 0;

  private constructor(window: ByteWindow, sizeBytes: number, limits: JsonLimits) {
    this.#window = window;
    this.#limits = limits;
    this.#strings = new StringDecoder(this.#refuseByte);
    this.#offset = window.offset;
    if (sizeBytes > limits.maxBytes) {
      this.refuse("json/too-large", `${sizeBytes} bytes of JSON are above the limit of ${limits.maxBytes}`);
    }
    if (startsWithByteOrderMark(window)) {
      this.refuse("json/byte-order-mark", "a byte order mark comes before the JSON");
    }
  }

  /** Over bytes in memory, without copying them. */
  static over(bytes: Uint8Array, limits: JsonLimits): JsonReader {
    return new JsonReader(ByteWindow.over(bytes), bytes.byteLength, limits);
  }

  /** Over part of a file, through a window; `windowBytes` (at least 1) is how much is read at once. */
  static reading(input: JsonInput, limits: JsonLimits, windowBytes: number = WINDOW_BYTES): JsonReader {
    return new JsonReader(ByteWindow.reading(input, windowBytes), input.sizeBytes, limits);
  }

  /** The text of the last `key` or `string`. */
  get text(): string {
    return this.#text;
  }

  /** Size of the last `key` or `string` as it is written, in bytes without its quotes. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** The value of the last `number`; `bigint` only beyond 2^53 - 1 and only where any number is allowed. */
  get number(): number | bigint {
    return this.#number;
  }

  /** File offset of the first byte of the last event. */
  get offset(): number {
    return this.#offset;
  }

  /** File offset after the last byte of the last event. */
  get endOffset(): number {
    return this.#window.offset;
  }

  /** Refuses the last event, naming its offset and path. */
  refuse(rule: RuleId, message: string, place: Place = {}): never {
    const field = pathOf(this.#frames);
    throw new FormatError(rule, `${field}: ${message}`, { offset: this.#offset, field, ...place });
  }

  next(): JsonEvent {
    const byte = this.#skipWhitespace();
    switch (this.#state) {
      case "value":
        return this.#value(byte);
      case "first-element":
        return byte === CLOSE_BRACKET ? this.#close("]") : this.#element(byte);
      case "first-key":
        return byte === CLOSE_BRACE ? this.#close("}") : this.#key(byte);
      case "after-value":
        return this.#afterValue(byte);
      case "done":
        if (byte !== END) this.refuse("json/trailing-text", `${shown(byte)} follows the end of the document`);
        return "end";
    }
  }

  #afterValue(byte: number): JsonEvent {
    const isObject = this.#top().keys !== null;
    if (byte === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.#close(isObject ? "}" : "]");
    if (byte !== COMMA) this.#unexpected(byte, isObject ? '"," or "}"' : '"," or "]"');
    this.#window.at += 1;
    const following = this.#skipWhitespace();
    return isObject ? this.#key(following) : this.#element(following);
  }

  #top(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new TypeError("No object or array is open");
    return frame;
  }

  #element(byte: number): JsonEvent {
    this.#top().index += 1;
    return this.#value(byte);
  }

  #key(byte: number): JsonEvent {
    if (byte !== QUOTE) this.#unexpected(byte, "a key in double quotes");
    const frame = this.#top();
    this.#readString();
    if (++this.#keysHeld > MAX_KEYS_HELD) {
      this.refuse("json/too-many-values", `more than ${MAX_KEYS_HELD} keys in the objects that are open`);
    }
    if (!frame.enter(this.#text)) this.refuse("json/duplicate-key", "the object has this key twice");
    const keyOffset = this.#offset;
    const colon = this.#skipWhitespace();
    if (colon !== COLON) this.#unexpected(colon, '":"');
    this.#window.at += 1;
    this.#offset = keyOffset;
    this.#state = "value";
    return "key";
  }

  #value(byte: number): JsonEvent {
    if (++this.#values > this.#limits.maxValues) {
      this.refuse("json/too-many-values", `more than ${this.#limits.maxValues} values`);
    }
    this.#state = this.#frames.length === 0 ? "done" : "after-value";
    switch (byte) {
      case QUOTE:
        this.#readString();
        return "string";
      case OPEN_BRACE:
        return this.#open("object");
      case OPEN_BRACKET:
        return this.#open("array");
      case 0x74:
        return this.#literal("true");
      case 0x66:
        return this.#literal("false");
      case 0x6e:
        return this.#literal("null");
      default:
        if (byte !== MINUS && !isDigit(byte)) this.#unexpected(byte, "a value");
        this.#readNumber();
        return "number";
    }
  }

  #open(shape: "object" | "array"): "{" | "[" {
    if (this.#frames.length >= this.#limits.maxDepth) {
      this.refuse("json/too-deep", `nested deeper than ${this.#limits.maxDepth} levels`);
    }
    this.#frames.push(new Frame(shape));
    this.#window.at += 1;
    this.#state = shape === "object" ? "first-key" : "first-element";
    return shape === "object" ? "{" : "[";
  }

  #close(event: "}" | "]"): "}" | "]" {
    this.#window.at += 1;
    this.#keysHeld -= this.#frames.pop()?.keys?.size ?? 0;
    this.#state = this.#frames.length === 0 ? "done" : "after-value";
    return event;
  }

  #literal<const L extends "true" | "false" | "null">(word: L): L {
    const window = this.#window;
    if (!window.has(word.length)) {
      const isCut = word.startsWith(window.ascii(window.at, window.limit));
      this.#unexpected(isCut ? END : window.bytes[window.at] ?? END, "a value");
    }
    if (window.ascii(window.at, window.at + word.length) !== word) {
      this.#unexpected(window.bytes[window.at] ?? END, "a value");
    }
    window.at += word.length;
    return word;
  }

  /** Moves past white space and returns the byte after it, still unread, or `END`. */
  #skipWhitespace(): number {
    const window = this.#window;
    const begin = window.offset;
    for (;;) {
      const { bytes, limit } = window;
      let at = window.at;
      let byte = bytes[at] ?? 0;
      while (at < limit && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
        byte = bytes[++at] ?? 0;
      }
      window.at = at;
      this.#offset = window.offset;
      if (this.#offset - begin > MAX_WHITESPACE_RUN) {
        this.refuse("json/whitespace-run", `more than ${MAX_WHITESPACE_RUN} bytes of white space in a row`);
      }
      if (at < limit) return byte;
      if (!window.more()) return END;
    }
  }

  /** Reads the string whose opening quote is the next byte. */
  #readString(): void {
    const window = this.#window;
    let scanned = 1;
    let isPlain = true;
    scan: for (;;) {
      const { bytes, limit } = window;
      let at = window.at + scanned;
      for (; at < limit; at++) {
        const byte = bytes[at] ?? 0;
        if (byte === QUOTE) {
          scanned = at - window.at;
          break scan;
        }
        if (byte === BACKSLASH) {
          isPlain = false;
          at += 1;
        } else if (byte >= 0x80) isPlain = false;
        else if (byte < 0x20) {
          this.#refuseByte("json/control-character", `a bare ${shown(byte)} in a string`, at);
        }
      }
      scanned = at - window.at;
      this.#checkStringBytes(scanned - 1);
      if (!window.more()) this.refuse("json/truncated", "the document ends inside a string");
    }
    this.#checkStringBytes(scanned - 1);
    const begin = window.at + 1;
    const end = window.at + scanned;
    this.#text = isPlain ? window.ascii(begin, end) : this.#strings.decode(window.bytes, begin, end);
    this.#textBytes = scanned - 1;
    window.at = end + 1;
  }

  #checkStringBytes(length: number): void {
    if (length <= this.#limits.maxStringBytes) return;
    this.refuse("json/long-string", `a string longer than ${this.#limits.maxStringBytes} bytes`);
  }

  /** Reads the number whose first byte is next. */
  #readNumber(): void {
    const window = this.#window;
    let length = 0;
    let value = 0;
    let isQuick = true;
    for (;; length++) {
      if (window.at + length >= window.limit && !window.more()) break;
      const byte = window.bytes[window.at + length] ?? 0;
      if (isDigit(byte)) value = value * 10 + (byte - ZERO);
      else if (isNumberSign(byte)) isQuick = false;
      else break;
      if (length >= MAX_NUMBER_CHARACTERS) {
        this.refuse("json/number-range", `a number longer than ${MAX_NUMBER_CHARACTERS} characters`);
      }
    }
    const leadsWithZero = length > 1 && window.bytes[window.at] === ZERO;
    if (isQuick && !leadsWithZero && length <= QUICK_DIGITS) this.#number = value;
    else {
      const text = window.ascii(window.at, window.at + length);
      this.#number = parseNumber(text, window.at, this.#limits.numbers, this.#refuseByte);
    }
    window.at += length;
  }

  #unexpected(byte: number, due: string): never {
    if (byte === END) this.refuse("json/truncated", `the document ends where ${due} is due`);
    this.refuse("json/syntax", `${shown(byte)} stands where ${due} is due`);
  }

  /** Refuses the byte at an index of the window. */
  readonly #refuseByte: Refuse = (rule, message, at) => {
    this.#offset = this.#window.offset - this.#window.at + at;
    this.refuse(rule, message);
  };
}

function startsWithByteOrderMark(window: ByteWindow): boolean {
  return window.has(3) && window.bytes[0] === 0xef && window.bytes[1] === 0xbb && window.bytes[2] === 0xbf;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** A byte that can stand in a number beside digits: `+`, `-`, `.`, `e`, `E`. */
function isNumberSign(byte: number): boolean {
  return byte === MINUS || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}

function shown(byte: number): string {
  const code = `0x${byte.toString(16).padStart(2, "0")}`;
  return byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}" (${code})` : `byte ${code}`;
}
