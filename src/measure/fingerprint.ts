import type { TensorEvidence } from "./anomaly.ts";

/**
 * What a model's weights are like, independent of the format they are stored in: for each tensor its size and the
 * means of samples at fixed values. Quantising moves these by a few per cent; other weights share none of them.
 */
export interface WeightFingerprint {
  readonly fingerprint_version: 1;
  /** Sorted by name. */
  readonly tensors: readonly TensorFingerprint[];
}

export interface TensorFingerprint {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly standard_deviation: number;
  readonly signature: readonly (number | null)[];
}

/** Six digits say all that a comparison needs. */
const rounded = (value: number): number => Number.isFinite(value) ? Number(value.toPrecision(6)) : 0;

export function makeFingerprint(evidence: Iterable<TensorEvidence>): WeightFingerprint {
  const tensors = [...evidence].map(({ span, statistics }) => ({
    name: span.name,
    type: span.type,
    shape: [...span.shape],
    mean: rounded(statistics.mean),
    standard_deviation: rounded(Math.sqrt(statistics.variance)),
    signature: statistics.signature.map((mean) => mean === null ? null : rounded(mean)),
  }));
  return { fingerprint_version: 1, tensors: tensors.sort((a, b) => a.name < b.name ? -1 : 1) };
}

export interface TensorComparison {
  readonly name: string;
  /** Correlation of the samples, -1 to 1; `null` where they do not vary. */
  readonly correlation: number | null;
  /** Standard deviation in the second model beside the first; `null` where one is zero. */
  readonly sizeRatio: number | null;
}

/**
 * How two models relate. `same-weights`: stored alike. `requantised`: the same weights in other types. `related`:
 * fine-tuned, merged or quantised to very few bits. `unrelated`: other weights in the same places. `incomparable`: too
 * few tensors in common.
 */
export type Relation = "same-weights" | "requantised" | "related" | "unrelated" | "incomparable";

export interface FingerprintComparison {
  readonly relation: Relation;
  /** 0 for the same weights, 1 for weights that have nothing in common; `null` when nothing can be compared. */
  readonly distance: number | null;
  readonly tensors: readonly TensorComparison[];
  readonly onlyInFirst: readonly string[];
  readonly onlyInSecond: readonly string[];
}

/**
 * Quantised normal weights correlate with their source by 0.9999 (Q8_0), 0.996 (Q4_K), 0.97 (Q2_K); independent ones
 * by 0 with a standard error of 1 / sqrt(samples), 0.01 for a model of a hundred tensors.
 */
const SAME_WEIGHTS = 0.95;
const RELATED = 0.3;
/** Chance likeness is this many standard errors at most. */
const CHANCE_DEVIATIONS = 4;
/** Fewer samples than this cannot tell chance from likeness. */
const ENOUGH_SAMPLES = 16;

export function compareFingerprints(
  first: WeightFingerprint,
  second: WeightFingerprint,
): FingerprintComparison {
  const before = new Map(first.tensors.map((tensor) => [tensor.name, tensor]));
  const after = new Map(second.tensors.map((tensor) => [tensor.name, tensor]));
  const pairs = first.tensors.flatMap((a) => {
    const b = after.get(a.name);
    return b === undefined ? [] : [[a, b] as const];
  });
  const tensors = pairs.map(([a, b]) => compareTensors(a, b));
  const pooled = pooledCorrelation(pairs);
  return {
    relation: relationOf(pooled, pairs.every(([a, b]) => a.type === b.type)),
    distance: pooled === null ? null : Math.min(1, Math.max(0, 1 - pooled.correlation)),
    tensors,
    onlyInFirst: first.tensors.map(({ name }) => name).filter((name) => !after.has(name)),
    onlyInSecond: second.tensors.map(({ name }) => name).filter((name) => !before.has(name)),
  };
}

function relationOf(pooled: Pooled | null, sameTypes: boolean): Relation {
  if (pooled === null) return "incomparable";
  if (pooled.correlation >= SAME_WEIGHTS) return sameTypes ? "same-weights" : "requantised";
  const chance = CHANCE_DEVIATIONS / Math.sqrt(pooled.samples);
  return pooled.correlation >= Math.max(RELATED, chance) ? "related" : "unrelated";
}

/** 1 minus the correlation of all samples; `null` when nothing can be compared. */
export function distance(first: WeightFingerprint, second: WeightFingerprint): number | null {
  return compareFingerprints(first, second).distance;
}

interface Products {
  xy: number;
  xx: number;
  yy: number;
  samples: number;
}

/** Products of the samples about the mean of each tensor, in units of its standard deviation. */
function productsOf(a: TensorFingerprint, b: TensorFingerprint): Products {
  const sums = { xy: 0, xx: 0, yy: 0, samples: 0 };
  const scale = a.standard_deviation * b.standard_deviation;
  if (scale === 0 || a.shape.join() !== b.shape.join()) return sums;
  for (let i = 0; i < Math.min(a.signature.length, b.signature.length); i++) {
    const [x, y] = [a.signature[i], b.signature[i]];
    if (x === null || y === null || x === undefined || y === undefined) continue;
    const dx = (x - a.mean) / a.standard_deviation;
    const dy = (y - b.mean) / b.standard_deviation;
    sums.xy += dx * dy;
    sums.xx += dx * dx;
    sums.yy += dy * dy;
    sums.samples++;
  }
  return sums;
}

function correlationOf({ xy, xx, yy }: Products): number | null {
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

function compareTensors(a: TensorFingerprint, b: TensorFingerprint): TensorComparison {
  const sizeRatio = a.standard_deviation > 0 && b.standard_deviation > 0
    ? b.standard_deviation / a.standard_deviation
    : null;
  return { name: a.name, correlation: correlationOf(productsOf(a, b)), sizeRatio };
}

interface Pooled {
  readonly correlation: number;
  readonly samples: number;
}

function pooledCorrelation(
  pairs: readonly (readonly [TensorFingerprint, TensorFingerprint])[],
): Pooled | null {
  const total = { xy: 0, xx: 0, yy: 0, samples: 0 };
  for (const [a, b] of pairs) {
    const products = productsOf(a, b);
    total.xy += products.xy;
    total.xx += products.xx;
    total.yy += products.yy;
    total.samples += products.samples;
  }
  const correlation = correlationOf(total);
  return total.samples < ENOUGH_SAMPLES || correlation === null
    ? null
    : { correlation, samples: total.samples };
}
