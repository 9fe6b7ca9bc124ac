import fs from "node:fs";
import { basename, join, resolve } from "node:path";
import {
  type Admission,
  admit,
  claimBorrowed,
  type JournalLine,
  UNSIGNED,
  warning,
} from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import type { Origin } from "../model/mod.ts";
import type { Line } from "../admission/mod.ts";
import { isLayout, readLayout } from "../provenance/oci_layout.ts";
import { configure } from "./configuration.ts";
import { coordinator } from "./coordinator.ts";
import { auditLogPath, embeddedPlaces } from "./environment.ts";
import { scannersNotAsked } from "./installed_scanners.ts";
import { openLine } from "./line.ts";
import { OwnRegistry } from "./own_registry.ts";
import { registryClient } from "./registry_access.ts";
import { exitCodeOf, originOf } from "./run_check.ts";
import { stopSignal } from "./signals.ts";
import { paint, ProgressBar, verdictText } from "./terminal.ts";
import { finishPending } from "./watch.ts";
import { EXIT, type ExitCode, type World, worst } from "./world.ts";

export interface AdmitOptions {
  readonly source?: string;
  readonly policy?: string;
  readonly profile?: string;
}

/** `admit PATH...`: the whole line, into a registry of our own unless REGISTRY_URL names another. */
export async function runAdmit(
  world: World,
  paths: readonly string[],
  options: AdmitOptions,
): Promise<ExitCode> {
  const configuration = configure(world, { file: options.policy, profile: options.profile });
  let sizeBytes = 0;
  const bar = new ProgressBar(world.stderr, () => sizeBytes);
  using stop = stopSignal();
  const tools = await coordinator(world, configuration, { signal: stop.signal, progress: bar.progress });
  const places = embeddedPlaces(world.env);
  using embedded = world.env("REGISTRY_URL") === undefined ? new OwnRegistry(world, places) : null;
  const registry = registryClient(world, configuration, embedded);
  const auditLog = auditLogPath(world.env, true);
  const say = (line: JournalLine) => sayOn(world, bar, line);
  const { hashed } = embedded ?? {};
  const open = await openLine(world, tools, { places, auditLog, registry, say, ...(hashed && { hashed }) });
  try {
    if (open.line.signer === null) say(UNSIGNED);
    const missing = scannersNotAsked(world, configuration.policy);
    if (missing !== null) say(warning(missing));
    for await (const left of finishPending(open.line, "after-restart")) report(world, left);
    const codes: ExitCode[] = [];
    for (const path of paths) {
      sizeBytes = unlessMissing(() => fs.lstatSync(path).size) ?? 0;
      codes.push(await admitPath(world, open.line, path, originOf(options.source)));
    }
    return worst(codes);
  } finally {
    await open.close();
  }
}

async function admitPath(world: World, line: Line, path: string, origin: Origin): Promise<ExitCode> {
  const absolute = resolve(path);
  if (unlessMissing(() => fs.lstatSync(absolute)) === null) {
    world.stderr.write(`ai-quarantine: Cannot admit ${path}: no such file\n`);
    return EXIT.usage;
  }
  if (isLayout(absolute)) return await admitLayout(world, line, absolute, origin);
  const claim = await claimBorrowed(line, absolute, basename(absolute), origin);
  return report(world, await admit(line, claim));
}

/** Takes the model out of an image layout, with the records that came along, and admits it like any other. */
async function admitLayout(world: World, line: Line, layout: string, origin: Origin): Promise<ExitCode> {
  const unpacked = fs.mkdtempSync(join(line.places.state, "unpacked-"));
  let ended: Admission | null = null;
  try {
    const name = await readLayout(layout, unpacked);
    ended = await admit(line, await claimBorrowed(line, join(unpacked, name), name, origin));
    return report(world, ended);
  } finally {
    // What waits is examined again from here.
    if (ended?.kind !== "parked") fs.rmSync(unpacked, { recursive: true, force: true });
  }
}

/** What a person at a terminal is told about one admission. */
function report(world: World, ended: Admission): ExitCode {
  if (ended.kind === "parked") {
    world.stdout.write(`${ended.name}: ${ended.word}; run it again\n`);
    return EXIT.undecided;
  }
  const decision = { word: ended.word, refusal: ended.refusal };
  if (ended.examination !== null) {
    world.stdout.write(verdictText(world.stdout, { examination: ended.examination, decision }));
  } else {world.stdout.write(
      `${ended.name}: ${ended.word}${ended.refusal === null ? "" : `: ${ended.refusal.reason}`}\n`,
    );}
  const label = ended.word === "passed" ? "record" : "report";
  if (ended.written !== null) {
    world.stdout.write(`  ${label.padEnd(6)} ${paint(world.stdout, "bold", ended.written)}\n`);
  }
  return exitCodeOf({ decision });
}

/** On a terminal the table says it all; elsewhere the journal's lines go to standard error. */
function sayOn(world: World, bar: ProgressBar, line: JournalLine): void {
  bar.clear();
  if (!world.stdout.isTerminal || line.priority < 6) world.stderr.write(`${line.text}\n`);
}
