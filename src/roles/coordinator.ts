import fs from "node:fs";
import { join } from "node:path";
import type { Bench } from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { type Policy, type SandboxKind, StartupError } from "../model/mod.ts";
import { processSandbox } from "../tools/process_sandbox.ts";
import type { BehaviourInputs } from "../tools/protocol.ts";
import type { Configuration } from "./configuration.ts";
import { delegated, type ExamineAtOnce, examineAtOnce } from "./delegate.ts";
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
  const examine = processSandbox(sandboxOptions(world, "examine", []));
  const pipeline = delegated(await world.pipeline(configuration), {
    examine,
    smoke: bwrap === null || llamaServer === null ? null : {
      open: processSandbox(sandboxOptions(world, "smoke", [llamaServer])),
      inputs: behaviourInputs(world, llamaServer),
    },
  });
  const programs = new Map([["ai-quarantine", versionOf(world)]]);
  if (llamaServer !== null) programs.set("llama-server", "found");
  if (bwrap !== null) programs.set("bubblewrap", "found");
  const context = { policy, now: world.now, record: () => {}, ...hooks };
  const sandbox: SandboxKind = bwrap === null ? "process" : "bubblewrap";
  return {
    policy,
    bench: { pipeline, sandbox, programs, context },
    examineAtOnce: examineAtOnce(world.early?.before(examine) ?? examine),
  };
}

const DEFAULT_LLAMA_SERVER = "/usr/bin/llama-server";
const DEFAULT_READY_SECONDS = 120;
/** What one model may take, weights not counted: they are mapped, and the page cache gives them back. */
const SMOKE_MEMORY_BYTES = 4 * 1024 ** 3;

function llamaServerOf(world: World): string | null {
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
