import type { Artifact, ArtifactFormat } from "./artifact.ts";
import type { Evidence, Finding, Json, NonEmpty } from "./finding.ts";
import { isNonEmpty } from "./finding.ts";
import type { Policy } from "./policy.ts";

/** The seven stages in the order they run. The keys are contract: policy, journal and reports use them. */
export const STAGE_IDS = [
  "source_policy",
  "format_gate",
  "integrity_check",
  "provenance_check",
  "static_scan",
  "behavioral_test",
  "diffusion_deep_scan",
] as const;
export type StageId = typeof STAGE_IDS[number];

/** All a stage can say. Anything it throws is "could not decide", and that is never a pass. */
export type Judgement =
  | {
    readonly kind: "cleared";
    /** What the journal prints in parentheses after PASS; empty for nothing. */
    readonly summary: string;
    readonly evidence: Evidence;
    readonly notes: readonly Finding[];
    readonly run?: RunFigures;
  }
  | {
    readonly kind: "refused";
    /** What the journal prints after `FAIL: `. */
    readonly summary: string;
    readonly evidence: Evidence;
    readonly findings: NonEmpty<Finding>;
    readonly run?: RunFigures;
  };

/** What was measured of this run, such as seconds: not the same twice, so it stands beside the evidence. */
export type RunFigures = { readonly [figure: string]: number };

/** How fast an examination that is not bound by bytes goes on. */
export interface Pace {
  readonly tokensPerSecond: number;
  /** At most so long, if every reply is as long as it may be. */
  readonly secondsLeft: number;
}

/** What became of a stage. Only `Judgement` comes from the stage itself; the rest is the loop's to say. */
export type StageOutcome =
  | Judgement
  | { readonly kind: "not-applicable"; readonly why: string }
  | { readonly kind: "not-examined"; readonly why: string }
  | { readonly kind: "attested"; readonly by: string }
  | { readonly kind: "disabled" }
  | { readonly kind: "broken"; readonly error: unknown }
  | { readonly kind: "unreached" };

/** Whether a stage runs on a format: a table read before the bytes, so that hostile bytes cannot excuse themselves. */
export type Applicability = "examine" | { readonly notApplicable: string } | { readonly notExamined: string };

/** For a stage that runs on everything. */
export const EVERY_FORMAT: Readonly<Record<ArtifactFormat, "examine">> = {
  gguf: "examine",
  safetensors: "examine",
  "model-directory": "examine",
  "diffusion-directory": "examine",
  unknown: "examine",
};

export interface StageContext {
  readonly policy: Policy;
  readonly now: () => Date;
  /** Aborts when the stage's deadline passed or the program is asked to stop. */
  readonly signal: AbortSignal;
  /** Bytes examined so far, for a progress bar. */
  readonly progress: (bytes: number, pace?: Pace) => void;
  /** Takes evidence that is too long for a report, such as a manifest's entry of one tensor. */
  readonly record: (entry: Json) => void;
  /** Told of every outside program that had a part in the examination, and its version. */
  readonly used?: (program: string, version: string) => void;
  /** What a stage says that was begun before its turn; undefined for one that was not. */
  readonly ahead?: (stage: StageId) => Promise<Judgement> | undefined;
}

/** Which walls stood between the bytes and this machine while they were examined. */
export type SandboxKind = "systemd" | "bubblewrap" | "process";

export interface Stage<Id extends StageId = StageId> {
  readonly id: Id;
  /** What the journal says it is doing, such as `checking origin`. */
  readonly activity: string;
  /** The same, where it depends on what is examined. */
  readonly activityFor?: (format: ArtifactFormat) => string;
  readonly appliesTo: Readonly<Record<ArtifactFormat, Applicability>>;
  /** Kinds and architectures, as stage 2 named them in its evidence, for which the stage has no meaning, and why. */
  readonly notFor?: Readonly<Record<string, string>>;
  /** Programs it cannot work without. */
  readonly needs: readonly string[];
  /** Whether the policy lets the stage go unexamined when a program it needs is not installed. */
  mayBeMissing(policy: Policy): boolean;
  /** The sandbox that carries it out; none for what only compares. */
  readonly sandbox?: SandboxKind;
  examine(artifact: Artifact, context: StageContext): Promise<Judgement>;
  /** Asks others too, once the stage itself has judged; theirs and its own become one judgement. */
  readonly askOthers?: (
    own: Judgement,
    artifact: Artifact,
    context: StageContext,
  ) => Promise<Judgement>;
}

type InOrder<Ids extends readonly StageId[]> = { readonly [I in keyof Ids]: Stage<Ids[I]> };

/** All seven stages, each in its place: one that is missing or misplaced does not compile. */
export type Pipeline = InOrder<typeof STAGE_IDS>;

/**
 * Turns findings into a judgement by the policy's rule for severities: critical refuses, suspicious refuses where
 * the profile says so, info never does. `cleared` is the summary when nothing refuses.
 */
export function conclude(
  policy: Policy,
  findings: readonly Finding[],
  evidence: Evidence,
  summary: { readonly cleared: string; readonly refused?: (first: Finding) => string },
): Judgement {
  const refusing = findings.filter((f) => refuses(policy, f));
  if (!isNonEmpty(refusing)) return { kind: "cleared", summary: summary.cleared, evidence, notes: findings };
  const text = summary.refused?.(refusing[0]) ?? refusing[0].message;
  const rest = findings.filter((f) => !refuses(policy, f));
  return { kind: "refused", summary: text, evidence, findings: [refusing[0], ...refusing.slice(1), ...rest] };
}

export function refuses(policy: Policy, finding: Finding): boolean {
  switch (finding.severity) {
    case "critical":
      return true;
    case "suspicious":
      return policy.profile === "appliance";
    case "info":
      return false;
  }
}
