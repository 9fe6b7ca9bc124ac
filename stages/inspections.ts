import type { Ahead } from "../src/engine/read_ahead.ts";
import type { Stage } from "../src/model/mod.ts";
import type { Job } from "../src/tools/protocol.ts";
import { formatGate } from "./2_format_gate.ts";
import { provenanceCheck } from "./4_provenance_check.ts";
import { staticScan } from "./5_static_scan.ts";
import { diffusionDeepScan } from "./7_diffusion_deep_scan.ts";

/**
 * The stage of this name if it is one that looks inside the bytes: for the examiner, which has nothing but them, and
 * nobody to ask.
 */
export function inspection(
  { stage: id, provenance }: Job,
  ahead: Ahead | null = null,
): Stage | undefined {
  const signatures = provenance === null
    ? []
    : [provenanceCheck({ ...provenance, requiredFrom: () => provenance.required })];
  const stage = [formatGate(), ...signatures, staticScan(ahead), diffusionDeepScan()].find((one) =>
    one.id === id
  );
  if (stage === undefined) return undefined;
  const { askOthers: _, ...own } = stage;
  return own;
}
