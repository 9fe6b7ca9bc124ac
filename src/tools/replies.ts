import * as z from "zod";
import {
  type Evidence,
  type Finding,
  isNonEmpty,
  isRuleId,
  type Json,
  type Judgement,
  type Policy,
  refuses,
  UndecidedError,
} from "../model/mod.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";

/** What a worker says, as the coordinator reads it: untrusted, so schema-checked and believed only where it agrees with itself. */

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
    t: z.enum(["done", "gate"]),
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

/** Believes a judgement only when it agrees with itself: no unknown rule, and cleared exactly when nothing refuses. */
export function judgementFrom(reply: Extract<Reply, { t: "done" | "gate" }>, policy: Policy): Judgement {
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
