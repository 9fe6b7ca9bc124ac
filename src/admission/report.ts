import { escapeName } from "../files/mod.ts";
import {
  type Evidence,
  type Examination,
  type Finding,
  type Json,
  type Policy,
  type Refusal,
  RULES,
  type RunFigures,
  type StageOutcome,
  type StageRecord,
  UndecidedError,
  unreachable,
  type VerdictWord,
} from "../model/mod.ts";
import { findingsOf, reasonOfError } from "./verdict.ts";

/** One stage as it stands in `check --json`, in reports and in evidence files. */
export interface StageEntry {
  readonly stage: string;
  readonly n: number;
  readonly outcome: "PASS" | "FAIL" | "SKIP" | "ERROR";
  readonly summary: string;
  readonly duration_ms: number;
  readonly evidence: { readonly [key: string]: Json };
  readonly findings: readonly FindingEntry[];
  /** What was measured of this run; beside the evidence, because it is never the same twice. */
  readonly run?: RunFigures;
}

/** A finding on the wire; the place only where it is known. */
export type FindingEntry = Readonly<Omit<Finding, "offset"> & { offset?: number }>;

/** All seven stages, in order. */
export function stageEntries(stages: readonly StageRecord[]): StageEntry[] {
  return stages.map((record, index) => {
    const { outcome } = record;
    return {
      stage: record.stage,
      n: index + 1,
      ...wordAndSummary(record),
      duration_ms: record.durationMs,
      evidence: evidenceOf(outcome),
      findings: findingsOf(outcome),
      ...runOf(outcome),
    };
  });
}

function evidenceOf(outcome: StageOutcome): Evidence {
  if (outcome.kind === "cleared" || outcome.kind === "refused") return outcome.evidence;
  return outcome.kind === "broken" && outcome.error instanceof UndecidedError ? outcome.error.evidence : {};
}

function runOf(outcome: StageOutcome): { run?: RunFigures } {
  const judged = outcome.kind === "cleared" || outcome.kind === "refused";
  return judged && outcome.run !== undefined ? { run: outcome.run } : {};
}

function wordAndSummary({ outcome }: StageRecord): Pick<StageEntry, "outcome" | "summary"> {
  switch (outcome.kind) {
    case "cleared":
      return { outcome: "PASS", summary: outcome.summary };
    case "refused":
      return { outcome: "FAIL", summary: outcome.summary };
    case "broken":
      return { outcome: "ERROR", summary: reasonOfError(outcome.error) };
    case "not-applicable":
      return { outcome: "SKIP", summary: outcome.why };
    case "not-examined":
      return { outcome: "SKIP", summary: `not examined: ${outcome.why}` };
    case "attested":
      return { outcome: "SKIP", summary: `attested by ${outcome.by}` };
    case "disabled":
      return { outcome: "SKIP", summary: "disabled by policy" };
    case "unreached":
      return { outcome: "SKIP", summary: "not reached" };
    default:
      return unreachable(outcome);
  }
}

/** What is known of a refused artifact when it never reached the stages. */
export interface Subject {
  readonly name: string;
  readonly source: string;
  readonly sha256: string | null;
  readonly sizeBytes: number | null;
}

/** The object of `check --json`: one artifact, one verdict, seven stages. */
export function resultObject(examination: Examination, decision: Decision, policy: Policy) {
  const { artifact, digest } = examination;
  return {
    schema: 1,
    artifact: artifact.name,
    kind: artifact.format,
    sha256: digest?.sha256 ?? null,
    size_bytes: digest?.sizeBytes ?? artifact.sizeBytes,
    verdict: decision.word,
    failed_stage: decision.refusal?.stage ?? null,
    reason: decision.refusal?.reason ?? null,
    sandbox: examination.sandbox,
    stages: stageEntries(examination.stages),
    scanners: examination.scanners,
    policy: { profile: policy.profile, sha256: policy.sha256 },
  };
}

export interface Decision {
  readonly word: VerdictWord;
  readonly refusal: Refusal | null;
}

/** The report of a refusal, in the order of keys that readers know. */
export function rejectionReport(
  subject: Subject,
  refusal: Refusal,
  examination: Examination | null,
  policy: Policy,
  at: Date,
): Json {
  const stages = examination === null ? [] : stageEntries(examination.stages);
  const failed = stages.find((entry) => entry.stage === refusal.stage);
  const versions = Object.entries(examination?.scanners ?? {}).map((
    [tool, version],
  ) => [`${tool}_version`, version]);
  return {
    filename: subject.name,
    rejected_at: isoSeconds(at),
    failed_stage: refusal.stage,
    reason: refusal.reason,
    scan_details: { ...Object.fromEntries(versions), findings: (failed?.findings ?? []).map(reportFinding) },
    schema: 1,
    verdict: refusal.word,
    sha256: subject.sha256,
    size_bytes: subject.sizeBytes,
    source: subject.source,
    rule: refusal.rule,
    why_it_matters: RULES[refusal.rule].why,
    what_to_do: RULES[refusal.rule].whatToDo.replaceAll("NAME", escapeName(subject.name)),
    sandbox: examination?.sandbox ?? null,
    stages: stages.map((entry) => ({ ...entry, findings: entry.findings.map(reportFinding) })),
    policy: { profile: policy.profile, sha256: policy.sha256 },
  };
}

function reportFinding(found: FindingEntry): Json {
  const { rule, tensor, confidence, severity, message, offset, field, path } = found;
  return {
    ...(tensor === undefined ? {} : { tensor }),
    type: rule,
    ...(confidence === undefined ? {} : { confidence }),
    severity,
    message,
    ...(offset === undefined ? {} : { offset }),
    ...(field === undefined ? {} : { field }),
    ...(path === undefined ? {} : { path }),
  };
}

/** UTC with whole seconds and a Z, as the reports' readers expect. */
export function isoSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d{3}Z$/, "Z");
}
