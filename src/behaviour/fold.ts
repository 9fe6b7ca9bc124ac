/** A reply made comparable. All three texts have the same length, so a place in one is a place in each. */
export interface Folded {
  /** NFKC, without invisible characters, typographic dashes and quotes made plain; case and scripts kept. */
  readonly plain: string;
  /** `plain` in lower case: for phrases of any language. */
  readonly lower: string;
  /** `lower` with letters that merely look Latin made Latin: for commands, names and addresses. */
  readonly latin: string;
}

/** NFKC can make one character eighteen; a reply that grows more than this was made to. */
const MAX_GROWTH = 4;
const SLICE = 4096;

/** White space of any script is no reason to fold a text. */
const NOT_ASCII = /[^\s!-~]/;
/** Soft hyphen, joiners, direction marks, variation selectors, tags: nothing a reader sees. */
const INVISIBLE =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;
const TYPOGRAPHIC = /([‐‑‒–—―−])|([‘’‚‛´])|([“”„‟«»])|\u0130/g;

/** Code units of letters that look Latin, to the Latin ones; every other to itself. */
const LOOKALIKES = lookalikes();

function lookalikes(): Uint16Array {
  const units = Uint16Array.from({ length: 0x600 }, (_none, code) => code);
  for (const [i, letter] of [..."аеорсухіјѕһԁԛԝѵαορνικτυγ"].entries()) {
    units[letter.charCodeAt(0)] = "aeopcyxijshdqwvaopviktuy".charCodeAt(i);
  }
  return units;
}

/** Folds a text, or gives `null` for one that grows beyond reason while it is normalised. */
export function fold(text: string): Folded | null {
  if (asciiOf(text) !== null || !NOT_ASCII.test(text)) {
    const lower = text.toLowerCase();
    return { plain: text, lower, latin: lower };
  }
  const plain = normalise(text.replace(INVISIBLE, ""));
  if (plain === null) return null;
  const lower = plain.toLowerCase();
  return { plain, lower, latin: latinised(lower) };
}

/** The bytes of a text in ASCII, `null` for any other: counting what it takes is faster than an expression. */
function asciiOf(text: string): Uint8Array<ArrayBuffer> | null {
  // Text that was stored in two bytes a character is told from the first that needs them.
  if (NOT_LATIN1.test(text)) return null;
  const bytes = encoder.encode(text);
  return bytes.length === text.length ? bytes : null;
}
const NOT_LATIN1 = /[^\0-\xff]/;

/** Letters that merely look Latin made Latin. The text is in lower case. */
export function latinised(lower: string): string {
  if (!NOT_LATIN1.test(lower)) return lower;
  const units = new Uint16Array(lower.length);
  for (let i = 0; i < lower.length; i++) {
    const code = lower.charCodeAt(i);
    units[i] = LOOKALIKES[code] ?? code;
  }
  return utf16.decode(units);
}
const utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });

function normalise(text: string): string | null {
  const limit = text.length * MAX_GROWTH + 64;
  let folded = "";
  for (let at = 0; at < text.length; at += SLICE) {
    folded += text.slice(at, at + SLICE).normalize("NFKC");
    if (folded.length > limit) return null;
  }
  // The last is the dotted capital I, which two code units would stand for in lower case.
  return folded.replace(
    TYPOGRAPHIC,
    (_all, dash?: string, single?: string, double?: string) => dash ? "-" : single ? "'" : double ? '"' : "I",
  );
}

/** Letters and digits only, lower case: what is left when layout, quotes and case do not count. */
export function squeeze(text: string): string {
  return squeezeLower(text.toLowerCase());
}

/** The same of a text in lower case. */
export function squeezeLower(lower: string): string {
  const bytes = asciiOf(lower);
  if (bytes === null) return lower.replace(/[^\p{L}\p{N}]+/gu, "");
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    bytes[length] = byte;
    length += LASTS[byte] ?? 0;
  }
  return decoder.decode(bytes.subarray(0, length));
}

/** 1 for a letter or a digit. */
const LASTS = Uint8Array.from(
  { length: 128 },
  (_none, code) => /[a-z0-9]/.test(String.fromCharCode(code)) ? 1 : 0,
);

export function rot13(text: string): string {
  const bytes = encoder.encode(text);
  for (let i = 0; i < bytes.length; i++) bytes[i] = ROT13[bytes[i] ?? 0] ?? 0;
  return decoder.decode(bytes);
}

/** By byte, which is enough for the ASCII that is looked for. */
export function reversed(text: string): string {
  return decoder.decode(encoder.encode(text).reverse());
}

const encoder = new TextEncoder();
/** Never fails, and keeps the length; what is not ASCII does not matter in what it decodes. */
const decoder = new TextDecoder("latin1");

const ROT13 = Uint8Array.from({ length: 256 }, (_none, code) => {
  const base = code & 0x60;
  const letter = code - base;
  return base >= 0x40 && code < 0x80 && letter >= 1 && letter <= 26 ? base + (letter + 12) % 26 + 1 : code;
});
