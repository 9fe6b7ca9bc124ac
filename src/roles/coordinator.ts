import fs from "node:fs";
import { join } from "node:path";
import type { Bench } from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { type Policy, type StageContext, StartupError } from "../model/mod.ts";
import { processSandbox, type ProcessSandboxOptions } from "../tools/process_sandbox.ts";
import { socketSandbox } from "../tools/socket_sandbox.ts";
import { behaviourInputs, CAPPED_LLAMA_SERVER, garakOf, llamaServerOf } from "./behaviour_inputs.ts";
import type { Configuration } from "./configuration.ts";
import { delegated, type ExamineAtOnce, examineAtOnce, type Sandboxes } from "./delegate.ts";
import { sandboxOptions } from "./sandboxes.ts";
import { versionOf } from "./version.ts";
import type { World } from "./world.ts";

/** A policy and a bench of stages that work by it: what `check`, `admit` and `watch` have in common. */
export interface Coordinator {
  readonly policy: Policy;
  readonly bench: Bench;
  /** For `check`, which reads a file once; without it every stage has a sandbox of its own. */
  readonly examineAtOnce?: ExamineAtOnce;
}

/** How the outside follows an examination, and ends it. */
export interface Hooks {
  readonly signal: AbortSignal;
  readonly progress: StageContext["progress"];
}

/** Sets up the seven stages with the sandboxes and programs this machine has. */
export async function coordinator(
  world: World,
  configuration: Configuration,
  hooks: Hooks,
): Promise<Coordinator> {
  const { policy } = configuration;
  const llamaServer = llamaServerOf(world);
  const garak = garakOf(world);
  const sandboxes = sandboxesOf(world, { llamaServer, garak, policy });
  const pipeline = delegated(await world.pipeline(configuration), sandboxes);
  const programs = new Map([["ai-quarantine", versionOf(world)]]);
  if (llamaServer !== null) programs.set("llama-server", "found");
  if (sandboxes.kind === "bubblewrap") programs.set("bubblewrap", "found");
  if (garak !== null) programs.set("garak", "found");
  const context = { policy, now: world.now, record: () => {}, ...hooks };
  return {
    policy,
    bench: { pipeline, sandbox: sandboxes.kind, programs, context },
    examineAtOnce: examineAtOnce(world.early?.before(sandboxes.examine) ?? sandboxes.examine),
  };
}

/** The sockets of systemd's units where our own unit names their directory; else child processes. */
function sandboxesOf(
  world: World,
  { llamaServer, garak, policy }: {
    readonly llamaServer: string | null;
    readonly garak: string | null;
    readonly policy: Policy;
  },
): Sandboxes {
  const sockets = world.env("AI_QUARANTINE_SOCKETS");
  if (sockets !== undefined) {
    const open = (role: string) => socketSandbox(requireSocket(join(sockets, `${role}.sock`)));
    return {
      kind: "systemd",
      examine: open("examine"),
      smoke: llamaServer === null
        ? null
        : { open: open("smoke"), inputs: behaviourInputs(world, { llamaServer, garak }) },
    };
  }
  const bwrap = world.env("AI_QUARANTINE_BWRAP") ?? null;
  return {
    kind: bwrap === null ? "process" : "bubblewrap",
    examine: processSandbox(sandboxOptions(world, "examine", [])),
    smoke: bwrap === null || llamaServer === null ? null : {
      open: processSandbox(smokeOptions(world, { llamaServer, garak, policy })),
      inputs: behaviourInputs(world, { llamaServer: CAPPED_LLAMA_SERVER, garak }),
    },
  };
}

/** Where systemd is to make the sandboxes there is no weaker one to fall back to. */
function requireSocket(path: string): string {
  if (unlessMissing(() => fs.statSync(path))?.isSocket() === true) return path;
  throw new StartupError("sandbox/missing", `Cannot start: no sandbox socket ${path}`);
}

/** Where no unit caps memory, the launcher does: it puts `CAPPED_LLAMA_SERVER` in the place of llama-server. */
function smokeOptions(
  world: World,
  { llamaServer, garak, policy }: {
    readonly llamaServer: string;
    readonly garak: string | null;
    readonly policy: Policy;
  },
): ProcessSandboxOptions {
  const options = sandboxOptions(world, "smoke", garak === null ? [llamaServer] : [llamaServer, garak]);
  const environment = {
    ...options.environment,
    LLAMA_SERVER_BIN: llamaServer,
    AI_QUARANTINE_MEMORY_KIB: String(Math.floor(policy.behaviour.memoryBytes / 1024)),
    ...(garak === null ? {} : { GARAK_BIN: garak }),
  };
  return { ...options, environment };
}
