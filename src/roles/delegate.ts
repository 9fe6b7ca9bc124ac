import type { ExamineAtOnce, StartExaminer } from "../admission/examination.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Judgement,
  type Pipeline,
  type SandboxKind,
  type Stage,
  type StageContext,
  type StageId,
  UndecidedError,
} from "../model/mod.ts";
import { signatureFilesOf } from "../provenance/files.ts";
import { type BehaviourInputs, type Job, PROTOCOL_VERSION } from "../tools/protocol.ts";
import { type OpenSandbox, runJob } from "../tools/worker.ts";
import type { SignatureInputs } from "./signatures.ts";

/** The stages that look inside the bytes, and so run in an examiner. */
const IN_EXAMINER: readonly StageId[] = [
  "format_gate",
  "provenance_check",
  "static_scan",
  "diffusion_deep_scan",
];

/** Where stages are carried out that the coordinator must not carry out itself. */
export interface Sandboxes {
  readonly kind: SandboxKind;
  readonly examine: OpenSandbox;
  /** What stage 4 judges signatures by, and the programs it may ask. */
  readonly provenance: SignatureInputs;
  /** Runs the model, and what it needs to; null where no sandbox is strong enough for that. */
  readonly smoke: { readonly open: OpenSandbox; readonly inputs: () => Promise<BehaviourInputs> } | null;
}

/** A stage may take a minute, and a second more for every so many bytes it has to read. */
const BASE_DEADLINE_MS = 60_000;
const BYTES_PER_SECOND = 50_000_000;

/**
 * The pipeline of a coordinator: the same seven stages, but those that look inside the bytes, or run them, are carried
 * out by a fresh sandbox each.
 */
export function delegated(pipeline: Pipeline, sandboxes: Sandboxes): Pipeline {
  const [source, format, integrity, provenance, scan, behaviour, diffusion] = pipeline;
  const inSandbox = <Id extends StageId>(stage: Stage<Id>): Stage<Id> => {
    const { kind, smoke } = sandboxes;
    if (stage.id === "behavioral_test" && smoke !== null) {
      const needs = kind === "systemd" ? stage.needs.filter((need) => need !== "bubblewrap") : stage.needs;
      return {
        ...stage,
        needs,
        sandbox: kind,
        async examine(...job) {
          const startedMs = performance.now();
          const judgement = await examineInSandbox(
            stage.id,
            smoke.open,
            { behaviour: await smoke.inputs() },
            ...job,
          );
          return withOverhead(judgement, performance.now() - startedMs);
        },
      };
    }
    if (stage.id === "provenance_check") return { ...withSignatures(stage, sandboxes), sandbox: kind };
    if (!IN_EXAMINER.includes(stage.id)) return stage;
    return {
      ...stage,
      sandbox: kind,
      examine: (artifact, context) =>
        context.ahead?.(stage.id) ?? examineInSandbox(stage.id, sandboxes.examine, {}, artifact, context),
    };
  };
  return [
    inSandbox(source),
    inSandbox(format),
    inSandbox(integrity),
    inSandbox(provenance),
    inSandbox(scan),
    inSandbox(behaviour),
    inSandbox(diffusion),
  ];
}

/** Where nothing claims to be a signature, no sandbox is started. */
function withSignatures<Id extends StageId>(stage: Stage<Id>, { examine, provenance }: Sandboxes): Stage<Id> {
  return {
    ...stage,
    async examine(artifact, context) {
      const found = signatureFilesOf(artifact, await artifact.digest);
      if (found.length === 0) return await stage.examine(artifact, context);
      const { provenanceJob } = await import("./signatures.ts");
      const { withSecondOpinion } = await import("./second_opinion.ts");
      const inputs = { provenance: await provenanceJob(artifact, context, provenance) };
      const judgement = await examineInSandbox(stage.id, examine, inputs, artifact, context);
      return await withSecondOpinion(judgement, artifact, context, provenance.cosign);
    },
  };
}

/** What a job holds for one kind of stage only. */
type StageInputs = Partial<Pick<Job, "behaviour" | "provenance">>;

