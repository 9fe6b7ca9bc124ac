import type { ProcessSandboxOptions } from "../tools/process_sandbox.ts";
import { builtFormOf } from "./built_form.ts";
import type { World } from "./world.ts";

type SandboxWorld = Pick<World, "env" | "programRoot">;

/**
 * How the sandboxes of a role are opened on this machine. `programs`: the folders in which the programs that it starts are
 * installed. Loads nothing that takes time: not even node:path.
 */
export function sandboxOptions(
  world: SandboxWorld,
  role: ProcessSandboxOptions["role"],
  programs: readonly string[],
): ProcessSandboxOptions {
  const program = builtFormOf(world) ?? world.programRoot;
  return {
    role,
    launcher: `${program}/scripts/ai-quarantine`,
    bwrap: world.env("AI_QUARANTINE_BWRAP") ?? null,
    programRoots: [...programRoots(program, world), ...programs],
    cache: cacheOf(program),
    environment: workerEnvironment(world),
  };
}

/** What a worker's runtime must be able to read: our code and what lies beside it elsewhere, and the runtime. */
function programRoots(program: string, { env }: SandboxWorld): string[] {
  const deno = env("AI_QUARANTINE_DENO");
  return [program, Deno.realPathSync(`${program}/policy`), ...(deno === undefined ? [] : [deno])];
}

/** Compiled code of the workers, which the launcher leaves beside what it builds; an installed program has none. */
function cacheOf(program: string): string | null {
  const path = `${program}/cache/workers`;
  return isDirectory(path) ? path : null;
}

function workerEnvironment(world: SandboxWorld): Record<string, string> {
  const deno = world.env("AI_QUARANTINE_DENO");
  return {
    PATH: "/usr/bin:/bin",
    HOME: "/tmp",
    TZ: "UTC",
    ...(deno === undefined ? {} : { AI_QUARANTINE_DENO: deno }),
  };
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
