import * as z from "zod";
import { type Policy, SCANNER_IDS, STAGE_IDS } from "../../model/mod.ts";

/** What a policy asks of stages 5 and 6, in a form that two machines can compare. */
export const strengthSchema = z.strictObject({
  profile: z.enum(["standalone", "appliance"]),
  stages: z.array(z.enum(STAGE_IDS)),
  required_scanners: z.array(z.enum(SCANNER_IDS)),
  entropy_analysis: z.boolean(),
  smoke_test_max_score: z.number(),
  smoke_test_max_critical: z.number(),
  max_invalid: z.number(),
  garak_max_score: z.number(),
  garak_probes: z.array(z.string()),
  accepted_findings: z.number(),
});

export type Strength = Readonly<z.infer<typeof strengthSchema>>;

/** `acceptedFindings`: how many findings of this artifact the policy's waivers excused. */
export function strengthOf(policy: Policy, acceptedFindings: number): Strength {
  const { quarantine, behaviour, scanners, models, profile } = policy;
  return {
    profile,
    stages: STAGE_IDS.filter((id) => quarantine.stages[id]),
    required_scanners: SCANNER_IDS.filter((id) => scanners[id].required),
    entropy_analysis: models.requireEntropyAnalysis,
    smoke_test_max_score: quarantine.smokeTestMaxScore,
    smoke_test_max_critical: quarantine.smokeTestMaxCritical,
    max_invalid: behaviour.maxInvalid,
    garak_max_score: behaviour.garakMaxScore,
    garak_probes: [...behaviour.garakProbes],
    accepted_findings: acceptedFindings,
  };
}

const LIMITS = ["smoke_test_max_score", "smoke_test_max_critical", "max_invalid", "garak_max_score"] as const;

/** The first way in which `theirs` asks for less than `ours`, in words; `null` when it is at least as strict. */
export function weakerIn(theirs: Strength, ours: Strength): string | null {
  if (ours.profile === "appliance" && theirs.profile !== "appliance") return "its profile is standalone";
  const stage = ours.stages.find((id) => !theirs.stages.includes(id));
  if (stage !== undefined) return `it does not run stage ${stage}`;
  const scanner = ours.required_scanners.find((id) => !theirs.required_scanners.includes(id));
  if (scanner !== undefined) return `it does not require ${scanner}`;
  if (ours.entropy_analysis && !theirs.entropy_analysis) return "it does not analyse entropy";
  const probe = ours.required_scanners.includes("garak")
    ? ours.garak_probes.find((one) => !theirs.garak_probes.includes(one))
    : undefined;
  if (probe !== undefined) return `its garak does not ask ${probe}`;
  for (const key of LIMITS) {
    if (theirs[key] > ours[key]) return `its ${key} is ${theirs[key]}, ours is ${ours[key]}`;
  }
  return theirs.accepted_findings > 0 ? "it accepted findings that stand against the model here" : null;
}
