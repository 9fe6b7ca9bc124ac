import type { ReadAhead } from "../src/engine/read_ahead.ts";
import type { Stage, StageId } from "../src/model/mod.ts";
import { formatGate } from "./2_format_gate.ts";
import { staticScan } from "./5_static_scan.ts";
import { diffusionDeepScan } from "./7_diffusion_deep_scan.ts";

/**
 * The stage of this name if it is one that looks inside the bytes: for the examiner, which has nothing but them, and
 * nobody to ask.
 */
export function inspection(id: StageId, ahead: ReadAhead | null = null): Stage | undefined {
  const stage = [formatGate(), staticScan(ahead), diffusionDeepScan()].find((one) => one.id === id);
  if (stage === undefined) return undefined;
  const { askOthers: _, ...own } = stage;
  return own;
}
