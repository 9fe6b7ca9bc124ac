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
const BASE64 = /[A-Za-z0-9+/_-]{14,4000}={0,2}/g;
const PERCENT = /(?:%[0-9a-f]{2}|[\w.-]){12,2000}/gi;

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
  for (const match of text.matchAll(BASE64)) add(match, fromBase64(match[0]));
  for (const match of text.matchAll(HEX)) add(match, fromHex(match[0].replace(/0x|\\x|[ :,]/gi, "")));
  if (text.includes("%")) {
    for (const match of text.matchAll(PERCENT)) if (match[0].includes("%")) add(match, fromPercent(match[0]));
  }
  return parts;
}

function fromPercent(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_all, pair: string) => String.fromCharCode(parseInt(pair, 16)));
}
