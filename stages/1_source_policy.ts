import { conclude, EVERY_FORMAT, type Finding, finding, type Stage } from "../src/model/mod.ts";
import { type Allowlist, matchOrigin } from "../src/policy/sources.ts";

/** Stage 1: is the origin one we allow? Compares text; never opens the artifact. */
export function sourcePolicy(allowlist: Allowlist): Stage<"source_policy"> {
  return {
    id: "source_policy",
    activity: "checking origin",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    examine({ origin }, { policy }) {
      const findings: Finding[] = [];
      const evidence: Record<string, string> = {
        origin: origin.kind === "local" ? "local-import" : origin.url,
      };
      if (origin.kind === "local") {
        if (policy.models.localImports === "refuse") {
          findings.push(finding("origin/local-refused", "the policy takes in no model without an origin"));
        }
      } else if (policy.models.requireSourceVerification) {
        const match = matchOrigin(origin.url, allowlist);
        if (match.allowed) Object.assign(evidence, { origin: match.url, allowed_by: match.source });
        else findings.push(finding(match.rule, match.message));
      } else {
        evidence.allowed_by = "models.require_source_verification is false";
      }
      return Promise.resolve(conclude(policy, findings, evidence, { cleared: "" }));
    },
  };
}
