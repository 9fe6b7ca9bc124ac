import { dirname, join } from "node:path";
import type { ProcessSandboxOptions } from "../tools/process_sandbox.ts";
import { builtFormOf } from "./built_form.ts";
import { embeddedPlaces, watchedPlaces } from "./environment.ts";
import type { World } from "./world.ts";

type SandboxWorld = Pick<World, "env" | "programRoot">;

/** How the sandboxes of a role are opened on this machine. Needs nothing that takes time to load. */
export function sandboxOptions(
  world: SandboxWorld,
  role: ProcessSandboxOptions["role"],
  programs: readonly string[],
): ProcessSandboxOptions {
  const program = builtFormOf(world) ?? world.programRoot;
  return {
    role,
    launcher: join(program, "scripts", "ai-quarantine"),
    bwrap: world.env("AI_QUARANTINE_BWRAP") ?? null,
    programRoots: [
      ...programRoots(program, world),
      ...programs.flatMap((one) => installationsOf(one, world)),
    ],
    cache: cacheOf(program),
    environment: workerEnvironment(world),
  };
}

/** Where a program lies, and where it really lies when that is a link into an environment of its own. */
function installationsOf(program: string, world: SandboxWorld): string[] {
  return [...new Set([program, Deno.realPathSync(program)].map((path) => installationOf(path, world)))];
}

/**
 * What a program needs to be seen with: the folder it is installed in with its libraries, `/opt/x` for
 * `/opt/x/bin/program`. Never a folder with something private in it: then its own folder, or the program alone.
 */
function installationOf(program: string, { env }: SandboxWorld): string {
  const places = [...Object.values(watchedPlaces(env)), ...Object.values(embeddedPlaces(env))];
  const secrets = SECRETS.map((name) => env(name)).filter((path) => path !== undefined);
  const isOpen = (folder: string) =>
    [...places, ...secrets].every((path) => !`${path}/`.startsWith(folder === "/" ? folder : `${folder}/`));
  return [dirname(dirname(program)), dirname(program)].find(isOpen) ?? program;
}
const SECRETS = [
  "HOME",
  "SERVICE_TOKEN_PATH",
  "REGISTRY_TOKEN_PATH",
  "REGISTRY_READ_TOKEN_PATH",
  "POLICY_ENGINE_TOKEN_PATH",
  "INCIDENT_TOKEN_PATH",
  "SIGNING_KEY_PATH",
  "AUDIT_HMAC_KEY_PATH",
] as const;

/** What a worker's runtime must be able to read: our code and what lies beside it elsewhere, and the runtime. */
function programRoots(program: string, { env }: SandboxWorld): string[] {
  const deno = env("AI_QUARANTINE_DENO");
  return [program, Deno.realPathSync(join(program, "policy")), ...(deno === undefined ? [] : [deno])];
}

/** Compiled code of the workers, which the launcher leaves beside what it builds; an installed program has none. */
function cacheOf(program: string): string | null {
  const path = join(program, "cache", "workers");
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
