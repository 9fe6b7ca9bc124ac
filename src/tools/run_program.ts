import { escapeName } from "../files/mod.ts";
import { UndecidedError } from "../model/mod.ts";
import type { Ran } from "./tool.ts";

export interface ProgramRun {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

/** The same for every tool and every run: no colours, no caches, no surprises from the machine. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/bin",
  HOME: "/tmp",
  TMPDIR: "/tmp",
  LANG: "C.UTF-8",
  TZ: "UTC",
  TERM: "dumb",
  NO_COLOR: "1",
  COLUMNS: "4096",
  PYTHONDONTWRITEBYTECODE: "1",
  PYTHONHASHSEED: "0",
  PYTHONNOUSERSITE: "1",
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
};
const STDERR_KEPT = 16 * 1024;
/** What a program started may take so long to end after it. */
const LINGER_MS = 1000;
const POLL_MS = 50;
/** Lists processes; the runtime itself may not read /proc. */
const LS = "/usr/bin/ls";

/**
 * Runs a program to its end inside the sandbox this process is in. Throws `UndecidedError`: `scanner/start`,
 * `scanner/deadline`, `scanner/flood`, `scanner/crashed` (a signal) or `scanner/left-behind`.
 */
export async function runProgram(run: ProgramRun): Promise<Ran> {
  const before = await processes();
  const child = spawn(run);
  const kill = () => killQuietly(child);
  const late = AbortSignal.timeout(run.timeoutMs);
  late.addEventListener("abort", kill, { once: true });
  const output = readCapped(child.stdout, run.maxOutputBytes, kill);
  const errors = readTail(child.stderr);
  try {
    const { code, signal } = await child.status;
    const ended = performance.now();
    const stdout = await within(output, LINGER_MS);
    const stderr = await within(errors, LINGER_MS);
    if (stdout === "flood") throw fault("flood", `printed more than ${run.maxOutputBytes} bytes`);
    if (late.aborted) throw fault("deadline", `did not finish in ${Math.round(run.timeoutMs / 1000)} s`);
    if (stdout === null || stderr === null || !await quiet(before, ended)) {
      throw fault("left-behind", "ended but left a process running");
    }
    if (signal !== null) throw fault("crashed", `was killed by ${signal}${lastLine(stderr)}`);
    return { code, stdout: stdout.text, stderr };
  } finally {
    late.removeEventListener("abort", kill);
    kill();
  }
}

/** The last line a program printed, made safe for a message; empty when there is none. */
export function lastLine(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${escapeName(line.slice(0, 200))}`;
}

function fault(
  rule: "start" | "deadline" | "flood" | "crashed" | "left-behind",
  what: string,
  cause?: unknown,
) {
  return new UndecidedError(`scanner/${rule}`, what, { cause });
}

function spawn({ program, args, environment }: ProgramRun): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      clearEnv: true,
      env: { ...ENVIRONMENT, ...environment },
      cwd: "/tmp",
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    throw fault("start", "did not start", cause);
  }
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // It has ended already.
  }
}

async function readCapped(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  stop: () => void,
): Promise<{ text: string } | "flood"> {
  const decoder = new TextDecoder(); // A report that is not UTF-8 is for its reader to refuse.
  let text = "";
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      stop();
      return "flood";
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode() };
}

async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of stream) {
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-STDERR_KEPT);
  }
  return tail;
}

/** What a promise settles to in time, or null: a stream stays open while something left behind holds it. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), ms));
  return await Promise.race([promise, tooLong]).finally(() => clearTimeout(timer));
}

/** Whether everything the program started has ended. */
async function quiet(before: number, ended: number): Promise<boolean> {
  while (await processes() > before) {
    if (performance.now() - ended > LINGER_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/** How many processes there are in this sandbox. */
async function processes(): Promise<number> {
  const { stdout } = await new Deno.Command(LS, { args: ["/proc"], clearEnv: true, stdin: "null" }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((name) => /^\d+$/.test(name)).length;
}
