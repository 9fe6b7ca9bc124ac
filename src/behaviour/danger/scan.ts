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
      for (const danger of dangers) {
        scene.spend(TRY);
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
      for (
        let lengths = this.#prefixes.lengthsAt(text.charCodeAt(start)), size = 2;
        lengths >> size !== 0;
        size++
      ) {
        if (size > at - start) break;
        if ((lengths >> size & 1) === 0) continue;
        const prefix = this.#prefixes.find(text, start, size);
        if (prefix !== undefined) yield [start, prefix];
      }
    }
  }
}

/** What a try costs at the least, in characters read. */
const TRY = 3;
const MAX_WORD = 24;
const MAX_PREFIX = 6;

/** Words to dangers, with a table that says at once for most words that they are not in it. */
class Index {
  readonly #dangers = new Map<string, readonly Danger[]>();
  readonly #lengths: Uint32Array = new Uint32Array(128);

  constructor(readonly maxLength: number) {}

  add(word: string, danger: Danger): void {
    if (word.length > this.maxLength) throw new RangeError(`Cannot index ${word}: too long for an anchor`);
    this.#dangers.set(word, [...(this.#dangers.get(word) ?? []), danger]);
    const slot = word.charCodeAt(0) & 127;
    this.#lengths[slot] = (this.#lengths[slot] ?? 0) | (1 << word.length);
  }

  /** The lengths of what begins so, a bit for each; others may begin so too. */
  lengthsAt(code: number): number {
    return this.#lengths[code & 127] ?? 0;
  }

  find(text: string, start: number, length: number): readonly Danger[] | undefined {
    if (length > this.maxLength) return undefined;
    if (((this.#lengths[text.charCodeAt(start) & 127] ?? 0) & (1 << length)) === 0) return undefined;
    return this.#dangers.get(text.slice(start, start + length));
  }
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
