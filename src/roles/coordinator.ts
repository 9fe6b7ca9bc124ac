import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Bench } from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { type Policy, type SandboxKind, StartupError } from "../model/mod.ts";
import { signatureRequired } from "../policy/sources.ts";
import { processSandbox, type ProcessSandboxOptions } from "../tools/process_sandbox.ts";
import type { BehaviourInputs } from "../tools/protocol.ts";
import type { Configuration } from "./configuration.ts";
import { delegated } from "./delegate.ts";
import { embeddedPlaces, watchedPlaces } from "./environment.ts";
import { installedScanners, type SandboxFor } from "./installed_scanners.ts";
import { withScanners } from "./scanning.ts";
import type { Verifier } from "./signatures.ts";
import { versionOf } from "./version.ts";
import type { World } from "./world.ts";

/** A policy and a bench of stages that work by it: what `check`, `admit` and `watch` have in common. */
export interface Coordinator {
  readonly policy: Policy;
  readonly bench: Bench;
}

/** How the outside follows an examination, and ends it. */
export interface Hooks {
  readonly signal: AbortSignal;
  readonly progress: (bytes: number) => void;
}

/** Sets up the seven stages with the sandboxes and programs this machine has. */
export async function coordinator(
  world: World,
  configuration: Configuration,
  hooks: Hooks,
): Promise<Coordinator> {
  const { policy } = configuration;
  const bwrap = world.env("AI_QUARANTINE_BWRAP") ?? null;
  const llamaServer = llamaServerOf(world);
  const examined = delegated(await world.pipeline(configuration), {
    examine: processSandbox(sandboxOptions(world, "examine", [])),
    provenance: {
      trustRoots: configuration.trustRoots,
      requiredFrom: (origin) => signatureRequired(origin, configuration.allowlist),
      gpgv: verifier(world, GPGV),
      cosign: verifier(world, world.env("COSIGN_BIN") ?? COSIGN),
    },
    smoke: bwrap === null || llamaServer === null ? null : {
      open: processSandbox(sandboxOptions(world, "smoke", [llamaServer])),
      inputs: behaviourInputs(world, llamaServer),
    },
  });
  const pipeline = withScanners(examined, installedScanners(world, scannerSandbox(world)));
  const programs = new Map([["ai-quarantine", versionOf(world)]]);
  if (llamaServer !== null) programs.set("llama-server", "found");
  if (bwrap !== null) programs.set("bubblewrap", "found");
  const context = { policy, now: world.now, record: () => {}, ...hooks };
  const sandbox: SandboxKind = bwrap === null ? "process" : "bubblewrap";
  return { policy, bench: { pipeline, sandbox, programs, context } };
}

/** The sandbox of one scanner. A foreign program never runs without a kernel's wall around it. */
export function scannerSandbox(world: World): SandboxFor {
  const bwrap = world.env("AI_QUARANTINE_BWRAP") ?? null;
  return (program) => bwrap === null ? null : processSandbox(sandboxOptions(world, "run-scanner", [program]));
}

const GPGV = "/usr/bin/gpgv";
const COSIGN = "/usr/bin/cosign";

/** A program that checks signatures, behind the same walls as a scanner. */
function verifier(world: World, program: string): Verifier {
  if (unlessMissing(() => fs.statSync(program)) === null) {
    return { missing: `${basename(program)} not installed` };
  }
  if (world.env("AI_QUARANTINE_BWRAP") === undefined) {
    return { missing: `no sandbox for ${basename(program)}: bubblewrap not installed` };
  }
  return { program, open: processSandbox(sandboxOptions(world, "run-scanner", [program])) };
}

const DEFAULT_LLAMA_SERVER = "/usr/bin/llama-server";
const DEFAULT_READY_SECONDS = 120;
/** What one model may take, weights not counted: they are mapped, and the page cache gives them back. */
const SMOKE_MEMORY_BYTES = 4 * 1024 ** 3;

export function llamaServerOf(world: World): string | null {
  const path = world.env("LLAMA_SERVER_BIN") ?? DEFAULT_LLAMA_SERVER;
  return unlessMissing(() => fs.statSync(path)) === null ? null : path;
}

/** The behaviour suite as it is shipped. */
export function suiteText(world: World): string {
  return fs.readFileSync(join(world.programRoot, "policy", "behaviour_suite.yaml"), "utf8");
}

function behaviourInputs(world: World, program: string): BehaviourInputs {
  const seconds = Number(world.env("SMOKE_TEST_TIMEOUT") ?? DEFAULT_READY_SECONDS);
  if (!(seconds > 0 && seconds <= 3600)) {
    throw new StartupError(
      "usage",
      "Cannot use SMOKE_TEST_TIMEOUT: it is not a number of seconds from 1 to 3600",
    );
  }
  const suite = suiteText(world);
  return { suite, program, readyWithinMs: seconds * 1000, memoryBytes: SMOKE_MEMORY_BYTES };
}

function sandboxOptions(
  world: World,
  role: ProcessSandboxOptions["role"],
  programs: readonly string[],
): ProcessSandboxOptions {
  const [program] = programs;
  return {
    role,
    launcher: join(world.programRoot, "scripts", "ai-quarantine"),
    bwrap: world.env("AI_QUARANTINE_BWRAP") ?? null,
    programRoots: [...programRoots(world), ...programs.flatMap((one) => installationsOf(one, world))],
    cache: cacheOf(world),
    environment: {
      ...workerEnvironment(world),
      ...(program === undefined
        ? {}
        : { [role === "smoke" ? "LLAMA_SERVER_BIN" : "AI_QUARANTINE_TOOLS"]: program }),
    },
  };
}

/** Where a program lies, and where it really lies when that is a link into an environment of its own. */
function installationsOf(program: string, world: World): string[] {
  return [...new Set([program, fs.realpathSync(program)].map((path) => installationOf(path, world)))];
}

/**
 * What a program needs to be seen with: the folder it is installed in with its libraries, `/opt/x` for
 * `/opt/x/bin/program`. Never a folder with something private in it: then its own folder, or the program alone.
 */
function installationOf(program: string, { env }: World): string {
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
  "SIGNING_KEY_PATH",
  "AUDIT_HMAC_KEY_PATH",
] as const;

/** What a worker's runtime must be able to read: our code, the runtime, its cache of compiled code. */
function programRoots(world: World): string[] {
  const deno = world.env("AI_QUARANTINE_DENO");
  return [world.programRoot, ...(deno === undefined ? [] : [deno])];
}

/** The launcher names it; before the first run there is none, and an installed program has none at all. */
function cacheOf(world: World): string | null {
  const path = world.env("DENO_DIR");
  if (path === undefined) return null;
  return unlessMissing(() => fs.statSync(path))?.isDirectory() === true ? path : null;
}

function workerEnvironment(world: World): Record<string, string> {
  const deno = world.env("AI_QUARANTINE_DENO");
  return {
    PATH: "/usr/bin:/bin",
    HOME: "/tmp",
    TZ: "UTC",
    ...(deno === undefined ? {} : { AI_QUARANTINE_DENO: deno }),
  };
}
