import fs from "node:fs";
import { basename, join } from "node:path";
import type { Bench, ExamineAtOnce, StartExaminer } from "../admission/examination.ts";
import { unlessMissing } from "../files/mod.ts";
import { type Origin, type Policy, type StageContext, StartupError } from "../model/mod.ts";
import { signatureRequired } from "../policy/sources.ts";
import { processSandbox, type ProcessSandboxOptions } from "../tools/process_sandbox.ts";
import { socketSandbox } from "../tools/socket_sandbox.ts";
import { behaviourInputs, CAPPED_LLAMA_SERVER, garakOf, llamaServerOf } from "./behaviour_inputs.ts";
import type { Configuration } from "./configuration.ts";
import { delegated, examineAtOnce, type Sandboxes, startExaminer } from "./delegate.ts";
import { installationsOf } from "./installations.ts";
import { installedScanners, type SandboxFor } from "./installed_scanners.ts";
import { sandboxOptions } from "./sandboxes.ts";
import { withScanners } from "./scanning.ts";
import type { Verifier } from "./signatures.ts";
import type { OpenSandbox } from "../tools/worker.ts";
import { versionOf } from "./version.ts";
import type { World } from "./world.ts";

/** A policy and a bench of stages that work by it: what `check`, `admit` and `watch` have in common. */
export interface Coordinator {
  readonly policy: Policy;
  readonly bench: Bench;
  /** For `check`, which reads every file once; without it every stage has a sandbox of its own. */
  readonly examineAtOnce?: ExamineAtOnce;
  /** For the line, whose examiner reads while the coordinator hashes. */
  readonly startExaminer?: StartExaminer | null;
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
  const programs = { llamaServer, garak };
  const sandboxes = sandboxesOf(world, programs, configuration);
  const examined = delegated(await world.pipeline(configuration), sandboxes);
  const pipeline = withScanners(examined, installedScanners(world, scannerSandbox(world)));
  const used = new Map([["ai-quarantine", versionOf(world)]]);
  if (llamaServer !== null) used.set("llama-server", "found");
  if (sandboxes.kind === "bubblewrap") used.set("bubblewrap", "found");
  if (garak !== null) used.set("garak", "found");
  const context = { policy, now: world.now, record: () => {}, ...hooks };
  return {
    policy,
    bench: { pipeline, sandbox: sandboxes.kind, programs: used, context },
    examineAtOnce: examineAtOnce(world.early?.before(sandboxes.examine) ?? sandboxes.examine),
    startExaminer: startExaminer(sandboxes.examine),
  };
}

/** What runs a model, where it is installed. */
interface ModelPrograms {
  readonly llamaServer: string | null;
  readonly garak: string | null;
}

/** The sockets of systemd's units where our own unit names their directory; else child processes. */
function sandboxesOf(
  world: World,
  { llamaServer, garak }: ModelPrograms,
  configuration: Configuration,
): Sandboxes {
  const provenance = {
    trustRoots: configuration.trustRoots,
    requiredFrom: (origin: Origin) => signatureRequired(origin, configuration.allowlist),
    gpgv: verifier(world, "gpgv"),
    cosign: verifier(world, "cosign"),
  };
  if (world.env("AI_QUARANTINE_SOCKETS") !== undefined) {
    return {
      kind: "systemd",
      provenance,
      examine: unitSandbox(world, "examine"),
      smoke: llamaServer === null
        ? null
        : { open: unitSandbox(world, "smoke"), inputs: behaviourInputs(world, { llamaServer, garak }) },
    };
  }
  const bwrap = world.env("AI_QUARANTINE_BWRAP") ?? null;
  const { policy } = configuration;
  return {
    kind: bwrap === null ? "process" : "bubblewrap",
    provenance,
    examine: processSandbox(sandboxOptions(world, "examine", [])),
    smoke: bwrap === null || llamaServer === null ? null : {
      open: processSandbox(smokeOptions(world, { llamaServer, garak, policy })),
      inputs: behaviourInputs(world, { llamaServer: CAPPED_LLAMA_SERVER, garak }),
    },
  };
}

/** Where systemd is to make the sandboxes there is no weaker one to fall back to. */
function unitSandbox(world: World, role: "examine" | "scanner" | "smoke"): OpenSandbox {
  const path = join(world.env("AI_QUARANTINE_SOCKETS") ?? "", `${role}.sock`);
  if (unlessMissing(() => fs.statSync(path))?.isSocket() === true) return socketSandbox(path);
  throw new StartupError("sandbox/missing", `Cannot start: no sandbox socket ${path}`);
}

/** The sandbox of one scanner. A foreign program never runs without a kernel's wall around it. */
export function scannerSandbox(world: World): SandboxFor {
  if (world.env("AI_QUARANTINE_SOCKETS") !== undefined) return () => unitSandbox(world, "scanner");
  if (world.env("AI_QUARANTINE_BWRAP") === undefined) return () => null;
  return (program) => {
    const options = sandboxOptions(world, "run-scanner", installationsOf(program, world));
    return processSandbox({
      ...options,
      environment: { ...options.environment, AI_QUARANTINE_TOOLS: program },
    });
  };
}

export type VerifierId = "gpgv" | "cosign";

/** Where a program that checks signatures is looked for. */
export function verifierPath(world: World, id: VerifierId): string {
  return id === "gpgv" ? "/usr/bin/gpgv" : world.env("COSIGN_BIN") ?? "/usr/bin/cosign";
}

/** A program that checks signatures, behind the same walls as a scanner. */
function verifier(world: World, id: VerifierId): Verifier {
  const program = verifierPath(world, id);
  if (unlessMissing(() => fs.statSync(program)) === null) {
    return { missing: `${basename(program)} not installed` };
  }
  const open = scannerSandbox(world)(program);
  return open === null
    ? { missing: `no sandbox for ${basename(program)}: bubblewrap not installed` }
    : { program, open };
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
  const programs = garak === null ? [llamaServer] : [llamaServer, garak];
  const options = sandboxOptions(world, "smoke", programs.flatMap((one) => installationsOf(one, world)));
  const environment = {
    ...options.environment,
    LLAMA_SERVER_BIN: llamaServer,
    AI_QUARANTINE_MEMORY_KIB: String(Math.floor(policy.behaviour.memoryBytes / 1024)),
    ...(garak === null ? {} : { GARAK_BIN: garak }),
  };
  return { ...options, environment };
}
