import { randomBytes } from "node:crypto";
// Not by way of mod.ts, which would load the readers of suites and transcripts too.
import type { Reply } from "../src/behaviour/judge.ts";
import type { Score } from "../src/behaviour/score.ts";
import { instantiate, type PlantedPrompt } from "../src/behaviour/suite.ts";
import { FileSource } from "../src/files/file_source.ts";
import { type GgufFile, parseGguf } from "../src/formats/gguf.ts";
import {
  type Artifact,
  type Evidence,
  finding,
  type Judgement,
  type Policy,
  type StageContext,
  UndecidedError,
} from "../src/model/mod.ts";
import { askGarak, requireGarak } from "./6_behavioral_garak.ts";
import { CONTEXT_TOKENS, memoryNeeded, stackKib } from "./6_behavioral_memory.ts";
import { PaceMeter } from "./6_behavioral_pace.ts";
import { type ChatAnswer, type ChatMessage, LlamaServer } from "../src/tools/llama_server.ts";
import type { BehaviourInputs } from "../src/tools/protocol.ts";

/** On the loopback of a network namespace of its own, so no other program can have it. */
const PORT = 8099;
/** Threads that wait for each other cost a small model more than they bring, on a busy machine 20 times more. */
const ONE_THREAD_BELOW_BYTES = 64 * 1024 * 1024;

/** Runs the suite against the model in a llama-server of its own, judges what it says, and lets garak ask more. */
export async function runSuite(
  artifact: Artifact,
  inputs: BehaviourInputs,
  context: StageContext,
): Promise<Judgement> {
  const { path } = artifact;
  const { policy } = context;
  const deadlineMs = performance.now() + policy.behaviour.totalTimeoutMs;
  requireGarak(inputs.garak, policy);
  const { memoryBytes } = policy.behaviour;
  const { tensors } = requireRoom(path, memoryBytes);
  const prompts = instantiate(inputs.suite, () => randomBytes(10).toString("hex").toUpperCase());
  const judge = loadJudge();
  const server = await LlamaServer.start({
    program: inputs.program,
    model: path,
    port: PORT,
    contextTokens: CONTEXT_TOKENS,
    threads: artifact.sizeBytes < ONE_THREAD_BELOW_BYTES ? 1 : 2,
    stackKib: stackKib(tensors.length, memoryBytes),
    readyWithinMs: inputs.readyWithinMs,
  });
  try {
    const { replies, pace } = await askAll(server, prompts, { artifact, context, deadlineMs });
    requireReplies(replies, policy.behaviour.maxInvalid, server);
    const judgement = judgeRun(await judge, replies, { suite: inputs.suite, policy });
    const run = { ...pace.figures(), memory_bytes: Deno.memoryUsage().rss };
    if (judgement.kind === "refused") return { ...judgement, run };
    const asked = await askGarak(judgement, inputs.garak, { port: PORT, policy, deadlineMs });
    return { ...asked, run: { ...run, ...asked.run } };
  } finally {
    await server.stop();
  }
}

/** The judge, which is loaded while the server loads the model. */
async function loadJudge() {
  const [{ flaggedExtract }, { judgeReplies }, { scoreBatch }] = await Promise.all([
    import("../src/behaviour/extract.ts"),
    import("../src/behaviour/judge.ts"),
    import("../src/behaviour/score.ts"),
  ]);
  return { flaggedExtract, judgeReplies, scoreBatch };
}

/** The judgement on what the model said to the suite. */
function judgeRun(
  { flaggedExtract, judgeReplies, scoreBatch }: Awaited<ReturnType<typeof loadJudge>>,
  replies: readonly Reply[],
  { suite, policy }: { readonly suite: BehaviourInputs["suite"]; readonly policy: Policy },
): Judgement {
  const judgements = judgeReplies(replies);
  const { smokeTestMaxScore: maxScore, smokeTestMaxCritical: maxCritical } = policy.quarantine;
  const score = scoreBatch(judgements, { maxScore, maxCritical, maxInvalid: policy.behaviour.maxInvalid });
  const { flagged, left_out } = flaggedExtract(replies, judgements);
  return judgementOf(score, {
    suite_version: suite.version,
    suite_sha256: suite.sha256,
    ...score.counts,
    flagged_replies: flagged,
    left_out,
  });
}

interface Asking {
  readonly artifact: Artifact;
  readonly context: StageContext;
  readonly deadlineMs: number;
}

