// Not all of the model, and not node:path: this is loaded before anything else, and every module takes its time.
import { formatClaimedByFile } from "../model/artifact.ts";
import { openProcessSandbox } from "../tools/process_sandbox.ts";
import type { OpenSandbox, Sandbox } from "../tools/worker.ts";
import { sandboxOptions } from "./sandboxes.ts";
import type { World } from "./world.ts";

/** Options of `check` that take a value. */
const WITH_VALUE = ["--source", "--policy", "--profile"];

/** A sandbox that waits for its job. */
export class EarlySandbox {
  #sandbox: Sandbox | null;

  constructor(private readonly path: string, sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** Hands this sandbox out for the first job on its artifact; every other is opened by `open`. */
  before(open: OpenSandbox): OpenSandbox {
    return (job, signal) => {
      const sandbox = this.#sandbox;
      if (sandbox === null || !isSame(job.artifact.path, this.path)) return open(job, signal);
      this.#sandbox = null;
      return Promise.resolve(sandbox);
    };
  }
}

/**
 * Starts an examiner for what looks like the first model of `check`, which begins to read while the coordinator is still
 * loading; `null` when something else is asked for. A guess that turns out wrong does no harm: an examiner without a job
 * says nothing, and ends with the program.
 */
export function startEarly(
  world: Pick<World, "env" | "programRoot">,
  args: readonly string[],
): EarlySandbox | null {
  const [verb, ...given] = args;
  if (verb !== "check") return null;
  const path = given.find((arg, at) => !arg.startsWith("-") && !WITH_VALUE.includes(given[at - 1] ?? ""));
  const what = path === undefined ? null : whatLiesAt(path);
  if (path === undefined || what === null) return null;
  const artifact = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  const ahead = (inside: string) => ["--ahead", what, inside];
  const sandbox = openProcessSandbox(sandboxOptions(world, "examine", []), { path: artifact }, ahead);
  return new EarlySandbox(artifact, sandbox);
}

/** Whether two paths, however they are written, lead to one file or directory now. */
function isSame(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    const [a, b] = [Deno.lstatSync(one), Deno.lstatSync(other)];
    return a.dev === b.dev && a.ino === b.ino && a.ino !== null;
  } catch {
    return false; // Whoever examines it says what is wrong with it.
  }
}

/** What the examiner would read; null for what it would not. */
function whatLiesAt(path: string): "gguf" | "safetensors" | "directory" | null {
  try {
    const stat = Deno.lstatSync(path);
    if (stat.isDirectory) return "directory";
    const format = formatClaimedByFile(path);
    return stat.isFile && (format === "gguf" || format === "safetensors") ? format : null;
  } catch {
    return null; // Whoever examines it says what is wrong with it.
  }
}
