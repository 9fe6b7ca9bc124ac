import { IDIOMS, OFFERS, REPORTS, TURNS } from "./complying.ts";
import { REFUSALS, WARNINGS } from "./declining.ts";

/** Phrases by language, in lower case, as they stand in a sentence. Apostrophes are plain. */
export type Phrases = Readonly<Record<string, readonly string[]>>;

/** One check of what follows for all phrases together: one each makes an expression that takes 70 ms to read. */
function expression(phrases: Phrases): RegExp {
  const all = Object.values(phrases).flat().sort((a, b) => b.length - a.length);
  const unspaced = all.filter((p) => UNSPACED.test(p));
  const spaced = all.filter((p) => !UNSPACED.test(p));
  const stems = spaced.filter((p) => p.endsWith("*")).map((p) => p.slice(0, -1));
  const words = spaced.filter((p) => !p.endsWith("*"));
  const within = [...stems, `(?:${words.join("|")})(?![\\p{L}\\p{N}])`];
  return new RegExp([`(?<![\\p{L}\\p{N}])(?:${within.join("|")})`, ...unspaced].join("|"), "gu");
}

/** Languages that put no space between words. A phrase that ends in `*` is a stem: endings may follow. */
export const UNSPACED = /[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

/** All are global expressions: use `matchAll`, or `search`. */
export const PHRASES = {
  refusal: expression(REFUSALS),
  warning: expression(WARNINGS),
  offer: expression(OFFERS),
  idiom: expression(IDIOMS),
  turn: expression(TURNS),
  report: expression(REPORTS),
} as const;
