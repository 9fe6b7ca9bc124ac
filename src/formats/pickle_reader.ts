import { Buffer } from "node:buffer";
import type { PickleArgument } from "./pickle_opcodes.ts";
import { latin1, viewOf } from "./probe.ts";
import type { ByteSource } from "./source.ts";

const WINDOW_BYTES = 4096;
/** Longer strings cannot be the name of a module, and are passed over. */
const MAX_TEXT_BYTES = 1024;
const NEWLINE = 0x0a;

/** What CPython takes on each kind of line: its number readers are generous, and content with what stands before a NUL. */
const LINES = {
  decimal: /^\s*[-+]?\w*\s*(?:\0|$)/,
  float: /^\s*[-+]?[\w.+-]*\s*(?:\0|$)/,
  name: /^/,
  quoted: /^(['"]).*\1$/s,
  text: /^/,
};

/** Reads opcodes and their arguments one after another through a small window; long arguments are skipped unread. */
export class PickleReader {
  position: number;
  /** The string argument last read; `null` when it was too long or none. */
  text: string | null = null;
  secondText: string | null = null;
  /** The number last read: a memo index, a protocol, an extension code. */
  number = 0;
  /** Whether reading ended because the limit on bytes was reached, not the bytes. */
  spent = false;
  private readonly window = new Uint8Array(WINDOW_BYTES);
  private windowStart = 0;
  private windowEnd = 0;

  constructor(private readonly source: ByteSource, start: number, private readBytesLeft: number) {
    this.position = start;
    this.windowStart = this.windowEnd = start;
  }

  byte(): number | null {
    if (!this.fill(1)) return null;
    return this.window[this.position++ - this.windowStart] ?? null;
  }

  /** Reads or skips one argument. `short`: bytes ran out. `malformed`: no load would take it. */
  argument(argument: PickleArgument): "read" | "short" | "malformed" {
    switch (argument.form) {
      case "fixed":
        return this.fixed(argument.bytes);
      case "counted":
        return this.counted(argument.countBytes);
      case "line":
        return this.line(argument.what);
      case "two-lines": {
        const first = this.line("name");
        if (first !== "read") return first;
        const module = this.text;
        const second = this.line("name");
        this.secondText = this.text;
        this.text = module;
        return second;
      }
    }
  }

  private fixed(count: number): "read" | "short" {
    const bytes = this.take(count);
    if (bytes === null) return "short";
    this.number = 0;
    for (let i = Math.min(count, 4) - 1; i >= 0; i--) this.number = this.number * 256 + (bytes[i] ?? 0);
    return "read";
  }

  private counted(countBytes: 1 | 4 | 8): "read" | "short" {
    const prefix = this.take(countBytes);
    if (prefix === null) return "short";
    const view = viewOf(prefix);
    const length = countBytes === 1
      ? BigInt(view.getUint8(0))
      : countBytes === 4
      ? BigInt(view.getUint32(0, true))
      : view.getBigUint64(0, true);
    if (length > BigInt(this.source.sizeBytes - this.position)) return "short";
    const bytes = length <= MAX_TEXT_BYTES ? this.take(Number(length)) : null;
    this.text = bytes === null ? null : new TextDecoder().decode(bytes);
    if (bytes === null) this.position += Number(length);
    return "read";
  }

  private line(what: keyof typeof LINES): "read" | "short" | "malformed" {
    const start = this.position;
    let text = "";
    while (this.fill(1)) {
      const rest = this.window.subarray(this.position - this.windowStart, this.windowEnd - this.windowStart);
      const end = rest.indexOf(NEWLINE);
      const part = end < 0 ? rest : rest.subarray(0, end);
      if (text.length <= MAX_TEXT_BYTES) text += latin1(part.subarray(0, MAX_TEXT_BYTES + 1 - text.length));
      this.position += part.byteLength;
      if (end < 0) continue;
      this.position++;
      return this.endLine(what, text, this.position - 1 - start);
    }
    return "short";
  }

  private endLine(what: keyof typeof LINES, text: string, lengthBytes: number): "read" | "malformed" {
    const whole = lengthBytes <= MAX_TEXT_BYTES;
    this.text = null;
    if (!whole) return what === "quoted" && !/^['"]/.test(text) ? "malformed" : "read";
    if (!LINES[what].test(text)) return "malformed";
    this.number = what === "decimal" ? Number.parseInt(text.replaceAll("_", ""), 10) : 0;
    if (what === "name") this.text = Buffer.from(text, "latin1").toString("utf8");
    if (what === "quoted") this.text = unescape(text.slice(1, -1));
    if (what === "text") this.text = unescape(text);
    return "read";
  }

  private take(count: number): Uint8Array | null {
    if (!this.fill(count)) return null;
    const at = this.position - this.windowStart;
    this.position += count;
    return this.window.subarray(at, at + count);
  }

  /** Makes `count` bytes at the position available, at most a window. */
  private fill(count: number): boolean {
    if (this.position >= this.windowStart && this.position + count <= this.windowEnd) return true;
    if (this.readBytesLeft <= 0) {
      this.spent = true;
      return false;
    }
    const got = this.source.read(this.position, this.window);
    this.readBytesLeft -= Math.max(got, count);
    this.windowStart = this.position;
    this.windowEnd = this.position + got;
    return got >= count;
  }
}

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\\'"]))/g;

/** The escapes of Python string literals, by which a module's name could be hidden from a plain search. */
function unescape(text: string): string {
  return text.replace(ESCAPE, (whole, hex, unicode, long, octal, plain) => {
    if (plain !== undefined) return plain;
    const code = octal === undefined
      ? Number.parseInt(hex ?? unicode ?? long, 16)
      : Number.parseInt(octal, 8);
    return code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}
