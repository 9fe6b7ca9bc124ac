import { resolve } from "node:path";
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
    return (job) => {
      const sandbox = this.#sandbox;
      if (sandbox === null || job.artifact.path !== this.path) return open(job);
      this.#sandbox = null;
      return Promise.resolve(sandbox);
    };
  }
}

/**
 * Starts an examiner for what looks like the first model of `check`, so that it is ready when the coordinator is: both
 * load their modules at the same time. A guess that turns out wrong does no harm: without a job an examiner reads
 * nothing, and it ends with the program.
 */
export function startEarly(
  world: Pick<World, "env" | "programRoot">,
  args: readonly string[],
): { readonly early?: EarlySandbox } {
  const [, ...given] = args;
  const path = given.find((arg, at) => !arg.startsWith("-") && !WITH_VALUE.includes(given[at - 1] ?? ""));
  if (path === undefined || !isWeightFile(path)) return {};
  const artifact = resolve(path);
  return {
    early: new EarlySandbox(artifact, openProcessSandbox(sandboxOptions(world, "examine", []), artifact)),
  };
}

function isWeightFile(path: string): boolean {
  if (!/\.(gguf|safetensors)$/i.test(path)) return false;
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false; // Whoever examines it says what is wrong with it.
  }
}
