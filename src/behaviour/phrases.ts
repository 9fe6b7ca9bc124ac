import { IDIOMS, OFFERS, REPORTS, TURNS } from "./complying.ts";
import { REFUSALS, WARNINGS } from "./declining.ts";

/** Phrases by language, in lower case, as they stand in a sentence. Apostrophes are plain. */
export type Phrases = Readonly<Record<string, readonly string[]>>;

function expression(phrases: Phrases): RegExp {
  const all = Object.values(phrases).flat().sort((a, b) => b.length - a.length);
  const spaced = all.filter((p) => !UNSPACED.test(p));
  const unspaced = all.filter((p) => UNSPACED.test(p));
  const whole = `(?<![\\p{L}\\p{N}])(?:${spaced.map(stem).join("|")})`;
  return new RegExp(unspaced.length === 0 ? whole : `${whole}|${unspaced.join("|")}`, "gu");
}

/** Languages that put no space between words. */
const UNSPACED = /[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

/** A phrase that ends in `*` is a stem: endings may follow. */
function stem(phrase: string): string {
  return phrase.endsWith("*") ? phrase.slice(0, -1) : `${phrase}(?![\\p{L}\\p{N}])`;
}

/** All are global expressions: use `matchAll`, or `search`. */
export const PHRASES = {
  refusal: expression(REFUSALS),
  warning: expression(WARNINGS),
  offer: expression(OFFERS),
  idiom: expression(IDIOMS),
  turn: expression(TURNS),
  report: expression(REPORTS),
} as const;
