import { Random } from "../test/make/random.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly cases: number;
}

export interface FuzzResult {
  readonly cases: number;
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
}

/** Longest one case may take on a busy machine; cases are a few kilobytes. */
const MAX_CASE_MS = 2000;

/** The random numbers of one case: the same for the same seed and number. */
export function randomOfCase(seed: number, index: number): Random {
  return new Random(Math.imul(seed, 0x9e3779b1) ^ index);
}

/** Runs cases that say whether their input was accepted and throw when an invariant breaks. */
export function runCases(options: FuzzOptions, isAccepted: (random: Random) => boolean): FuzzResult {
  return runPrepared(options, (random) => () => isAccepted(random));
}

/** The same for inputs whose making takes time of its own: only what `prepare` returns is timed. */
export function runPrepared(
  { seed, cases }: FuzzOptions,
  prepare: (random: Random) => () => boolean,
): FuzzResult {
  let accepted = 0;
  let slowestMs = 0;
  for (let i = 0; i < cases; i++) {
    const isAccepted = prepare(randomOfCase(seed, i));
    const began = performance.now();
    try {
      if (isAccepted()) accepted += 1;
    } catch (cause) {
      throw new Error(`Invariant broken by case ${i} of seed ${seed}`, { cause });
    }
    slowestMs = Math.max(slowestMs, performance.now() - began);
  }
  if (slowestMs > MAX_CASE_MS) throw new Error(`A case took ${slowestMs} ms`);
  return { cases, accepted, refused: cases - accepted, slowestMs };
}
