import { UNSPACED } from "../phrases.ts";

/** Words by language, in lower case; those that end in `*` are stems. Apostrophes are plain. */
export type Words = Readonly<Record<string, readonly string[]>>;

/** One expression for all words of all languages: whole words, stems, and parts of words where no spaces are put. */
export function expressionOf(...tables: readonly Words[]): RegExp {
  const all = [...new Set(tables.flatMap((words) => Object.values(words).flat()))];
  const bare = all.filter((word) => UNSPACED.test(word));
  const spaced = all.filter((word) => !UNSPACED.test(word));
  const stems = spaced.filter((word) => word.endsWith("*")).map((word) => word.slice(0, -1));
  const whole = spaced.filter((word) => !word.endsWith("*"));
  const within = [
    ...stems,
    ...(whole.length === 0 ? [] : [`(?:${whole.join("|")})(?![\\p{L}\\p{M}\\p{N}])`]),
  ];
  const parts = within.length === 0 ? bare : [`(?<![\\p{L}\\p{M}\\p{N}])(?:${within.join("|")})`, ...bare];
  return new RegExp(parts.join("|"), "u");
}

/**
 * Where the words of a table are looked for: those of several parts at their last one ("mot de passe" at "passe"),
 * long stems at their beginning.
 */
export function anchorsOf(words: Words): readonly string[] {
  return [...new Set(Object.values(words).flat().flatMap(anchorOf))];
}

function anchorOf(word: string): readonly string[] {
  const last = word.split(/[ -]/).filter((part) => part.length >= 3).slice(-1);
  return (last.length === 0 ? [word] : last)
    .map((part) => part.endsWith("*") ? `${part.slice(0, MAX_STEM).replace("*", "")}*` : part);
}
/** The longest beginning that the scanner tells words by. */
const MAX_STEM = 6;

/** The sentence that a place stands in, as far as it reaches. */
export function sentenceAround(text: string, at: number): string {
  const before = text.slice(Math.max(0, at - REACH), at);
  const after = text.slice(at, at + REACH);
  const start = Math.max(...[...before.matchAll(END)].map(({ index }) => index + 1), 0);
  const end = after.search(END_ONCE);
  return before.slice(start) + (end < 0 ? after : after.slice(0, end));
}
const REACH = 140;
const END = /[.!?](?=\s)|[。！？؟।\n]/gu;
const END_ONCE = /[.!?](?=\s|$)|[。！？؟।\n]/u;
