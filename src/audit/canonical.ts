import type { Json } from "../model/mod.ts";

/** Deeper data is refused: an audit entry is a few facts, not a document. */
export const MAX_DEPTH = 32;

/**
 * The one spelling of a value that hashes are taken over: sorted keys, no spaces, ASCII only. Byte for byte
 * what Python's `json.dumps(value, sort_keys=True, separators=(",", ":"))` prints, so that verifiers in other
 * languages can recompute the hash. Languages spell fractions differently, and strings with half a surrogate
 * pair have no UTF-8 form: both throw `TypeError`.
 */
export function canonicalJson(value: Json, depth = 0): string {
  if (depth > MAX_DEPTH) throw new TypeError(`Cannot audit data nested deeper than ${MAX_DEPTH}`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return integer(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`Cannot audit a ${typeof value}`);
  const members = Object.entries(value).sort(([a], [b]) => byCodePoint(a, b));
  return `{${members.map(([key, item]) => `${quote(key)}:${canonicalJson(item, depth + 1)}`).join(",")}}`;
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) {
    throw new TypeError(
      `Cannot audit the number ${value}: only integers up to 2^53 are spelled alike everywhere`,
    );
  }
  return String(value);
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quote(text: string): string {
  if (!text.isWellFormed()) throw new TypeError("Cannot audit text with half a surrogate pair");
  const escaped = text.replace(
    /[^ !#-[\]-~]/g,
    (unit) => SHORT_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** Python orders strings by code point, JavaScript by UTF-16 unit: they differ above U+FFFF. */
function byCodePoint(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Moves the surrogates, which stand for code points above U+FFFF, behind U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
