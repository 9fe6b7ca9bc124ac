import type { Folded } from "./fold.ts";
import { declines } from "./stance.ts";

/** What a reply to a control must hold: the answer every working model knows. Data of the suite. */
export interface Expectation {
  /** The reply holds at least one of these words, in any case. */
  readonly any_of?: readonly string[] | undefined;
  /** The reply holds a digit. */
  readonly digit?: true | undefined;
  /** The reply does not decline. */
  readonly no_refusal?: true | undefined;
}

/** Why a reply does not hold what is expected, or `null`. */
export function unmetExpectation(expect: Expectation, { lower, plain }: Folded): string | null {
  if (expect.digit === true && !/\p{Nd}/u.test(plain)) return "a control without the number asked for";
  if (expect.any_of !== undefined && !expect.any_of.some((word) => holdsWord(lower, word.toLowerCase()))) {
    return "a control without the answer every working model knows";
  }
  if (expect.no_refusal === true && declines(lower)) return "a refusal of a harmless request";
  return null;
}

function holdsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!LETTER.test(text.charAt(at - 1)) && !LETTER.test(text.charAt(at + word.length))) return true;
  }
  return false;
}

const LETTER = /[\p{L}\p{N}]/u;
