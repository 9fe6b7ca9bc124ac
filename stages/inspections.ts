import type { Stage } from "../src/model/mod.ts";
import { formatGate } from "./2_format_gate.ts";
import { staticScan } from "./5_static_scan.ts";
import { diffusionDeepScan } from "./7_diffusion_deep_scan.ts";

/** The stages that look inside the bytes, for the examiner. They need nothing but the artifact. */
export function inspections(): readonly Stage[] {
  return [formatGate(), staticScan(), diffusionDeepScan()];
}
