import * as z from "zod";
import {
  ARTIFACT_FORMATS,
  type Evidence,
  type Finding,
  isNonEmpty,
  isRuleId,
  type Json,
  type Judgement,
  parseSha256,
  type Policy,
  refuses,
  type Sha256,
  STAGE_IDS,
  UndecidedError,
} from "../model/mod.ts";
import { gpgReportSchema } from "./gpgv.ts";

/**
 * What the coordinator and a sandboxed worker say to each other: one JSON job in, JSON lines out, `hello` first and
 * `done` or `error` last. Everything a worker says is untrusted: capped, schema-checked, bound by a deadline.
 */

export const PROTOCOL_VERSION = 1;
export const MAX_LINE_BYTES = 1024 * 1024;
/** Jobs come from the coordinator: the files of a directory, and its signatures. */
export const MAX_JOB_BYTES = 128 * 1024 * 1024;
export const MAX_REPLY_BYTES = 64 * 1024 * 1024;

const sha256Schema = z.string().transform((text, context): Sha256 => {
  try {
    return parseSha256(text);
  } catch {
    context.addIssue({ code: "custom", message: "not a SHA-256" });
    return z.NEVER;
  }
});

const fileSchema = z.strictObject({ path: z.string(), sha256: sha256Schema, sizeBytes: z.number().int() });

const promptSchema = z.strictObject({
  id: z.string(),
  category: z.string(),
  language: z.string(),
  messages: z.array(
    z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() }),
  ).readonly(),
  canaries: z.array(z.string()).readonly(),
  expect: z.strictObject({
    any_of: z.array(z.string()).readonly().optional(),
    digit: z.literal(true).optional(),
    no_refusal: z.literal(true).optional(),
  }).nullable(),
});

/** One job: examine one artifact in one stage. */
export const jobSchema = z.strictObject({
  v: z.literal(PROTOCOL_VERSION),
  stage: z.enum(STAGE_IDS),
  artifact: z.strictObject({
    name: z.string(),
    path: z.string(),
    shape: z.enum(["file", "directory"]),
    format: z.enum(ARTIFACT_FORMATS),
    sizeBytes: z.number().int(),
    origin: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("local") }),
      z.strictObject({ kind: z.literal("remote"), url: z.string() }),
    ]),
    /** Null while the coordinator is still hashing (`check`). */
    digest: z.strictObject({ sha256: sha256Schema, sizeBytes: z.number().int(), files: z.array(fileSchema) })
      .nullable(),
  }),
  /** What the behavioural test needs beside the model; null for every other stage. */
  behaviour: z.strictObject({
    /** What is asked, read and checked by the coordinator. */
    suite: z.strictObject({
      version: z.number(),
      sha256: sha256Schema,
      prompts: z.array(promptSchema).readonly(),
    }),
    /** Path of llama-server, as the worker sees it. */
    program: z.string(),
    readyWithinMs: z.number().positive(),
    /** Path of garak; null where it is not installed. */
    garak: z.string().nullable(),
  }).nullable(),
  /** What the signatures of the artifact are judged by; null for every other stage. */
  provenance: z.strictObject({
    /** The coordinator's clock: a worker has none it could be asked about. */
    at: z.iso.datetime(),
    required: z.boolean(),
    trustRoots: z.array(z.strictObject({ name: z.string(), text: z.string() })),
    /** Signatures that stand beside the artifact, in base64. */
    signatures: z.array(z.strictObject({ name: z.string(), content: z.base64().nullable() })),
    /** What gpgv said of each of them, or why it could not be asked; empty where the policy names no GPG key. */
    gpg: z.array(z.strictObject({
      name: z.string(),
      answer: z.union([gpgReportSchema, z.strictObject({ unavailable: z.string() })]),
    })),
  }).nullable(),
  /** The loaded policy less its waivers, which only the coordinator applies. */
  policy: z.custom<Omit<Policy, "accept">>((value) => typeof value === "object" && value !== null),
});

