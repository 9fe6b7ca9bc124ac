import type { Pipeline } from "../src/model/mod.ts";
import { type Allowlist, signatureRequired } from "../src/policy/sources.ts";
import { sourcePolicy } from "./1_source_policy.ts";
import { formatGate } from "./2_format_gate.ts";
import { integrityCheck, type PinSources } from "./3_integrity_check.ts";
import { provenanceCheck, type ProvenanceInputs } from "./4_provenance_check.ts";
import { staticScan } from "./5_static_scan.ts";
import { behavioralTest } from "./6_behavioral_test.ts";
import { diffusionDeepScan } from "./7_diffusion_deep_scan.ts";

type Inputs = PinSources & Pick<ProvenanceInputs, "trustRoots"> & { readonly allowlist: Allowlist };

/** The seven stages, in order. */
export function pipeline(inputs: Inputs): Pipeline {
  const { allowlist, trustRoots } = inputs;
  return [
    sourcePolicy(inputs.allowlist),
    formatGate(),
    integrityCheck(inputs),
    provenanceCheck({
      trustRoots,
      requiredFrom: (origin) => signatureRequired(origin, allowlist),
    }),
    staticScan(),
    behavioralTest(null),
    diffusionDeepScan(),
  ];
}
