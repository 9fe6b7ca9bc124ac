import * as z from "zod";
import { escapeName } from "../files/mod.ts";
import { type Permission, type PromotionQuestion, type RuleId, unreachable } from "../model/mod.ts";
import { parseReply } from "../registry/talk.ts";
import { type Neighbour, post } from "./post.ts";

const DOMAIN = "model_promotion";
const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_REPLY_BYTES = 64 * 1024;
const MAX_TEXT = 1024;

const replySchema = z.object({
  decision: z.enum(["allow", "deny", "ask"]),
  reason: z.string(),
  evidence: z.object({
    timestamp: z.string(),
    domain: z.literal(DOMAIN),
    policy_digest: z.string(),
    rule_id: z.string(),
    input_hash: z.string(),
  }),
});
type EngineReply = z.infer<typeof replySchema>;

/** The policy engine on this machine. */
export class PolicyEngineClient {
  constructor(private readonly options: Neighbour) {}

  /** May this model be promoted? Anything but a clear answer is `undecided`. Never throws for what an engine does. */
  async decide(question: PromotionQuestion): Promise<Permission> {
    const answer = await post(this.options, {
      target: "/api/v1/decide",
      json: requestOf(question),
      maxReplyBytes: MAX_REPLY_BYTES,
    });
    switch (answer.kind) {
      case "no-token":
        return undecided("engine/token", `Cannot ask the policy engine: ${answer.cause.message}`);
      case "unreachable":
      case "lost":
        return undecided("engine/unreachable", `Cannot reach the policy engine: ${answer.cause.message}`);
      case "reply":
        return judge(answer.status, answer.body);
      default:
        return unreachable(answer);
    }
  }
}

/** The engine takes text only. It knows formats of files, not of directories: those hold safetensors. */
function requestOf({ request, format }: PromotionQuestion): string {
  const params: Record<string, string> = {
    format: format === "gguf" ? "gguf" : "safetensors",
    kind: format,
    sha256: request.sha256,
    size_bytes: String(request.size_bytes),
    source: clip(request.source),
    policy_version: request.policy_version,
  };
  for (const [stage, result] of Object.entries(request.scan_results)) params[`stage.${stage}`] = clip(result);
  const question = { domain: DOMAIN, subject: clip(request.filename), action: "promote", params };
  for (const [program, version] of Object.entries(request.scanner_versions)) {
    params[`scanner.${program}`] = clip(version);
    if (byteLength(JSON.stringify(question)) > MAX_REQUEST_BYTES) delete params[`scanner.${program}`];
  }
  return JSON.stringify(question);
}

function judge(status: number, body: string | null): Permission {
  const said = body === null ? "(no readable text)" : escapeName(body.slice(0, 300).trim());
  if (status !== 200) {
    const rule = status >= 300 && status < 400 ? "engine/malformed-reply" : "engine/error";
    return undecided(rule, `The policy engine answered ${status}: ${said}`);
  }
  const reply = parseReply(replySchema, body);
  if (reply === null) return undecided("engine/malformed-reply", `The policy engine answered 200: ${said}`);
  const { decision, reason, evidence } = reply;
  const words = `${safe(reason)} (${safe(evidence.rule_id)})`;
  switch (decision) {
    case "allow":
      return { kind: "allowed", evidence: evidenceOf(reply) };
    case "deny":
      return {
        kind: "denied",
        rule: "engine/denied",
        message: `The policy engine denies the promotion: ${words}`,
      };
    case "ask":
      return undecided("engine/asks", `The policy engine asks for a person's decision: ${words}`);
    default:
      return unreachable(decision);
  }
}

function evidenceOf({ reason, evidence }: EngineReply): Readonly<Record<string, string>> {
  const { timestamp, policy_digest, rule_id, input_hash } = evidence;
  return {
    rule_id: safe(rule_id),
    reason: safe(reason),
    policy_digest: safe(policy_digest),
    input_hash: safe(input_hash),
    timestamp: safe(timestamp),
  };
}

function undecided(rule: RuleId, message: string): Permission {
  return { kind: "undecided", rule, message };
}

const clip = (text: string): string => text.slice(0, MAX_TEXT);
const safe = (text: string): string => escapeName(text.slice(0, 300));
const byteLength = (text: string): number => new TextEncoder().encode(text).byteLength;
