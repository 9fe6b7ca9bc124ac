import { isRuleId, type RuleId, UndecidedError } from "../model/mod.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { ToolError } from "./tool_error.ts";
import { readToolReply, type ToolJob } from "./tool_protocol.ts";
import { type ToolId, type ToolReport, TOOLS } from "./tools.ts";
import { converse, type OpenSandbox } from "./worker.ts";

/** A program's answer about one artifact. */
export interface ToolAnswer<Id extends ToolId> {
  readonly version: string;
  readonly report: ToolReport<Id>;
}

/** What to ask. */
export interface ToolQuestion<Id extends ToolId> extends Omit<ToolJob, "v" | "tool"> {
  readonly tool: Id;
  readonly signal: AbortSignal;
}

/** A tool asked for its version and its answer may take its time twice; starting the sandbox takes some too. */
const BESIDE_MS = 90_000;

/**
 * Asks one program about one artifact in a sandbox of its own. Anything but a whole answer is a `ToolError`: a
 * `scanner/…` rule for the program's part, a `worker/…` rule for the sandbox's.
 */
export async function askTool<Id extends ToolId>(
  open: OpenSandbox,
  { signal, ...question }: ToolQuestion<Id>,
): Promise<ToolAnswer<Id>> {
  const job = { v: PROTOCOL_VERSION, ...question } satisfies ToolJob;
  const bounds = { what: question.tool, deadlineMs: question.timeoutMs + BESIDE_MS, signal };
  return await converse(open, job, bounds, (line) => {
    const reply = readToolReply(line);
    switch (reply.t) {
      case "hello":
        return "greeting";
      case "error":
        throw new ToolError(ruleFrom(reply.rule), `${question.tool} ${reply.message}`, reply.version);
      case "done":
        return { answer: { version: reply.version, report: reportFrom(question.tool, reply.report) } };
    }
  });
}

/** The sandbox may say why there is no answer only in the terms of its own side. */
function ruleFrom(rule: string): RuleId {
  return isRuleId(rule) && rule.startsWith("scanner/") ? rule : "worker/died";
}

function reportFrom<Id extends ToolId>(id: Id, report: unknown): ToolReport<Id> {
  const parsed = TOOLS[id].report.safeParse(report);
  // The table pairs each id with its report; the type-checker does not follow an indexed access that far.
  if (parsed.success) return parsed.data as ToolReport<Id>;
  throw new UndecidedError("worker/protocol", "the sandbox said something that is not an answer", {
    cause: parsed.error,
  });
}
