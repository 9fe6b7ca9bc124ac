import * as z from "zod";
import { UndecidedError } from "../model/mod.ts";
import { parseReply, type Talk, unclear } from "./talk.ts";

/** A registry of ours says in its health which dialect it speaks; others do not. */
const spokenSchema = z.object({ dialect: z.literal("a") });

/**
 * Finds out which dialect a registry speaks, by questions that change nothing. Throws `UndecidedError` when it
 * cannot be told now: nothing is promoted on a guess.
 */
export async function probeDialect(talk: Talk): Promise<"a" | "b" | "c"> {
  const open = await talk.send("GET", "/v1/models", { as: "nobody" });
  if (open.kind === "reply" && open.status === 200) return "a";
  const isGuarded = open.kind === "reply" && [401, 403, 503].includes(open.status);
  if (!isGuarded) throw unanswered(open);
  const stats = await talk.send("GET", "/v1/stats", { as: "change" });
  if (stats.kind === "reply" && stats.status === 200) return "c";
  if (stats.kind !== "reply" || stats.status !== 404) throw unanswered(stats);
  const health = await talk.send("GET", "/health", { as: "nobody" });
  // Of a guarded registry that has no statistics, 503 means that its own metadata are in disorder.
  if (health.kind !== "reply" || (health.status !== 200 && health.status !== 503)) throw unanswered(health);
  return parseReply(spokenSchema, health.body) === null ? "b" : "a";
}

function unanswered(answer: Parameters<typeof unclear>[0]): UndecidedError {
  const { rule, message } = unclear(answer);
  return new UndecidedError(rule, `Cannot tell which dialect the registry speaks. ${message}`);
}
