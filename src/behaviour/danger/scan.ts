import { latinised } from "../fold.ts";
import { type Danger, Scene, type Span } from "./matchers.ts";
import { DANGERS } from "./mod.ts";

export interface Hit extends Span {
  readonly danger: Danger;
}

const MAX_WORD = 24;
const LONG_WORD = 12;
const PREFIX = 4;

/** Where the dangers of one prompt category are looked for: anchor to dangers, made once per category. */
export class Scanner {
  readonly #words = new Map<string, readonly Danger[]>();
  readonly #prefixes = new Map<string, readonly Danger[]>();
  readonly #calls: readonly Danger[];
  readonly #numbers: readonly Danger[];

  constructor(category: string) {
    const applicable = DANGERS.filter(({ only }) => only === undefined || only.some((c) => c === category));
    for (const danger of applicable) {
      for (const anchor of danger.anchors) {
        const [index, key] = anchor.endsWith("*")
          ? [this.#prefixes, anchor.slice(0, -1)]
          : [this.#words, latinised(anchor)];
        index.set(key, [...(index.get(key) ?? []), danger]);
      }
    }
    this.#calls = this.#words.get("()") ?? [];
    this.#numbers = this.#words.get("#") ?? [];
  }

  /**
   * All dangers in a scene, in the order of their anchors; "too-dense" when there are so many places to look at
   * that the text was made to tire the reader out. The cost is linear in the text.
   */
  *scan(scene: Scene): Generator<Hit, "done" | "too-dense"> {
    const text = scene.text.latin;
    for (const [start, dangers] of this.#anchors(text)) {
      for (const danger of dangers) {
        scene.spend(1);
        if (scene.isSpent) return "too-dense";
        const span = danger.match(scene, start);
        if (span !== null) yield { ...span, danger };
      }
    }
    return "done";
  }

  *#anchors(text: string): Generator<readonly [start: number, dangers: readonly Danger[]]> {
    let at = 0;
    while (at < text.length) {
      const kind = kindOf(text.charCodeAt(at));
      if (kind === Kind.Other) {
        if (text.charCodeAt(at) === OPEN && text.charCodeAt(at + 1) === OPEN + 1) yield [at, this.#calls];
        at++;
        continue;
      }
      const start = at;
      let digits = true;
      do {
        if (!isDigit(text.charCodeAt(at))) digits = false;
        at++;
      } while (at < text.length && kindOf(text.charCodeAt(at)) === kind);
      const length = at - start;
      if (digits) yield [start, this.#numbers];
      if (length <= MAX_WORD) {
        const dangers = this.#words.get(text.slice(start, at));
        if (dangers !== undefined) yield [start, dangers];
      }
      if (length >= LONG_WORD || digits || isShortAccount(length)) {
        for (let size = 2; size <= PREFIX + 1; size++) {
          const dangers = this.#prefixes.get(text.slice(start, start + size));
          if (dangers !== undefined) yield [start, dangers];
        }
      }
    }
  }
}

/** `DE89 3704 …`: the first group of a bank account number stands alone. */
function isShortAccount(length: number): boolean {
  return length === 4;
}

/** Letters of scripts without spaces are no part of the Latin word beside them. */
const enum Kind {
  Other,
  Word,
}

const OPEN = 0x28;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function kindOf(code: number): Kind {
  if (code >= 0x61 && code <= 0x7a) return Kind.Word;
  if (isDigit(code) || code === 0x5f) return Kind.Word;
  return code >= 0xc0 && code < 0x2000 ? Kind.Word : Kind.Other;
}
