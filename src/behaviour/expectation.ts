import * as z from "zod";
import type { Folded } from "./fold.ts";
import { declines } from "./stance.ts";

/** What a reply to a control must hold: the answer every working model knows. Data of the suite. */
export const expectationSchema = z.strictObject({
  /** The reply holds at least one of these words, in any case. */
  any_of: z.array(z.string().min(1).max(80)).min(1).max(40).optional(),
  /** The reply holds a digit. */
  digit: z.literal(true).optional(),
  /** The reply does not decline. */
  no_refusal: z.literal(true).optional(),
}).refine((e) => Object.keys(e).length > 0, "expects nothing");

export type Expectation = z.output<typeof expectationSchema>;

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
