import type { Category } from "../categories.ts";
import { latinised } from "../fold.ts";
import { type Danger, Scene, type Span } from "./matchers.ts";
import { DANGERS } from "./mod.ts";

export interface Hit extends Span {
  readonly danger: Danger;
}

/** Where the dangers of one prompt category are looked for. Made once per category: it indexes all anchors. */
export class Scanner {
  readonly #words = new Index(MAX_WORD);
  readonly #prefixes = new Index(MAX_PREFIX);
  readonly #unspaced = new Map<number, [word: string, dangers: readonly Danger[]][]>();
  readonly #calls: readonly Danger[];
  readonly #numbers: readonly Danger[];

  constructor(readonly category: Category | null) {
    const applicable = DANGERS.filter(({ only }) => only === undefined || only.some((c) => c === category));
    const anchoredAt = (sign: string) => applicable.filter(({ anchors }) => anchors.includes(sign));
    this.#calls = anchoredAt("()");
    this.#numbers = anchoredAt("#");
    for (const danger of applicable) {
      for (const anchor of danger.anchors) {
        if (isUnspaced(anchor.charCodeAt(0))) this.#addUnspaced(anchor, danger);
        else if (anchor.endsWith("*")) this.#prefixes.add(latinised(anchor.slice(0, -1)), danger);
        else this.#words.add(latinised(anchor), danger);
      }
    }
  }

  #addUnspaced(anchor: string, danger: Danger): void {
    const code = anchor.charCodeAt(0);
    const entries = this.#unspaced.get(code) ?? [];
    const known = entries.find(([word]) => word === anchor);
    if (known === undefined) entries.push([anchor, [danger]]);
    else known[1] = [...known[1], danger];
    this.#unspaced.set(code, entries);
  }

  /**
   * Gives all dangers in a scene to `isLast`, in the order of their anchors, until it says that it wants no more;
   * "too-dense" when there are so many places to look at that the text was made to tire the reader out. The cost is
   * linear in the text.
   */
  scan(scene: Scene, isLast: (hit: Hit) => boolean): End {
    const text = scene.text.latin;
    const length = text.length;
    for (let at = 0; at < length;) {
      const start = at;
      const first = text.charCodeAt(at++);
      let kinds = kindOf(first);
      if (kinds === OTHER) {
        if (first !== OPEN && first < FIRST_UNSPACED) continue;
        const end = this.#trySign(scene, start, isLast);
        if (end !== null) return end;
        continue;
      }
      for (let kind = kinds; at < length; at++, kinds |= kind) {
        kind = kindOf(text.charCodeAt(at));
        if (kind === OTHER) break;
      }
      const size = at - start;
      const slot = slotOf(first, size > 1 ? text.charCodeAt(start + 1) : 0);
      const words = this.#words.lengthsIn(slot);
      const prefixes = this.#prefixes.lengthsIn(slot);
      if ((words | prefixes) === 0 && kinds !== DIGIT) continue;
      const end = (kinds === DIGIT ? this.#try(scene, start, this.#numbers, isLast) : null) ??
        this.#tryWord(scene, { start, size, words, prefixes }, isLast);
      if (end !== null) return end;
    }
    return "done";
  }

  /** A pair of parentheses, or words of a script without spaces. */
  #trySign(scene: Scene, start: number, isLast: (hit: Hit) => boolean): End | null {
    const text = scene.text.latin;
    const code = text.charCodeAt(start);
    if (code === OPEN) {
      return text.charCodeAt(start + 1) === OPEN + 1 ? this.#try(scene, start, this.#calls, isLast) : null;
    }
    for (const [word, dangers] of this.#unspaced.get(code) ?? []) {
      const end = text.startsWith(word, start) ? this.#try(scene, start, dangers, isLast) : null;
      if (end !== null) return end;
    }
    return null;
  }

  #tryWord(scene: Scene, { start, size, words, prefixes }: Word, isLast: (hit: Hit) => boolean): End | null {
    const text = scene.text.latin;
    const word = holdsLength(words, size) ? this.#words.get(text.slice(start, start + size)) : undefined;
    const end = word === undefined ? null : this.#try(scene, start, word, isLast);
    if (end !== null) return end;
    for (let length = 2; prefixes >> length !== 0 && length <= size; length++) {
      if (!holdsLength(prefixes, length)) continue;
      const prefix = this.#prefixes.get(text.slice(start, start + length));
      const end = prefix === undefined ? null : this.#try(scene, start, prefix, isLast);
      if (end !== null) return end;
    }
    return null;
  }

  #try(scene: Scene, start: number, dangers: readonly Danger[], isLast: (hit: Hit) => boolean): End | null {
    const cost = dangers === this.#numbers ? TRY_AT_NUMBER : TRY;
    for (let i = 0; i < dangers.length; i++) {
      const danger = dangers[i];
      if (danger === undefined) break;
      scene.spend(cost);
      if (scene.isSpent) return "too-dense";
      const span = danger.match(scene, start);
      if (span !== null && isLast({ start: span.start, end: span.end, danger })) return "done";
    }
    return null;
  }
}

