import { type Code, get, lane, op } from "./assemble.ts";

/** Where a kernel writes its results, in bytes from the result address: doubles first, then counters. */
export const RESULT = {
  sum: 0,
  sumOfSquares: 8,
  minimum: 16,
  maximum: 24,
  codeSum: 32,
  codeSumOfSquares: 40,
  zeros: 48,
  /** Elements that are finite (floats), or steps left out for a scale that is not finite (block formats). */
  special: 52,
  notANumber: 56,
} as const;

/** Shuffle that brings the upper half of a vector down. */
export const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** Sum of the four 32-bit lanes of the vector in a local. */
export function sumOfLanes(counter: number): Code {
  const lanes = [0, 1, 2, 3].map((index) => lane("i32x4", get(counter), index));
  return lanes.reduce((left, right) => op("i32.add", left, right));
}
