import type { TensorEvidence } from "./anomaly.ts";
import { layerGroup, type TensorRole } from "./roles.ts";

/** Fewer layers than this have no usual size. */
const ENOUGH_LAYERS = 8;
/** First and last layers of clean models differ from the middle by up to a factor of five. */
const LEAST_RATIO = 8;
/** Robust deviations, for a model of few tensors; grows with the logarithm of how many are compared. */
const LEAST_DEVIATIONS = 8;
/** Layers of freshly made models are so alike that any deviation would count: about 7 % is always usual. */
const LEAST_SPREAD = 0.1;

export interface Outlier {
  readonly evidence: TensorEvidence;
  /** Root mean square beside the median of the group. */
  readonly ratio: number;
  readonly limit: number;
}

interface Member {
  readonly evidence: TensorEvidence;
  /** Binary logarithm of the root mean square. */
  readonly size: number;
}

/** The tensors of every role across layers. */
export class LayerGroups {
  readonly #groups = new Map<string, Member[]>();
  #members = 0;

  add(evidence: TensorEvidence, role: TensorRole): void {
    const { mean, variance, values } = evidence.statistics;
    const rootMeanSquare = Math.sqrt(variance + mean * mean);
    const group = layerGroup(evidence.span.name);
    if (group === null || values === 0 || !(rootMeanSquare > 0) || !Number.isFinite(rootMeanSquare)) return;
    // Biases and norms vary too much between layers to be judged by size.
    if (role !== "matrix") return;
    const members = this.#groups.get(group) ?? [];
    members.push({ evidence, size: Math.log2(rootMeanSquare) });
    this.#groups.set(group, members);
    this.#members++;
  }

  outliers(): Outlier[] {
    const found = [...this.#groups.values()].filter((members) => members.length >= ENOUGH_LAYERS)
      .flatMap((members) => this.#outliersOf(members));
    return found.sort((a, b) => a.evidence.span.offset - b.evidence.span.offset);
  }

  #outliersOf(members: readonly Member[]): Outlier[] {
    const middle = median(members.map(({ size }) => size));
    const spread = Math.max(
      LEAST_SPREAD,
      1.4826 * median(members.map(({ size }) => Math.abs(size - middle))),
    );
    const deviations = LEAST_DEVIATIONS + 2 * Math.log10(Math.max(1, this.#members / 100));
    const limit = Math.max(Math.log2(LEAST_RATIO), deviations * spread);
    return members.filter(({ size }) => Math.abs(size - middle) > limit)
      .map(({ evidence, size }) => ({ evidence, ratio: 2 ** (size - middle), limit: 2 ** limit }));
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