type End = "done" | "too-dense";

/** A word of the text, with the lengths of the anchors that begin as it does, a bit for each. */
interface Word {
  readonly start: number;
  readonly size: number;
  readonly words: number;
  readonly prefixes: number;
}

/** What a try costs at the least, in characters read. */
const TRY = 6;
/** Numbers are many in harmless texts, and told from what is looked for by their first digits. */
const TRY_AT_NUMBER = 3;
const MAX_WORD = 24;
const MAX_PREFIX = 6;

/** Words to dangers, with a table by their first two letters that says of most words at once that they are not in it. */
class Index {
  readonly #dangers = new Map<string, Danger[]>();
  readonly #lengths: Uint32Array = new Uint32Array(SLOTS);

  constructor(readonly maxLength: number) {}

  add(word: string, danger: Danger): void {
    if (word.length > this.maxLength) throw new RangeError(`Cannot index ${word}: too long for an anchor`);
    const known = this.#dangers.get(word);
    if (known !== undefined) {
      known.push(danger);
      return;
    }
    this.#dangers.set(word, [danger]);
    const slot = slotOf(word.charCodeAt(0), word.length > 1 ? word.charCodeAt(1) : 0);
    this.#lengths[slot] = this.lengthsIn(slot) | (1 << word.length);
  }

  /** The lengths of what begins so, a bit for each; other words may share them. */
  lengthsIn(slot: number): number {
    return this.#lengths[slot] ?? 0;
  }

  get(word: string): readonly Danger[] | undefined {
    return this.#dangers.get(word);
  }
}

const SLOTS = 2048;

/** By the first two characters of a word, the second of which is 0 in a word of one. */
function slotOf(first: number, second: number): number {
  return (first * 37 + second) & (SLOTS - 1);
}

function holdsLength(lengths: number, length: number): boolean {
  return length <= MAX_WORD && (lengths & (1 << length)) !== 0;
}

const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;
const OPEN = 0x28;

/** Commas, stops and question marks of Greek, Armenian, Hebrew, Arabic and Devanagari. */
const STOPS: ReadonlySet<number> = new Set(
  [0x37e, 0x387, 0x589, 0x5be, 0x5c3, 0x60c, 0x61b, 0x61f, 0x6d4, 0x964, 0x965],
);

/** Letters of scripts without spaces are no part of the Latin word beside them. */
const KINDS = Uint8Array.from({ length: 0x2000 }, (_none, code) => {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  if (code < 128) return (code >= 0x61 && code <= 0x7a) || code === 0x5f ? LETTER : OTHER;
  return code >= 0xc0 && !isUnspaced(code) && !STOPS.has(code) ? LETTER : OTHER;
});

function kindOf(code: number): number {
  return KINDS[code] ?? OTHER;
}

/** No script without spaces is before it. */
const FIRST_UNSPACED = 0xe00;

/** Scripts that put no space between words: Thai to Burmese, Khmer, and those of East Asia. */
function isUnspaced(code: number): boolean {
  return (code >= 0xe00 && code < 0x10a0) || (code >= 0x1780 && code < 0x1800) ||
    (code >= 0x3040 && code < 0xd7b0);
}
