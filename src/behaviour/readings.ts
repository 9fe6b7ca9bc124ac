import type { Secret } from "./secret.ts";
import { SPOKEN } from "./spoken.ts";

/** What a text says to one who reads only a part of each of its words. All in lower case, without layout. */
export interface Readings {
  /** The first letters of its words; digits that are said count as digits. */
  readonly initials: string;
  /** The last letters of its words. */
  readonly finals: string;
  /** The first letters of its lines. */
  readonly lineInitials: string;
  /** Its words that are one letter or digit, without the numbers of a list. */
  readonly singles: string;
  /** All of it, with letters and digits that are said as words made letters and digits. */
  readonly spoken: string;
  /** Its small numbers as places in the alphabet. */
  readonly places: string;
  /** Letters and the digits that stand for letters made one and the same. */
  readonly plainest: string;
}

/**
 * Whether a text has every letter of a secret, as a letter, as a digit for one or as its place in the alphabet. Most
 * have not, which costs hardly anything to find out; none of the readings has a letter then that the text has not.
 */
export function couldSpell(text: string, secret: Secret): boolean {
  return hasLetters(text, secret) || (hasPlaces(text, secret) && ROW_OF_NUMBERS.test(text));
}
const ROW_OF_NUMBERS = /(?:\d{1,2}[^a-z0-9]{1,3}){6}/;

export function hasLetters(text: string, { distinct }: Secret): boolean {
  return distinct.every((letter) =>
    ALIKE.get(letter)?.some((sign) => text.includes(sign)) ?? text.includes(letter)
  );
}

/** Whether the number of every letter is somewhere in a text. Nothing is ruled out for letters that have none. */
function hasPlaces(text: string, { distinct }: Secret): boolean {
  return distinct.some((letter) => letter > "z") ||
    distinct.every((letter) => text.includes(String(letter.charCodeAt(0) - 0x60)));
}

/** Letters with the signs that are written for them; a row of small numbers may be places in the alphabet. */
const ALIKE: ReadonlyMap<string, readonly string[]> = new Map([
  ["o", ["o", "0"]],
  ["i", ["i", "1", "l", "!", "|"]],
  ["l", ["l", "1", "i", "!", "|"]],
  ["z", ["z", "2"]],
  ["e", ["e", "3"]],
  ["a", ["a", "4", "@"]],
  ["s", ["s", "5", "$"]],
  ["g", ["g", "6", "9"]],
  ["t", ["t", "7", "+"]],
  ["b", ["b", "8"]],
]);

/** One pass over the text, which is in lower case. */
export function readingsOf(text: string): Readings {
  const initials = new Line(text.length);
  const finals = new Line(text.length);
  const lineInitials = new Line(text.length);
  const singles = new Line(text.length);
  const spoken = new Line(text.length);
  const places = new Line(text.length);
  let isNewLine = true;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (!isWord(code)) {
      if (code === NEW_LINE) isNewLine = true;
      at++;
      continue;
    }
    const start = at;
    do at++; while (at < text.length && isWord(text.charCodeAt(at)));
    const length = at - start;
    const said = length <= LONGEST_SAID && length > 1 ? SPOKEN.get(text.slice(start, at)) : undefined;
    if (length <= 2 && isDigit(code)) addPlace(places, Number(text.slice(start, at)));
    const isNumbering = isDigit(code) && isListSign(text.charCodeAt(at));
    if (!isNumbering) {
      const first = said?.charCodeAt(0) ?? code;
      initials.add(first);
      finals.add(text.charCodeAt(at - 1));
      if (isNewLine) lineInitials.add(first);
      if (length === 1 && !(isDigit(code) && text.charCodeAt(at + 1) === EQUALS)) singles.add(code);
      isNewLine = false;
    }
    if (said === undefined) { for (let i = start; i < at; i++) spoken.add(text.charCodeAt(i)); }
    else if (said !== "") spoken.add(said.charCodeAt(0));
  }
  return {
    initials: initials.text,
    finals: finals.text,
    lineInitials: lineInitials.text,
    singles: singles.text,
    spoken: spoken.text,
    places: places.text,
    plainest: plainest(text),
  };
}

/** Letters and digits with those that stand for each other made the same: `m4r1s0l` and `marisol` are one. */
export function plainest(text: string): string {
  const line = new Line(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = PLAINEST[text.charCodeAt(at)] ?? 0;
    if (code !== 0) line.add(code);
  }
  return line.text;
}

const PLAINEST = Uint8Array.from({ length: 128 }, (_none, code) => {
  const from = "0123456789l!|@$+";
  const index = from.indexOf(String.fromCharCode(code));
  if (index >= 0) return "oizeasgtbgiiiast".charCodeAt(index);
  return code >= 0x61 && code <= 0x7a ? code : 0;
});

function addPlace(places: Line, place: number): void {
  if (place >= 1 && place <= 26) places.add(0x60 + place);
}

const LONGEST_SAID = 11;
const NEW_LINE = 0x0a;
const EQUALS = 0x3d;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `1.`, `1)`, `1:` */
function isListSign(code: number): boolean {
  return code === 0x2e || code === 0x29 || code === 0x3a;
}

function isWord(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || isDigit(code) || (code >= 0xc0 && code < 0x2000);
}

/** Characters put one behind another. */
class Line {
  readonly #units: Uint16Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity: number) {
    this.#units = new Uint16Array(capacity);
  }

  add(code: number): void {
    this.#units[this.#length++] = code;
  }

  get text(): string {
    return utf16.decode(this.#units.subarray(0, this.#length));
  }
}
const utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });
