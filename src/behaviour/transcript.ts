import * as z from "zod";
import { StartupError } from "../model/mod.ts";
import { expectationSchema } from "./expectation_schema.ts";
import type { Reply, ReplyJudgement } from "./judge.ts";

const replySchema = z.object({
  id: z.string().min(1).max(200),
  category: z.string().min(1).max(100),
  prompt: z.string(),
  reply: z.string(),
  finish_reason: z.string().max(100),
  canaries: z.array(z.string()).max(100).optional(),
  expect: expectationSchema.optional(),
});

/**
 * Reads a recorded transcript, one JSON object a line; keys of the recorder's own are left alone. Throws
 * `StartupError` with the number of the first line that is not one.
 */
export function parseTranscript(text: string): readonly Reply[] {
  return text.split("\n").flatMap((line, i) => line.trim() === "" ? [] : [parseLine(line, i + 1)]);
}

function parseLine(line: string, number: number): Reply {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch (cause) {
    throw new StartupError("usage", `Cannot judge line ${number}: not JSON`, { cause });
  }
  const reading = replySchema.safeParse(data);
  if (!reading.success) {
    const { path, message } = reading.error.issues[0] ?? { path: [], message: "not a reply" };
    throw new StartupError("usage", `Cannot judge line ${number}: ${path.join(".")}: ${message}`);
  }
  const { canaries, expect, ...reply } = reading.data;
  return { ...reply, ...(canaries && { canaries }), ...(expect && { expect }) };
}

/** One line of JSON per judgement, in the order of the replies. */
export function formatJudgements(judgements: readonly ReplyJudgement[]): string {
  return judgements.map((judgement) => `${JSON.stringify(judgement)}\n`).join("");
}