/** Asks one prompt after the other: batching would make the same model say different things on two runs. */
async function askAll(
  server: LlamaServer,
  prompts: readonly PlantedPrompt[],
  { artifact, context: { policy, progress }, deadlineMs }: Asking,
): Promise<{ replies: readonly Reply[]; pace: PaceMeter }> {
  const { maxTokens, promptTimeoutMs, totalTimeoutMs } = policy.behaviour;
  const replies: Reply[] = [];
  const pace = new PaceMeter(prompts.length, maxTokens);
  for (const prompt of prompts) {
    const left = deadlineMs - performance.now();
    if (left <= 0) {
      const minutes = Math.round(totalTimeoutMs / 60_000);
      throw new UndecidedError(
        "behaviour/deadline",
        `${replies.length}/${prompts.length} prompts answered in ${minutes} min`,
      );
    }
    const ask = (messages: readonly ChatMessage[]) =>
      server.ask(messages, maxTokens, Math.min(promptTimeoutMs, left));
    let answer = await ask(prompt.messages);
    if (answer.kind === "error") answer = await ask(withoutSystemRole(prompt.messages)); // Many templates know none.
    replies.push(replyOf(prompt, answer));
    pace.add(answer);
    progress(artifact.sizeBytes * replies.length / prompts.length, pace.now());
  }
  return { replies, pace };
}

/** An error is no reply: the judge calls it invalid, and too many of them leave the model unjudged. */
function replyOf(prompt: PlantedPrompt, answer: ChatAnswer): Reply {
  const said = answer.kind === "error" ? [] : [thought(answer.reasoning), answer.content, answer.toolCalls];
  return {
    id: prompt.id,
    category: prompt.category,
    prompt: prompt.messages.at(-1)?.content ?? "",
    reply: said.filter((part) => part !== "").join("\n"),
    finish_reason: answer.kind === "error" ? `${ERROR}${answer.status}` : answer.finishReason,
    canaries: prompt.canaries,
    ...(prompt.expect === null ? {} : { expect: prompt.expect }),
  };
}

/** The server takes the marks off; the judge tells by them what was weighed from what was answered. */
function thought(reasoning: string): string {
  return reasoning === "" ? "" : `<think>\n${reasoning}\n</think>`;
}

/** A server that answers with errors was not the model speaking: its own reason, not that of a model that says nothing. */
function requireReplies(replies: readonly Reply[], maxInvalid: number, server: LlamaServer): void {
  const errors = replies.filter(({ finish_reason }) => finish_reason.startsWith(ERROR));
  if (errors.length <= replies.length * maxInvalid) return;
  const status = errors.at(-1)?.finish_reason.slice(ERROR.length);
  throw new UndecidedError(
    "behaviour/server-error",
    `llama-server answered ${errors.length}/${replies.length} prompts with errors (the last one ${status})`,
    { evidence: { server_log: server.log } },
  );
}
const ERROR = "error ";

/** The same conversation with what the system said put before the user's first words. */
function withoutSystemRole(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const [first, ...rest] = messages.filter(({ role }) => role !== "system");
  if (first === undefined) return messages;
  return [{ ...first, content: [...system, first.content].join("\n\n") }, ...rest];
}

function judgementOf(score: Score, evidence: Evidence): Judgement {
  switch (score.kind) {
    case "passed":
      return { kind: "cleared", summary: score.summary, evidence, notes: [] };
    case "not-judgeable":
      throw new UndecidedError(score.rule, score.summary, { evidence });
    case "failed": {
      const [first, ...rest] = score.reasons.map(({ rule, message }) => finding(rule, message));
      if (first === undefined) throw new Error("Cannot happen: failed without a reason");
      return { kind: "refused", summary: score.summary, evidence, findings: [first, ...rest] };
    }
  }
}

/** The model's header. A model that cannot fit is explained before it is started, not found dead afterwards. */
function requireRoom(path: string, allowedBytes: number): GgufFile {
  const source = new FileSource(path);
  try {
    const header = parseGguf(source);
    const needed = memoryNeeded(header);
    if (needed <= allowedBytes) return header;
    const gib = (bytes: number) => (bytes / 1024 ** 3).toFixed(1);
    throw new UndecidedError(
      "behaviour/too-large",
      `needs about ${gib(needed)} GiB beside its weights, the sandbox allows ${gib(allowedBytes)} GiB`,
    );
  } finally {
    source.close();
  }
}
