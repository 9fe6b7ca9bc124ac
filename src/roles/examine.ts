import { Buffer } from "node:buffer";
// Not the whole of admission: a worker shall start fast.
import { examineWith } from "../admission/judge.ts";
import { reasonOfError, ruleOfError } from "../admission/verdict.ts";
import { type Artifact, type Stage, type StageContext, UndecidedError } from "../model/mod.ts";
import { doneLine, type Job, jobSchema, PROTOCOL_VERSION, type Reply } from "../tools/protocol.ts";
import { readLine, say as sayLine } from "./worker_lines.ts";

/** Most progress lines per second; more would only cost. */
const PROGRESS_EVERY_MS = 100;

/**
 * The examiner and smoke roles: reads one job from stdin, runs one stage over one artifact, says what it found on
 * stdout, and is gone. It holds nothing and can reach nothing but the artifact.
 */
export async function examine(stageFor: (job: Job) => Stage | undefined): Promise<void> {
  say({ t: "hello", v: PROTOCOL_VERSION });
  const job = jobSchema.parse(JSON.parse(await readLine()));
  const stage = stageFor(job);
  if (stage === undefined) throw new Error(`Cannot examine: ${job.stage} is not for this role`);
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
  const outcome = await examineWith(stage, artifact, context(job));
  if (outcome.kind !== "broken") return say(doneLine(outcome));
  const { error } = outcome;
  const evidence = error instanceof UndecidedError ? error.evidence : {};
  say({ t: "error", rule: ruleOfError(error), message: reasonOfError(error), evidence });
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
