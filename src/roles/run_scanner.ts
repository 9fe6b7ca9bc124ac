import { Buffer } from "node:buffer";
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { UndecidedError } from "../model/mod.ts";
import { PROTOCOL_VERSION } from "../tools/protocol.ts";
import { lastLine, runProgram } from "../tools/run_program.ts";
import type { Ran, Tool, ToolPlaces } from "../tools/tool.ts";
import { type ToolJob, toolJobSchema, type ToolReply } from "../tools/tool_protocol.ts";
import { TOOLS } from "../tools/tools.ts";
import { readLine, say } from "./worker_lines.ts";

/** Where extra files of a job and its report lie: on a scratch filesystem of the sandbox, in memory and gone with it. */
const JOB = "/tmp/job";
const VERSION_TIMEOUT_MS = 60_000;
const MAX_VERSION_BYTES = 64 * 1024;

/**
 * The run-scanner role: reads one job from stdin, asks one whitelisted program about one artifact, says what it
 * answered on stdout, and is gone. It holds nothing, can reach nothing but the artifact, and has no network.
 */
export async function runScanner(programRoot: string): Promise<void> {
  const speak = (reply: ToolReply) => say(reply);
  speak({ t: "hello", v: PROTOCOL_VERSION });
  const job = toolJobSchema.parse(JSON.parse(await readLine()));
  const tool = TOOLS[job.tool];
  let version: string | null = null;
  try {
    version = await versionOf(tool, job);
    if (job.version !== null && version !== job.version) {
      throw new UndecidedError("scanner/version", `is version ${version}, the policy pins ${job.version}`);
    }
    speak({ t: "done", version, report: await ask(tool, job, programRoot) });
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    speak({ t: "error", rule: error.rule, message: error.message.slice(0, 1000), version });
  }
}

async function versionOf(tool: Tool, job: ToolJob): Promise<string> {
  const { code, stdout, stderr } = await runProgram({
    program: job.program,
    args: tool.versionArgs,
    environment: tool.environment ?? {},
    timeoutMs: Math.min(VERSION_TIMEOUT_MS, job.timeoutMs),
    maxOutputBytes: MAX_VERSION_BYTES,
  });
  const found = code === 0 ? tool.version(stdout) : null;
  if (found !== null && found.length <= 64) return found;
  throw new UndecidedError("scanner/start", `does not say its version (exit ${code})${lastLine(stderr)}`);
}

async function ask(tool: Tool, job: ToolJob, programRoot: string): Promise<unknown> {
  const places = placesOf(job, programRoot);
  const ran = await runProgram({
    program: job.program,
    args: tool.args(places),
    environment: tool.environment ?? {},
    timeoutMs: job.timeoutMs,
    maxOutputBytes: tool.maxOutputBytes,
  });
  requireAnswer(tool, ran);
  const report = tool.reportsTo === "stdout"
    ? ran.stdout
    : readReport(places.reportFile, tool.maxOutputBytes);
  return tool.read({ code: ran.code, report, stderr: ran.stderr }, places);
}

/** The file a tool wrote its report to; empty when it wrote none. */
function readReport(path: string, maxBytes: number): string {
  const stat = unlessMissing(() => lstatSync(path));
  if (stat === null) return "";
  if (!stat.isFile()) {
    throw new UndecidedError("scanner/report", "put something else than a file in its report's place");
  }
  if (stat.size > maxBytes) throw new UndecidedError("scanner/flood", `wrote more than ${maxBytes} bytes`);
  return readFileSync(path, "utf8");
}

/** An exit code is believed only as far as the program's documentation goes. */
function requireAnswer(tool: Tool, { code, stderr }: Ran): void {
  switch (tool.exits[code]) {
    case "answer":
      return;
    case "nothing-scanned":
      throw new UndecidedError("scanner/nothing-scanned", `looked at nothing (exit ${code})`);
    case "failed":
      throw new UndecidedError("scanner/crashed", `failed (exit ${code})${lastLine(stderr)}`);
    case undefined:
      throw new UndecidedError("scanner/exit", `ended with the unknown exit code ${code}${lastLine(stderr)}`);
  }
}

function placesOf(job: ToolJob, programRoot: string): ToolPlaces {
  const paths = new Map<string, string>();
  mkdirSync(JOB, { recursive: true });
  for (const [name, base64] of Object.entries(job.inputs)) {
    const path = join(JOB, name);
    writeFileSync(path, Buffer.from(base64, "base64"));
    paths.set(name, path);
  }
  return {
    artifact: job.artifact.path,
    reportFile: join(JOB, "report.json"),
    rules: join(programRoot, "policy", "yara"),
    input(name) {
      const path = paths.get(name);
      if (path === undefined) throw new Error(`Cannot ask ${job.tool}: the job has no ${name}`);
      return path;
    },
  };
}
