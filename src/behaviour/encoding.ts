/** Of an even number of digits. Bytes are kept as Latin-1 text: what is looked for in them is ASCII. */
export function fromHex(text: string): string {
  let decoded = "";
  for (let at = 0; at < text.length; at += 2) decoded += String.fromCharCode(byteAt(text, at));
  return decoded;
}

/** The byte that two hexadecimal digits stand for. */
function byteAt(text: string, at: number): number {
  return (valueOf(text.charCodeAt(at)) << 4) | valueOf(text.charCodeAt(at + 1));
}

function valueOf(digit: number): number {
  return digit < 0x3a ? digit & 15 : (digit & 15) + 9;
}

/** Base64 of either alphabet, with or without padding; `null` for what cannot be one. */
export function fromBase64(text: string): string | null {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  return plain.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(plain) ? null : atob(plain);
}

/** Words in plain ASCII, as opposed to the bytes that decoding anything gives. */
export function isReadable(text: string): boolean {
  return text.length >= 6 && /^[\x20-\x7e\s]+$/.test(text) && /[a-z]{2}/i.test(text);
}

/** Made of nothing but what is in {@link HEX_RUN}. */
const HEX = /(?:(?:0x|\\x)?[0-9a-f]{2}[ :,]{0,2}){8,2000}/gi;
/** Made of nothing but what is in {@link PERCENT_RUN}. */
const PERCENT = /(?:%[0-9a-f]{2}|[\w.-]){12,2000}/gi;
const WHOLE_BASE64 = /^[A-Za-z0-9+/]{14,}={0,2}$/;
const BASE32 = /^[A-Z2-7]{16,}$/;
const ENTITIES = /(?:&#(?:x[0-9a-f]{2,4}|\d{2,5});[ ]?|[\w.-]){6,2000}/gi;
const ESCAPES = /(?:\\(?:u00[0-9a-f]{2}|x[0-9a-f]{2}|[0-7]{2,3})|[\w.-]){6,2000}/gi;

/** Where runs of some characters are looked for, and how long the shortest is. */
interface RunOf {
  /** 1 for each code of such a character. */
  readonly holds: Uint8Array;
  readonly min: number;
}

const DIGITS_AND_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Letters of base64, of either alphabet and without padding, long enough for a phrase. */
const BASE64_RUN = runOf(`${DIGITS_AND_LETTERS}+/-_`, 14);
const HEX_RUN = runOf("0123456789abcdefABCDEFxX\\ :,", 16);
const PERCENT_RUN = runOf(`${DIGITS_AND_LETTERS}%_.-`, 12);

function runOf(characters: string, min: number): RunOf {
  const holds = new Uint8Array(128);
  for (const character of characters) holds[character.charCodeAt(0)] = 1;
  return { holds, min };
}

/** Only one character in so many has to be looked at, as a run cannot hide between two of them. */
function longRuns(text: string, { holds, min }: RunOf): readonly Span[] {
  const runs: Span[] = [];
  let free = 0;
  for (let at = min - 1; at < text.length; at += min) {
    if (holds[text.charCodeAt(at)] !== 1) continue;
    let start = at;
    while (start > free && holds[text.charCodeAt(start - 1)] === 1) start--;
    let end = at + 1;
    while (end < text.length && holds[text.charCodeAt(end)] === 1) end++;
    if (end - start >= min) runs.push({ start, end });
    free = end;
    at = end;
  }
  return runs;
}

/** Part of a text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** What the encoded parts of a text say, one a line, and where each stood. */
export interface Decoded extends Span {
  readonly text: string;
}

export function decodedParts(text: string): readonly Decoded[] {
  const parts: Decoded[] = [];
  const add = (match: RegExpExecArray, decoded: string, offset = 0) => {
    if (!isReadable(decoded)) return;
    const start = offset + match.index;
    parts.push({ text: decoded, start, end: start + match[0].length });
  };
  for (const { start, end } of longRuns(text, BASE64_RUN)) {
    const run = text.slice(start, end);
    const put = (decoded: string | null) => {
      if (decoded !== null && isReadable(decoded)) parts.push({ text: decoded, start, end });
    };
    const decoded = fromBase64(run);
    put(decoded);
    // Encoded twice: what comes out is base64 itself.
    if (decoded !== null && WHOLE_BASE64.test(decoded)) put(fromBase64(decoded));
    if (BASE32.test(run)) put(fromBase32(run));
  }
  for (const { start, end } of longRuns(text, HEX_RUN)) {
    for (const match of text.slice(start, end).matchAll(HEX)) {
      add(match, fromHex(match[0].replace(/0x|\\x|[ :,]+/gi, "")), start);
    }
  }
  if (text.includes("&#")) {
    for (const match of text.matchAll(ENTITIES)) {
      if (match[0].includes("&#")) add(match, fromEntities(match[0]));
    }
  }
  if (text.includes("\\")) {
    for (const match of text.matchAll(ESCAPES)) {
      if (match[0].includes("\\")) add(match, fromEscapes(match[0]));
    }
  }
  if (text.includes("%")) {
    for (const { start, end } of longRuns(text, PERCENT_RUN)) {
      const run = text.slice(start, end);
      if (!run.includes("%")) continue;
      for (const match of run.matchAll(PERCENT)) {
        if (match[0].includes("%")) add(match, fromPercent(match[0]), start);
      }
    }
  }
  return parts;
}

/** Every sign stands before two digits. */
function fromPercent(text: string): string {
  let decoded = "";
  let from = 0;
  for (let sign = text.indexOf("%"); sign >= 0; sign = text.indexOf("%", from)) {
    decoded += text.slice(from, sign) + String.fromCharCode(byteAt(text, sign + 1));
    from = sign + 3;
  }
  return decoded + text.slice(from);
}

function fromEntities(text: string): string {
  return text.replace(
    /&#(?:x([0-9a-f]{2,4})|(\d{2,5}));[ ]?/gi,
    (_all, hex?: string, decimal?: string) =>
      String.fromCharCode(hex === undefined ? Number(decimal) : parseInt(hex, 16)),
  );
}

function fromEscapes(text: string): string {
  return text.replace(
    /\\(?:u00|x)([0-9a-f]{2})|\\([0-7]{2,3})/gi,
    (_all, hex?: string, octal?: string) =>
      String.fromCharCode(hex === undefined ? parseInt(octal ?? "0", 8) : parseInt(hex, 16)),
  );
}

/** Base32 with the alphabet of RFC 4648; the padding is left off. */
function fromBase32(text: string): string {
  let bits = 0;
  let count = 0;
  let decoded = "";
  for (const character of text) {
    bits = (bits << 5) | BASE32_ALPHABET.indexOf(character);
    count += 5;
    if (count < 8) continue;
    count -= 8;
    decoded += String.fromCharCode((bits >> count) & 0xff);
    bits &= (1 << count) - 1;
  }
  return decoded;
}
const BASE32_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
