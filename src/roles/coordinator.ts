import fs from "node:fs";
import { join } from "node:path";
import type { Bench } from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import type { Policy, SandboxKind } from "../model/mod.ts";
import { processSandbox } from "../tools/process_sandbox.ts";
import type { Configuration } from "./configuration.ts";
import { versionOf } from "./version.ts";
import { delegated } from "./delegate.ts";
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

/** Sets up the seven stages with the sandboxes this machine has. */
export async function coordinator(
  world: World,
  configuration: Configuration,
  hooks: Hooks,
): Promise<Coordinator> {
  const { policy } = configuration;
  const bwrap = world.env("AI_QUARANTINE_BWRAP") ?? null;
  const sandbox: SandboxKind = bwrap === null ? "process" : "bubblewrap";
  const open = processSandbox({
    launcher: join(world.programRoot, "scripts", "ai-quarantine"),
    bwrap,
    programRoots: programRoots(world),
    cache: cacheOf(world),
    environment: workerEnvironment(world),
  });
  const pipeline = delegated(await world.pipeline(configuration), open);
  const context = { policy, now: world.now, ...hooks };
  return { policy, bench: { pipeline, sandbox, programs: programs(world), context } };
}

/** What a worker's runtime must be able to read: our code, the runtime, its cache of compiled code. */
function programRoots(world: World): string[] {
  const deno = world.env("AI_QUARANTINE_DENO");
  return [world.programRoot, ...(deno === undefined ? [] : [deno])];
}

/** The launcher names it; before the first run there is none. */
function cacheOf(world: World): string | null {
  const path = world.env("DENO_DIR");
  return path !== undefined && unlessMissing(() => fs.statSync(path)) !== null ? path : null;
}

function workerEnvironment(world: World): Record<string, string> {
  const deno = world.env("AI_QUARANTINE_DENO");
  return { PATH: "/usr/bin:/bin", HOME: "/tmp", ...(deno === undefined ? {} : { AI_QUARANTINE_DENO: deno }) };
}

function programs(world: World): ReadonlyMap<string, string> {
  return new Map([["ai-quarantine", versionOf(world)]]);
}
