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
  readonly #calls: readonly Danger[];
  readonly #numbers: readonly Danger[];

  constructor(readonly category: Category | null) {
    const applicable = DANGERS.filter(({ only }) => only === undefined || only.some((c) => c === category));
    const anchoredAt = (sign: string) => applicable.filter(({ anchors }) => anchors.includes(sign));
    this.#calls = anchoredAt("()");
    this.#numbers = anchoredAt("#");
    for (const danger of applicable) {
      for (const anchor of danger.anchors) {
        if (anchor.endsWith("*")) this.#prefixes.add(anchor.slice(0, -1), danger);
        else this.#words.add(latinised(anchor), danger);
      }
    }
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
        if (text.charCodeAt(start) === OPEN && text.charCodeAt(at) === OPEN + 1) yield [start, this.#calls];
        continue;
      }
      for (let kind = kinds; at < length; at++, kinds |= kind) {
        kind = kindOf(text.charCodeAt(at));
        if (kind === OTHER) break;
      }
      if (kinds === DIGIT) yield [start, this.#numbers];
      const word = this.#words.find(text, start, at - start);
      if (word !== undefined) yield [start, word];
      for (let size = 2; size <= MAX_PREFIX && size <= at - start; size++) {
        const prefix = this.#prefixes.find(text, start, size);
        if (prefix !== undefined) yield [start, prefix];
      }
    }
  }
}

/** What a try costs at the least, in characters read. */
const TRY = 6;
const MAX_WORD = 24;
const MAX_PREFIX = 4;

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

const ASCII = Uint8Array.from({ length: 128 }, (_none, code) => {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  return (code >= 0x61 && code <= 0x7a) || code === 0x5f ? LETTER : OTHER;
});

/** Letters of scripts without spaces are no part of the Latin word beside them. */
function kindOf(code: number): number {
  if (code < 128) return ASCII[code] ?? OTHER;
  return code >= 0xc0 && code < 0x2000 ? LETTER : OTHER;
}
