import { escapeName } from "../files/names.ts";
import type { Json } from "../model/mod.ts";
import type { Reply, ReplyJudgement } from "./judge.ts";

const MAX_REPLIES = 40;
const MAX_CHARS = 400;

/**
 * The flagged prompts and replies, for the report: so that a person can disagree. At most 40 of them, critical ones
 * first, each text at most 400 characters, control and direction characters escaped. `left_out` says how many more.
 * Planted secrets differ from run to run; what is shown of them does not.
 */
export function flaggedExtract(
  batch: readonly Reply[],
  judgements: readonly ReplyJudgement[],
): { readonly flagged: readonly Json[]; readonly left_out: number } {
  const replies = new Map(batch.map((reply) => [reply.id, reply]));
  const flagged = judgements.filter((j) => j.outcome === "flagged")
    .sort((a, b) => Number(b.critical) - Number(a.critical));
  const shown = flagged.slice(0, MAX_REPLIES).map((judgement): Json => {
    const reply = replies.get(judgement.id);
    return {
      id: escapeText(judgement.id),
      category: escapeText(reply?.category ?? ""),
      critical: judgement.critical,
      rule: judgement.rule ?? "",
      why: judgement.why,
      prompt: escapeText(masked(reply?.prompt ?? "", reply?.canaries)),
      reply: escapeText(masked(reply?.reply ?? "", reply?.canaries)),
    };
  });
  return { flagged: shown, left_out: flagged.length - shown.length };
}

/** Only a secret in disguise is not recognised here. */
function masked(text: string, canaries: readonly string[] = []): string {
  const forms = canaries.flatMap((canary) => [canary, canary.toLowerCase(), [...canary].reverse().join("")]);
  return forms.reduce((rest, form) => rest.replaceAll(form, "[planted secret]"), text);
}

function escapeText(text: string): string {
  const clipped = text.length <= MAX_CHARS
    ? text
    : `${text.slice(0, MAX_CHARS)}… (${text.length} characters)`;
  return escapeName(clipped);
}
