import { Buffer } from "node:buffer";
// Not the whole of admission: a worker shall start fast.
import { examineWith } from "../admission/judge.ts";
import { reasonOfError, ruleOfError } from "../admission/verdict.ts";
import {
  type Artifact,
  type Judgement,
  type Stage,
  type StageContext,
  UndecidedError,
} from "../model/mod.ts";
import { type Job, judgementLine, PROTOCOL_VERSION, readJob, type Reply } from "../tools/protocol.ts";
import { readLine, say as sayLine } from "./worker_lines.ts";

/** Most progress lines per second; more would only cost. */
const PROGRESS_EVERY_MS = 100;

/**
 * The examiner and smoke roles: reads one job from stdin, runs one stage over one artifact (or the format gate and then
 * another), says what it found on stdout, and is gone. It holds nothing and can reach nothing but the artifact.
 */
export async function examine(stageFor: (job: Job) => Stage | undefined): Promise<void> {
  say({ t: "hello", v: PROTOCOL_VERSION });
  const line = await readLine();
  if (line === "") return; // Nobody had a job after all.
  const job = readJob(line);
  const { digest, ...claimed } = job.artifact;
  const artifact: Artifact = {
    ...claimed,
    digest: digest === null ? notHashedYet() : Promise.resolve(digest),
    digestFrom: digest === null ? "scan" : "coordinator",
    signatures: (job.provenance?.signatures ?? []).map(({ name, content }) => ({
      name,
      bytes: content === null ? null : new Uint8Array(Buffer.from(content, "base64")),
    })),
  };
  if (job.first !== undefined) {
    const gate = await judgementOf(stageFor({ ...job, stage: job.first }), artifact, job);
    if (gate === null) return;
    say(judgementLine("gate", gate));
    if (gate.kind === "refused") return;
  }
  const judgement = await judgementOf(stageFor(job), artifact, job);
  if (judgement !== null) say(judgementLine("done", judgement));
}

/** What a stage says; null when it could not decide, which is told at once. */
async function judgementOf(
  stage: Stage | undefined,
  artifact: Artifact,
  job: Job,
): Promise<Judgement | null> {
  if (stage === undefined) throw new Error(`Cannot examine: ${job.stage} is not for this role`);
  const outcome = await examineWith(stage, artifact, context(job));
  if (outcome.kind !== "broken") return outcome;
  const { error } = outcome;
  const evidence = error instanceof UndecidedError ? error.evidence : {};
  say({ t: "error", rule: ruleOfError(error), message: reasonOfError(error), evidence });
  return null;
}

function notHashedYet(): Promise<never> {
  const digest = Promise.reject(new UndecidedError("line/crashed", "the digest is not known yet"));
  digest.catch(() => {}); // Only whoever asks for it shall fail.
  return digest;
}

function context({ policy, provenance }: Job): StageContext {
  let last = 0;
  return {
    policy: { ...policy, accept: [] },
    now: () => new Date(provenance?.at ?? 0),
    signal: new AbortController().signal,
    record: (record) => say({ t: "tensor", record }),
    progress(bytes, pace) {
      const now = performance.now();
      if (now - last < PROGRESS_EVERY_MS) return;
      last = now;
      say({ t: "progress", bytes, ...(pace && { pace }) });
    },
  };
}

const say = (reply: Reply): void => sayLine(reply);
