import * as z from "zod";

/** How often a duration fell between two bounds: what Prometheus calls a histogram, not yet cumulative. */
export interface Histogram {
  /** One more than there are bounds: the last one counts what is longer than all of them. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

/**
 * Upper bounds in seconds for a whole admission. 300, 900 and 1800 are those of the objectives, so that the share
 * below each is counted and not estimated.
 */
export const PIPELINE_BOUNDS = [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600] as const;

/** Upper bounds in seconds for one stage. */
export const STAGE_BOUNDS = [0.01, 0.05, 0.25, 1, 5, 15, 60, 120, 300, 600, 1800] as const;

export function emptyHistogram(bounds: readonly number[]): Histogram {
  return { counts: Array.from({ length: bounds.length + 1 }, () => 0), sumSeconds: 0 };
}

/** The histogram with one more duration in it. */
export function observe(histogram: Histogram, bounds: readonly number[], seconds: number): Histogram {
  const longerThanAll = bounds.length;
  const found = bounds.findIndex((bound) => seconds <= bound);
  const bucket = found === -1 ? longerThanAll : found;
  return {
    counts: histogram.counts.map((count, index) => index === bucket ? count + 1 : count),
    sumSeconds: Math.round((histogram.sumSeconds + seconds) * 1000) / 1000,
  };
}

/** How many there were in all. */
export function countOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How many took at most `bound` seconds, which must be one of the bounds. */
export function countWithin({ counts }: Histogram, bounds: readonly number[], bound: number): number {
  const end = bounds.indexOf(bound);
  if (end === -1) throw new RangeError(`Cannot count up to ${bound} s: it is no bound of this histogram`);
  return counts.slice(0, end + 1).reduce((sum, count) => sum + count, 0);
}

const count = z.number().int().nonnegative();

export function histogramSchema(bounds: readonly number[]): z.ZodType<Histogram> {
  return z.strictObject({
    counts: z.array(count).length(bounds.length + 1),
    sumSeconds: z.number().nonnegative(),
  });
}
