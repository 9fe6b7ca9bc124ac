import {
  isRuleId,
  type Json,
  type Judgement,
  type Policy,
  type RuleId,
  type StageContext,
  UndecidedError,
} from "../model/mod.ts";
import { linesOf } from "./lines.ts";
import type { Job, Reply } from "./protocol.ts";
import { judgementFrom, readReply } from "./replies.ts";

/** A fresh sandbox with nothing in it but one artifact, and the means to talk to it and to end it. */
export interface Sandbox {
  /** Where the worker sees the artifact. */
  readonly artifactPath: string;
  /** Stays open while somebody listens: a worker whose input ends is done. */
  readonly input: WritableStream<Uint8Array>;
  readonly output: ReadableStream<Uint8Array>;
  /** Ends the worker and everything it started. Safe to call twice. */
  kill(): void;
  /** Settles when it is gone: how it ended, in words. */
  readonly ended: Promise<string>;
}

/** What every job has: the artifact it is about. */
export interface SandboxJob {
  readonly artifact: {
    readonly path: string;
    /** The file name under which the artifact should appear, where the sandbox can choose; null for any. */
    readonly name?: string;
  };
}

/** Starts a sandbox that can see the artifact of `job` and nothing else; gives up waiting for one when told to stop. */
export type OpenSandbox = (job: SandboxJob, signal: AbortSignal) => Promise<Sandbox>;

export interface Listening {
  readonly policy: Policy;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly progress: StageContext["progress"];
  /** Per-tensor records as they arrive. */
  readonly tensor?: (record: Json) => void;
  /** What the stage before the one asked for said, for jobs that have one. */
  readonly gate?: (judgement: Judgement) => void;
}

/**
 * Gives one job to a fresh sandbox and waits for its judgement. Whatever goes wrong (it cannot start, says nothing,
 * loops, floods, dies, contradicts itself) is an `UndecidedError`, and the sandbox is gone when this returns.
 */
export async function runJob(open: OpenSandbox, job: Job, listening: Listening): Promise<Judgement> {
  const { policy, progress, tensor, gate } = listening;
  return await converse(open, job, { ...listening, what: job.stage }, (line) => {
    const reply = readReply(line);
    switch (reply.t) {
      case "hello":
        return "greeting";
      case "progress":
        progress(reply.bytes, reply.pace);
        return "more";
      case "tensor":
        tensor?.(reply.record);
        return "more";
      case "gate": {
        const judgement = judgementFrom(reply, policy);
        gate?.(judgement);
        return judgement.kind === "refused" ? { answer: judgement } : "more";
      }
      case "error":
        throw errorFrom(reply);
      case "done":
        return { answer: judgementFrom(reply, policy) };
    }
  });
}

export interface Bounds {
  /** What is done, for the message when it does not end. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** What one line of a worker was: its greeting, something on the way, or its answer. */
export type Heard<T> = "greeting" | "more" | { readonly answer: T };

/** Gives one job to a fresh sandbox and hears it out, line by line, until `hear` has its answer. */
export async function converse<J extends SandboxJob, T>(
  open: OpenSandbox,
  job: J,
  { what, deadlineMs, signal }: Bounds,
  hear: (line: string) => Heard<T>,
): Promise<T> {
  const sandbox = await open(job, signal);
  const input = sandbox.input.getWriter();
  const deadline = AbortSignal.timeout(deadlineMs);
  const stop = AbortSignal.any([deadline, signal]);
  const kill = () => sandbox.kill();
  stop.addEventListener("abort", kill, { once: true });
  try {
    void send(input, sandbox, job);
    return await listen(sandbox, hear, stop);
  } catch (error) {
    if (deadline.aborted) throw late(what, deadlineMs, error);
    if (signal.aborted) {
      throw new UndecidedError("line/stopped", "stopped before the verdict", { cause: error });
    }
    throw error;
  } finally {
    stop.removeEventListener("abort", kill);
    sandbox.kill();
    await sandbox.ended;
    await input.abort().catch(() => {}); // Broken already, where the worker was killed.
  }
}

/** While it listens: a worker that does not take its job says so by its answer, or by ending without one. */
async function send(
  input: WritableStreamDefaultWriter<Uint8Array>,
  sandbox: Sandbox,
  job: SandboxJob,
): Promise<void> {
  const inside = { ...job, artifact: { ...job.artifact, path: sandbox.artifactPath } };
  await input.write(new TextEncoder().encode(JSON.stringify(inside) + "\n")).catch(() => {});
}

async function listen<T>(
  sandbox: Sandbox,
  hear: (line: string) => Heard<T>,
  stop: AbortSignal,
): Promise<T> {
  let greeted = false;
  for await (const line of linesOf(sandbox.output, stop)) {
    const heard = hear(line);
    if (!greeted && heard !== "greeting") {
      throw new UndecidedError("worker/protocol", "the sandbox did not greet first");
    }
    greeted = true;
    if (typeof heard === "object") return heard.answer;
  }
  const rule = greeted ? "worker/died" : "worker/start";
  throw new UndecidedError(rule, `the sandbox ended without an answer (${await sandbox.ended})`);
}

function errorFrom(
  { rule, message, evidence }: Pick<Extract<Reply, { t: "error" }>, "rule" | "message" | "evidence">,
): UndecidedError {
  return new UndecidedError(isUndecidedRule(rule) ? rule : "worker/died", message, {
    ...(evidence && { evidence }),
  });
}

/** A worker may say why it could not decide only in the terms of its own side. */
function isUndecidedRule(rule: string): rule is RuleId {
  return isRuleId(rule) && (/^(behaviour|garak)\//.test(rule) || UNDECIDED_RULES.includes(rule));
}
const UNDECIDED_RULES: readonly RuleId[] = [
  "claim/unreadable",
  "claim/changed",
  "line/digest-disagrees",
  "line/missing-program",
  "line/crashed",
];

function late(what: string, deadlineMs: number, cause: unknown): UndecidedError {
  const seconds = Math.round(deadlineMs / 1000);
  return new UndecidedError("worker/deadline", `${what} did not finish in ${seconds} s and was killed`, {
    cause,
  });
}
