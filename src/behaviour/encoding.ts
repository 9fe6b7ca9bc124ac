/** Bytes are kept as Latin-1 text: what is looked for in them is ASCII. */
export function fromHex(text: string): string {
  return text.replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16)));
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

const HEX = /(?:(?:0x|\\x)?[0-9a-f]{2}[ :,]{0,2}){8,2000}/gi;
const PERCENT = /(?:%[0-9a-f]{2}|[\w.-]){12,2000}/gi;
const WHOLE_BASE64 = /^[A-Za-z0-9+/]{14,}={0,2}$/;
const BASE32 = /^[A-Z2-7]{16,}$/;
const ENTITIES = /(?:&#(?:x[0-9a-f]{2,4}|\d{2,5});[ ]?|[\w.-]){6,2000}/gi;
const ESCAPES = /(?:\\(?:u00[0-9a-f]{2}|x[0-9a-f]{2}|[0-7]{2,3})|[\w.-]){6,2000}/gi;

/**
 * Runs of the letters of base64, of either alphabet and without padding, that are long enough for a phrase. Only one
 * character in so many has to be looked at, as a run cannot hide between two of them.
 */
function longRuns(text: string): readonly { readonly start: number; readonly end: number }[] {
  const runs: { start: number; end: number }[] = [];
  let free = 0;
  for (let at = MIN_RUN - 1; at < text.length; at += MIN_RUN) {
    if (!isInBase64(text.charCodeAt(at))) continue;
    let start = at;
    while (start > free && isInBase64(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && isInBase64(text.charCodeAt(end))) end++;
    if (end - start >= MIN_RUN) runs.push({ start, end });
    free = end;
    at = end;
  }
  return runs;
}
const MIN_RUN = 14;

function isInBase64(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x2f && code <= 0x39) ||
    code === 0x2b || code === 0x2d || code === 0x5f;
}

/** What the encoded parts of a text say, one a line, and where each stood. */
export interface Decoded {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export function decodedParts(text: string): readonly Decoded[] {
  const parts: Decoded[] = [];
  const add = (match: RegExpMatchArray, decoded: string | null) => {
    if (decoded === null || !isReadable(decoded)) return;
    const start = match.index ?? 0;
    parts.push({ text: decoded, start, end: start + match[0].length });
  };
  for (const { start, end } of longRuns(text)) {
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
  for (const match of text.matchAll(HEX)) add(match, fromHex(match[0].replace(/0x|\\x|[ :,]/gi, "")));
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
    for (const match of text.matchAll(PERCENT)) if (match[0].includes("%")) add(match, fromPercent(match[0]));
  }
  return parts;
}

function fromPercent(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_all, pair: string) => String.fromCharCode(parseInt(pair, 16)));
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
