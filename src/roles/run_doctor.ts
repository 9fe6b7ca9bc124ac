import fs from "node:fs";
import { type Policy, SCANNER_IDS, type ScannerId, UndecidedError } from "../model/mod.ts";
import { askTool } from "../tools/ask_tool.ts";
import { PLANTS } from "../tools/scanners/plants.ts";
import {
  type InstalledScanner,
  isStaticScanner,
  scannerName,
  type StaticScanner,
} from "../tools/scanners.ts";
import { configure } from "./configuration.ts";
import { garakOf, llamaServerOf } from "./behaviour_inputs.ts";
import { scannerSandbox } from "./coordinator.ts";
import { installedScanners, SCANNER_VARIABLES } from "./installed_scanners.ts";
import { NO_SANDBOX, plant, scratch, type Standing, TRIAL_TIMEOUT_MS } from "./standing.ts";
import { verifierStandings } from "./verifier_trials.ts";
import { paint } from "./terminal.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

export interface DoctorOptions {
  readonly policy?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/**
 * `doctor`: every program the policy names. Exit 0 when all it requires work and nothing that is installed is broken,
 * else 1.
 */
export async function runDoctor(world: World, options: DoctorOptions): Promise<ExitCode> {
  const { policy, policyPath } = configure(world, { file: options.policy, profile: options.profile });
  const standings = await examineMachine(world, policy);
  const healthy = standings.every(isHealthy);
  if (options.json === true) {
    world.stdout.write(JSON.stringify({ schema: 1, policy: policyPath, healthy, tools: standings }) + "\n");
  } else {
    world.stdout.write(`policy ${policyPath} (${policy.profile})\n`);
    for (const standing of standings) world.stdout.write(lineFor(world, standing));
  }
  return healthy ? EXIT.passed : EXIT.refused;
}

function isHealthy({ state, required }: Standing): boolean {
  return state === "works" || state === "found" || state === "missing" && !required;
}

async function examineMachine(world: World, policy: Policy): Promise<Standing[]> {
  try {
    return await standingsOf(world, policy);
  } finally {
    fs.rmSync(scratch(world), { recursive: true, force: true });
  }
}

async function standingsOf(world: World, policy: Policy): Promise<Standing[]> {
  const standings = [sandbox(world, policy), llamaServer(world, policy)];
  const installed = installedScanners(world, scannerSandbox(world));
  for (const id of SCANNER_IDS) {
    const scanner = isStaticScanner(id) ? installed[id] : undefined;
    standings.push(
      isStaticScanner(id) && scanner !== undefined
        ? await tried(world, policy, id, scanner)
        : absent(world, policy, id),
    );
  }
  return [...standings, ...await verifierStandings(world, policy)];
}

function sandbox(world: World, policy: Policy): Standing {
  const sockets = world.env("AI_QUARANTINE_SOCKETS");
  const path = sockets ?? world.env("AI_QUARANTINE_BWRAP") ?? null;
  const required = policy.models.requireBehaviorTests ||
    SCANNER_IDS.some((id) => policy.scanners[id].required);
  const advice = path === null
    ? "install bubblewrap: without it, or systemd, no scanner and no model runs"
    : null;
  return {
    tool: sockets === undefined ? "bubblewrap" : "systemd",
    required,
    path,
    version: null,
    state: path === null ? "missing" : "found",
    advice,
  };
}

function llamaServer(world: World, policy: Policy): Standing {
  const path = llamaServerOf(world);
  return {
    tool: "llama-server",
    required: policy.models.requireBehaviorTests,
    path,
    version: null,
    state: path === null ? "missing" : "found",
    advice: path === null ? "install llama.cpp's server and name it in LLAMA_SERVER_BIN" : null,
  };
}

/** A scanner of stage 5 that is not there; and garak, which stage 6 tries itself. */
function absent(world: World, policy: Policy, id: ScannerId): Standing {
  const [tool, variable] = isStaticScanner(id)
    ? [scannerName(id), SCANNER_VARIABLES[id]]
    : [id, "GARAK_BIN" as const];
  const { required } = policy.scanners[id];
  const there = isStaticScanner(id) ? null : garakOf(world);
  if (there !== null) return { tool, required, path: there, version: null, state: "found", advice: null };
  const path = world.env(variable) ?? null;
  const advice = path === null
    ? `${
      id === "gguf_guard" ? "build gguf-guard from its source" : `install ${tool}`
    } and name it in ${variable}`
    : `${variable} names ${path}, which is not there`;
  return { tool, required, path, version: null, state: "missing", advice };
}

/** Asks a scanner about a planted bad file and a clean one, as it is asked about models. */
async function tried(
  world: World,
  policy: Policy,
  id: StaticScanner,
  scanner: InstalledScanner,
): Promise<Standing> {
  const { required, version: pinned } = policy.scanners[id];
  const found = { tool: scannerName(id), required, path: scanner.program };
  const broken = (version: string | null, advice: string): Standing => ({
    ...found,
    version,
    state: "broken",
    advice,
  });
  if (scanner.open === null) return broken(null, NO_SANDBOX);
  const { open, program } = scanner;
  const ask = (bytes: Uint8Array) =>
    askTool(open, {
      tool: id,
      program,
      version: pinned,
      artifact: { path: plant(world, PLANTS[id].name, bytes), name: PLANTS[id].name },
      inputs: {},
      timeoutMs: TRIAL_TIMEOUT_MS,
      signal: new AbortController().signal,
    });
  const objects = ({ report }: Awaited<ReturnType<typeof ask>>) =>
    report.findings.some(({ severity }) => severity !== "info");
  try {
    const bad = await ask(PLANTS[id].bad);
    if (!objects(bad)) return broken(bad.version, "it passed a planted bad file; install it anew");
    const clean = await ask(PLANTS[id].clean);
    if (objects(clean)) return broken(clean.version, "it objected to a clean file; install it anew");
    return { ...found, version: bad.version, state: "works", advice: null };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    return broken(null, error.message);
  }
}

function lineFor(world: World, { tool, required, path, version, state, advice }: Standing): string {
  const colour = state === "works" || state === "found"
    ? "green"
    : required || state === "broken"
    ? "red"
    : "yellow";
  const word = paint(world.stdout, colour, state.padEnd(8));
  const needed = required ? "required" : "optional";
  const what = advice ?? path ?? "";
  return `  ${tool.padEnd(13)} ${needed}  ${word} ${(version ?? "").padEnd(9)} ${what}\n`;
}