/** Has one examiner answer for the format gate and, unless that refuses, read the artifact and answer for the static scan. */
export function examineAtOnce(open: OpenSandbox): ExamineAtOnce {
  return (artifact, { policy, signal, progress, record }) => {
    const { promise: gate, resolve, reject } = Promise.withResolvers<Judgement>();
    const deadlineMs = readingDeadlineMs(artifact);
    const scan = (async () => {
      const digest = artifact.digestFrom === "coordinator" ? await artifact.digest : null;
      const job: Job = {
        ...jobFor("static_scan", artifact, digest, policy),
        first: "format_gate",
        behaviour: null,
      };
      return await runJob(open, job, { policy, deadlineMs, signal, progress, tensor: record, gate: resolve });
    })();
    const unanswered = () =>
      new UndecidedError("worker/protocol", "the sandbox said nothing of the format gate");
    scan.then(() => reject(unanswered()), reject);
    gate.catch(() => {}); // Reported by whichever stage asks for it.
    return { gate, scan };
  };
}

/** A unit may run for half an hour; after so long a wait, another is started for the work. */
const MOST_WAITING_MS = 5 * 60_000;

/** Starts an examiner before its artifact is complete. */
export function startExaminer(open: OpenSandbox): StartExaminer {
  return (path) => {
    const startedMs = performance.now();
    const dismissed = new AbortController();
    const opened = (async () => await open({ artifact: { path } }, dismissed.signal))();
    opened.catch(() => {}); // Reported when it is given its job.
    return {
      examine(artifact, context) {
        const signal = AbortSignal.any([context.signal, dismissed.signal]);
        const hasWaited = performance.now() - startedMs > MOST_WAITING_MS;
        return examineAtOnce(hasWaited ? open : () => opened)(artifact, { ...context, signal });
      },
      async dismiss() {
        dismissed.abort();
        const sandbox = await opened.catch(() => null);
        if (sandbox === null) return;
        sandbox.kill();
        await sandbox.ended;
        await sandbox.output.cancel().catch(() => {}); // Where nobody listened to it.
        await sandbox.input.abort().catch(() => {});
      },
    };
  };
}

function readingDeadlineMs({ sizeBytes }: Artifact): number {
  return BASE_DEADLINE_MS + sizeBytes / BYTES_PER_SECOND * 1000;
}

/** Adds what the sandbox cost beside the model's own work, which the worker told. */
function withOverhead(judgement: Judgement, tookMs: number): Judgement {
  const { run } = judgement;
  const own = (run?.model_seconds ?? 0) + (run?.garak_seconds ?? 0);
  return { ...judgement, run: { ...run, overhead_seconds: Math.round(tookMs - 1000 * own) / 1000 } };
}

async function examineInSandbox(
  stage: StageId,
  open: OpenSandbox,
  inputs: StageInputs,
  artifact: Artifact,
  context: StageContext,
): Promise<Judgement> {
  const behaviour = inputs.behaviour ?? null;
  const { policy, signal, progress, record } = context;
  const running = behaviour === null ? 0 : behaviour.readyWithinMs + policy.behaviour.totalTimeoutMs;
  const deadlineMs = readingDeadlineMs(artifact) + running;
  const job = { ...jobFor(stage, artifact, await digestNeeded(stage, artifact), policy), ...inputs };
  return await runJob(open, job, { policy, deadlineMs, signal, progress, tensor: record });
}

/** Stage 2 runs beside the hashing; every later stage is told the digest its bytes must have. */
async function digestNeeded(stage: StageId, artifact: Artifact): Promise<ArtifactDigest | null> {
  return stage === "format_gate" ? null : await artifact.digest;
}

function jobFor(
  stage: StageId,
  artifact: Artifact,
  digest: ArtifactDigest | null,
  policy: StageContext["policy"],
): Job {
  const { name, path, shape, format, sizeBytes, origin } = artifact;
  const { accept: _waivers, ...rest } = policy;
  const known = digest === null ? null : { ...digest, files: [...digest.files] };
  return {
    v: PROTOCOL_VERSION,
    stage,
    artifact: { name, path, shape, format, sizeBytes, origin, digest: known },
    behaviour: null,
    provenance: null,
    policy: rest,
  };
}
