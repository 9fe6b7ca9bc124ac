import type { Pipeline } from "../src/model/mod.ts";
import type { Allowlist } from "../src/policy/sources.ts";
import { sourcePolicy } from "./1_source_policy.ts";
import { formatGate } from "./2_format_gate.ts";
import { integrityCheck, type PinSources } from "./3_integrity_check.ts";
import { provenanceCheck } from "./4_provenance_check.ts";
import { staticScan } from "./5_static_scan.ts";
import { behavioralTest } from "./6_behavioral_test.ts";
import { diffusionDeepScan } from "./7_diffusion_deep_scan.ts";

/** The seven stages, in order. */
export function pipeline(inputs: PinSources & { readonly allowlist: Allowlist }): Pipeline {
  return [
    sourcePolicy(inputs.allowlist),
    formatGate(),
    integrityCheck(inputs),
    provenanceCheck(),
    staticScan(),
    behavioralTest(null),
    diffusionDeepScan(),
  ];
}
