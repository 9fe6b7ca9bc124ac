import { UNSPACED } from "../phrases.ts";
import type { Words } from "./coaxing_words.ts";

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
