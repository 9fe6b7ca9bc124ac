import {
  type Artifact,
  conclude,
  type Examination,
  finding,
  FormatError,
  type Judgement,
  type Pipeline,
  type SandboxKind,
  type Stage,
  type StageContext,
  type StageId,
  type StageOutcome,
  type StageRecord,
  UndecidedError,
} from "../model/mod.ts";
import type { Attested } from "../provenance/attest/reuse.ts";

/** Told of every stage as it begins and ends; the next stage waits until it has taken note. */
export interface Observer {
  starting(stage: Stage, artifact: Artifact): void | Promise<void>;
  finished(record: StageRecord, stage: Stage, artifact: Artifact): void | Promise<void>;
}

export interface Bench {
  readonly pipeline: Pipeline;
  readonly sandbox: SandboxKind;
  /** Programs that were found at start-up, with their versions. */
  readonly programs: ReadonlyMap<string, string>;
  readonly context: StageContext;
  /** Stages for which a trusted peer's word about these very bytes stands. */
  readonly attested?: Attested | null;
}

/**
 * THE LOOP: runs the seven stages in order and stops at the first that refuses or breaks. What a stage throws is
 * "could not decide", and there is no way from there to a pass.
 */
export async function judge(artifact: Artifact, bench: Bench, observer: Observer): Promise<Examination> {
  const records: StageRecord[] = [];
  const programs = new Map(bench.programs);
  const context = {
    ...bench.context,
    used: (name: string, version: string) => void programs.set(name, version),
  };
  let open = true;
  for (const stage of bench.pipeline) {
    if (!open) {
      records.push({ stage: stage.id, outcome: { kind: "unreached" }, durationMs: 0 });
      continue;
    }
    await observer.starting(stage, artifact);
    const started = performance.now();
    const outcome = await outcomeOf(stage, artifact, { ...bench, context }, records);
    const durationMs = Math.round(performance.now() - started);
    const record = { stage: stage.id, outcome, durationMs, ...sandboxOf(stage, outcome) };
    await observer.finished(record, stage, artifact);
    records.push(record);
    open = leavesOpen(outcome);
  }
  const digest = await artifact.digest.catch(() => null);
  const attestation = bench.attested?.evidence ?? null;
  const scanners = Object.fromEntries(programs);
  return { artifact, digest, stages: records, sandbox: bench.sandbox, scanners, attestation };
}

/** Whether the stages after one that ended so are asked. */
export function leavesOpen({ kind }: StageOutcome): boolean {
  return kind !== "refused" && kind !== "broken";
}

function sandboxOf({ sandbox }: Stage, { kind }: StageOutcome): Pick<StageRecord, "sandbox"> {
  const examined = kind === "cleared" || kind === "refused" || kind === "broken";
  return examined && sandbox !== undefined ? { sandbox } : {};
}

async function outcomeOf(
  stage: Stage,
  artifact: Artifact,
  bench: Bench,
  before: readonly StageRecord[],
): Promise<StageOutcome> {
  const { policy } = bench.context;
  if (!policy.quarantine.stages[stage.id]) return { kind: "disabled" };
  const applies = stage.appliesTo[artifact.format];
  if (applies !== "examine") {
    return "notApplicable" in applies
      ? { kind: "not-applicable", why: applies.notApplicable }
      : { kind: "not-examined", why: applies.notExamined };
  }
  const meaningless = noMeaningFor(stage, before);
  if (meaningless !== null) return { kind: "not-applicable", why: meaningless };
  if (bench.attested?.stages.includes(stage.id)) return { kind: "attested", by: bench.attested.by };
  const missing = missingPrograms(stage, bench);
  if (missing.length > 0) return withoutPrograms(stage, missing, bench.context);
  return await examineWith(stage, artifact, bench.context);
}

/**
 * Why a stage has no meaning for what stage 2 proved the artifact to be: an adapter cannot be asked questions. The
 * appliance profile refuses such kinds in stage 2, so nothing can be excused there by claiming to be one.
 */
function noMeaningFor(stage: Stage, before: readonly StageRecord[]): string | null {
  const gate = before.find((record) => record.stage === "format_gate")?.outcome;
  if (stage.notFor === undefined || gate?.kind !== "cleared") return null;
  const { kind, architecture } = gate.evidence;
  for (const name of [kind, architecture]) {
    const why = typeof name === "string" && Object.hasOwn(stage.notFor, name)
      ? stage.notFor[name]
      : undefined;
    if (why !== undefined) return why;
  }
  return null;
}

/** Whether an enabled stage will look at the artifact, as far as can be said before it is asked. */
export function willExamine(stage: Stage, artifact: Artifact, bench: Bench): boolean {
  return stage.appliesTo[artifact.format] === "examine" && missingPrograms(stage, bench).length === 0 &&
    bench.attested?.stages.includes(stage.id) !== true;
}

function missingPrograms(stage: Stage, { programs }: Bench): readonly string[] {
  return stage.needs.filter((program) => !programs.has(program));
}

function withoutPrograms(stage: Stage, missing: readonly string[], { policy }: StageContext): StageOutcome {
  const why = `${missing.join(", ")} not installed`;
  if (stage.mayBeMissing(policy)) return { kind: "not-examined", why };
  return { kind: "broken", error: new UndecidedError("line/missing-program", why) };
}

/** Runs one stage. The one place where an error becomes an outcome. */
export async function examineWith(
  stage: Stage,
  artifact: Artifact,
  context: StageContext,
): Promise<Judgement | { kind: "broken"; error: unknown }> {
  try {
    const own = await stage.examine(artifact, context);
    const judgement = await stage.askOthers?.(own, artifact, context) ?? own;
    return await withWaivers(stage.id, judgement, artifact, context);
  } catch (error) {
    if (error instanceof FormatError) return refusalOf(error);
    return { kind: "broken", error }; // Not knowing is a reason to refuse.
  }
}

function refusalOf(error: FormatError): Judgement {
  const found = finding(error.rule, error.message, error.place);
  return { kind: "refused", summary: error.message, evidence: {}, findings: [found] };
}

/** Stages whose findings an operator may accept for one digest: never origin, format or digest. */
const WAIVABLE: readonly StageId[] = [
  "provenance_check",
  "static_scan",
  "behavioral_test",
  "diffusion_deep_scan",
];

async function withWaivers(
  stage: StageId,
  judgement: Judgement,
  artifact: Artifact,
  context: StageContext,
): Promise<Judgement> {
  const now = context.now();
  const live = context.policy.accept.filter((waiver) => waiver.expires > now);
  if (judgement.kind === "cleared" || !WAIVABLE.includes(stage) || live.length === 0) return judgement;
  const { sha256 } = await artifact.digest;
  const accepted = new Set(live.filter((waiver) => waiver.sha256 === sha256).map((waiver) => waiver.rule));
  const standing = judgement.findings.filter((f) => !accepted.has(f.rule));
  if (standing.length === judgement.findings.length) return judgement;
  const evidence = { ...judgement.evidence, accepted: [...accepted].sort() };
  return conclude(context.policy, standing, evidence, {
    cleared: `accepted ${[...accepted].sort().join(", ")}`,
  });
}
