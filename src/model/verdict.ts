import type { Artifact } from "./artifact.ts";
import type { ArtifactDigest } from "./digest.ts";
import type { RuleId } from "./rules/mod.ts";
import type { Evidence } from "./finding.ts";
import type { StageId, StageOutcome } from "./stage.ts";

/** PENDING -> SCANNING -> PASSED | FAILED; SCANNING -> REJECTED for a stage 1 or 2 refusal. Nothing else. */
export type State = "PENDING" | "SCANNING" | "PASSED" | "FAILED" | "REJECTED";

export type VerdictWord = "passed" | "failed" | "rejected" | "error";

/** The state a verdict ends in. What could not be decided has failed; that its bytes are held is another matter. */
export function stateAfter(word: VerdictWord): State {
  switch (word) {
    case "passed":
      return "PASSED";
    case "rejected":
      return "REJECTED";
    case "failed":
    case "error":
      return "FAILED";
  }
}

/** Which walls stood between the bytes and this machine while they were examined. */
export type SandboxKind = "systemd" | "bubblewrap" | "process";

/** One stage as it went: its outcome and how long it took. */
export interface StageRecord {
  readonly stage: StageId;
  readonly outcome: StageOutcome;
  readonly durationMs: number;
}

/** Everything the seven stages said about one artifact. */
export interface Examination {
  readonly artifact: Artifact;
  readonly digest: ArtifactDigest | null;
  readonly stages: readonly StageRecord[];
  readonly sandbox: SandboxKind;
  /** Tool name to version, for every program that had a part in the examination. */
  readonly scanners: Readonly<Record<string, string>>;
  /** Whose word stood for some of the stages, as records state it; null when every stage was our own. */
  readonly attestation: Evidence | null;
}

/** Why an artifact was not promoted. */
export interface Refusal {
  readonly word: Exclude<VerdictWord, "passed">;
  readonly stage: StageId | null;
  readonly rule: RuleId;
  readonly reason: string;
}
