import type { JsonLimits } from "./limits.ts";
import type { Refuse } from "./text.ts";

/** Longest number read: any double can be written in far fewer characters. */
export const MAX_NUMBER_CHARACTERS = 512;

const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** The value of a number as it is written; `at` is its index, for the refusal. */
export function parseNumber(
  text: string,
  at: number,
  numbers: JsonLimits["numbers"],
  refuse: Refuse,
): number | bigint {
  if (!NUMBER.test(text)) return refuse("json/syntax", `${text} is not a number of JSON`, at);
  const value = Number(text);
  if (!INTEGER.test(text) || Object.is(value, -0)) {
    if (numbers === "integers") {
      return refuse("json/number-form", `${text} stands where a whole number in plain digits is due`, at);
    }
    if (!Number.isFinite(value)) return refuse("json/number-range", `${text} is larger than any double`, at);
    return value;
  }
  if (Number.isSafeInteger(value)) return value;
  if (numbers === "any") return BigInt(text);
  return refuse("json/unsafe-integer", `${text} is beyond 2^53 - 1, where readers begin to round`, at);
}