export type Job = z.infer<typeof jobSchema>;
export type ProvenanceJob = NonNullable<Job["provenance"]>;
export type BehaviourInputs = NonNullable<Job["behaviour"]>;

const jsonSchema: z.ZodType<Json> = z.json();
const placeShape = {
  offset: z.number().int().nonnegative().optional(),
  field: z.string().optional(),
  tensor: z.string().optional(),
  path: z.string().optional(),
};
const findingSchema = z.strictObject({
  rule: z.string(),
  severity: z.enum(["critical", "suspicious", "info"]),
  confidence: z.number().min(0).max(1).optional(),
  message: z.string(),
  ...placeShape,
});
const ruleSchema = z.string();

const replySchema = z.discriminatedUnion("t", [
  z.strictObject({ t: z.literal("hello"), v: z.literal(PROTOCOL_VERSION) }),
  z.strictObject({
    t: z.literal("progress"),
    bytes: z.number().nonnegative(),
    pace: z.strictObject({ tokensPerSecond: z.number().nonnegative(), secondsLeft: z.number().nonnegative() })
      .optional(),
  }),
  z.strictObject({ t: z.literal("tensor"), record: jsonSchema }),
  z.strictObject({
    t: z.literal("done"),
    kind: z.enum(["cleared", "refused"]),
    summary: z.string(),
    evidence: z.record(z.string(), jsonSchema),
    findings: z.array(findingSchema),
    run: z.record(z.string(), z.number()).optional(),
  }),
  z.strictObject({
    t: z.literal("error"),
    rule: ruleSchema,
    message: z.string(),
    evidence: z.record(z.string(), jsonSchema).optional(),
  }),
]);

export type Reply = z.infer<typeof replySchema>;

export function readReply(line: string): Reply {
  try {
    return replySchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new UndecidedError("worker/protocol", "the sandbox said something that is not an answer", {
      cause,
    });
  }
}

export function doneLine(judgement: Judgement): Reply {
  const { kind, summary, evidence } = judgement;
  const findings = (kind === "cleared" ? judgement.notes : judgement.findings).map((found) => ({ ...found }));
  return { t: "done", kind, summary, evidence, findings, ...(judgement.run && { run: judgement.run }) };
}

/** Believes a `done` only when it agrees with itself: no unknown rule, and cleared exactly when nothing refuses. */
export function judgementFrom(reply: Extract<Reply, { t: "done" }>, policy: Policy): Judgement {
  const { summary } = reply;
  const run = reply.run === undefined ? {} : { run: reply.run };
  const evidence: Evidence = reply.evidence;
  const findings = reply.findings.map(findingFrom);
  const contradicts = () =>
    new UndecidedError("worker/protocol", "the sandbox's answer contradicts its findings");
  if (reply.kind === "refused") {
    if (!isNonEmpty(findings) || !refuses(policy, findings[0])) throw contradicts();
    return { kind: "refused", summary, evidence, findings, ...run };
  }
  if (findings.some((found) => refuses(policy, found))) throw contradicts();
  return { kind: "cleared", summary, evidence, notes: findings, ...run };
}

function findingFrom(raw: z.infer<typeof findingSchema>): Finding {
  const { rule, severity, message } = raw;
  if (!isRuleId(rule)) {
    throw new UndecidedError("worker/protocol", `the sandbox named an unknown rule ${rule}`);
  }
  return {
    rule,
    severity,
    message,
    ...(raw.confidence === undefined ? {} : { confidence: raw.confidence }),
    ...(raw.offset === undefined ? {} : { offset: raw.offset }),
    ...(raw.field === undefined ? {} : { field: raw.field }),
    ...(raw.tensor === undefined ? {} : { tensor: raw.tensor }),
    ...(raw.path === undefined ? {} : { path: raw.path }),
  };
}
