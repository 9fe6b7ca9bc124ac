import { countOf, countWithin, PIPELINE_BOUNDS } from "./histogram.ts";
import type { Totals } from "./status.ts";

/** So many of all admissions end within so many seconds. */
export interface Objective {
  readonly quantile: number;
  readonly seconds: number;
}

export const OBJECTIVES: readonly Objective[] = [
  { quantile: 0.5, seconds: 300 },
  { quantile: 0.95, seconds: 900 },
  { quantile: 0.99, seconds: 1800 },
];

/** The share of admissions that ended in time; 1 where there were none yet. */
export function shareWithin({ pipeline }: Totals, { seconds }: Objective): number {
  const all = countOf(pipeline);
  return all === 0 ? 1 : countWithin(pipeline, PIPELINE_BOUNDS, seconds) / all;
}

export function isMet(totals: Totals, objective: Objective): boolean {
  return shareWithin(totals, objective) >= objective.quantile;
}
