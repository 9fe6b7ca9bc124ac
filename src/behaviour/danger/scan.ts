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
   * All dangers in a scene, in the order of their anchors; "too-dense" when there are so many places to look at
   * that the text was made to tire the reader out. The cost is linear in the text.
   */
  *scan(scene: Scene): Generator<Hit, "done" | "too-dense"> {
    for (const [start, dangers] of this.#anchors(scene.text.latin)) {
      const cost = dangers === this.#numbers ? TRY_AT_NUMBER : TRY;
      for (const danger of dangers) {
        scene.spend(cost);
        if (scene.isSpent) return "too-dense";
        const span = danger.match(scene, start);
        if (span !== null) yield { ...span, danger };
      }
    }
    return "done";
  }

  *#anchors(text: string): Generator<readonly [start: number, dangers: readonly Danger[]]> {
    const length = text.length;
    for (let at = 0; at < length;) {
      const start = at;
      let kinds = kindOf(text.charCodeAt(at++));
      if (kinds === OTHER) {
        const code = text.charCodeAt(start);
        if (code === OPEN && text.charCodeAt(at) === OPEN + 1) yield [start, this.#calls];
        if (!isUnspaced(code)) continue;
        for (const [word, dangers] of this.#unspaced.get(code) ?? []) {
          if (text.startsWith(word, start)) yield [start, dangers];
        }
        continue;
      }
      for (let kind = kinds; at < length; at++, kinds |= kind) {
        kind = kindOf(text.charCodeAt(at));
        if (kind === OTHER) break;
      }
      if (kinds === DIGIT) yield [start, this.#numbers];
      const word = this.#words.find(text, start, at - start);
      if (word !== undefined) yield [start, word];
      const lengths = this.#prefixes.lengthsAt(text, start);
      for (let size = 2; lengths >> size !== 0 && size <= at - start; size++) {
        const prefix = this.#prefixes.find(text, start, size);
        if (prefix !== undefined) yield [start, prefix];
      }
    }
  }
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
    const slot = slotOf(word, 0);
    this.#lengths[slot] = (this.#lengths[slot] ?? 0) | (1 << word.length);
  }

  /** The lengths of what begins so, a bit for each; other words may share them. */
  lengthsAt(text: string, start: number): number {
    return this.#lengths[slotOf(text, start)] ?? 0;
  }

  find(text: string, start: number, length: number): readonly Danger[] | undefined {
    if (length === 1) return this.#dangers.get(text.charAt(start));
    if (length > this.maxLength || (this.lengthsAt(text, start) & (1 << length)) === 0) return undefined;
    return this.#dangers.get(text.slice(start, start + length));
  }
}

const SLOTS = 2048;

function slotOf(text: string, start: number): number {
  return (text.charCodeAt(start) * 37 + text.charCodeAt(start + 1)) & (SLOTS - 1);
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

/** Scripts that put no space between words: Thai to Burmese, Khmer, and those of East Asia. */
function isUnspaced(code: number): boolean {
  return (code >= 0xe00 && code < 0x10a0) || (code >= 0x1780 && code < 0x1800) ||
    (code >= 0x3040 && code < 0xd7b0);
}
