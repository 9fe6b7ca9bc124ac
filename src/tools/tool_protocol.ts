import * as z from "zod";
import { UndecidedError } from "../model/mod.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { TOOL_IDS } from "./tools.ts";

/**
 * What the coordinator and the run-scanner role say to each other: one JSON job in, JSON lines out, `hello` first and
 * `done` or `error` last.
 */

/** One job: ask one program about one artifact. */
export const toolJobSchema = z.strictObject({
  v: z.literal(PROTOCOL_VERSION),
  tool: z.enum(TOOL_IDS),
  /** Absolute path; the role may run no other than those it was started with. */
  program: z.string().startsWith("/"),
  /** The only version whose word counts, or null for any. */
  version: z.string().nullable(),
  artifact: z.strictObject({
    path: z.string().startsWith("/"),
    /** Under which plain name it appears where the sandbox can choose. */
    name: z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z0-9]+)?$/),
  }),
  /** Small files the program needs beside it (a public key, a signature), by plain name, in base64. */
  inputs: z.record(z.string().regex(/^[a-z][a-z0-9._-]{0,63}$/), z.base64()),
  timeoutMs: z.number().positive(),
});

export type ToolJob = z.infer<typeof toolJobSchema>;

const toolReplySchema = z.discriminatedUnion("t", [
  z.strictObject({ t: z.literal("hello"), v: z.literal(PROTOCOL_VERSION) }),
  z.strictObject({ t: z.literal("done"), version: z.string().max(64), report: z.unknown() }),
  z.strictObject({
    t: z.literal("error"),
    rule: z.string(),
    message: z.string().max(1000),
    version: z.string().max(64).nullable(),
  }),
]);

export type ToolReply = z.infer<typeof toolReplySchema>;

export function readToolReply(line: string): ToolReply {
  try {
    return toolReplySchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new UndecidedError("worker/protocol", "the sandbox said something that is not an answer", {
      cause,
    });
  }
}
