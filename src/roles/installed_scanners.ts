import fs from "node:fs";
import { unlessMissing } from "../files/mod.ts";
import type { Policy } from "../model/mod.ts";
import { type Installed, scannerName, STATIC_SCANNERS, type StaticScanner } from "../tools/scanners.ts";
import type { OpenSandbox } from "../tools/worker.ts";
import type { Variable } from "./environment.ts";
import type { World } from "./world.ts";

/** Which variable names which scanner; the launcher sets those that are on PATH. */
export const SCANNER_VARIABLES = {
  modelscan: "MODELSCAN_BIN",
  fickling: "FICKLING_BIN",
  modelaudit: "MODELAUDIT_BIN",
  gguf_guard: "GGUF_GUARD_BIN",
  yara: "YARA_BIN",
} as const satisfies Record<StaticScanner, Variable>;
const DEFAULT_GGUF_GUARD = "/usr/local/bin/gguf-guard";

/** Makes the sandbox of one program; null where this machine has none that is strong enough. */
export type SandboxFor = (program: string) => OpenSandbox | null;

/** The scanners this machine has, each with its sandbox. */
export function installedScanners(world: World, sandboxFor: SandboxFor): Installed {
  return Object.fromEntries(STATIC_SCANNERS.flatMap((id) => {
    const program = programOf(world, id);
    return program === null ? [] : [[id, { program, open: sandboxFor(program) }] as const];
  }));
}

/** One line about the scanners that are asked for and that the policy lets be missing; null when none is. */
export function scannersNotAsked(world: World, { scanners }: Policy): string | null {
  const absent = STATIC_SCANNERS.filter((id) => programOf(world, id) === null && !scanners[id].required);
  return absent.length === 0 ? null : `not installed, so not asked: ${absent.map(scannerName).join(", ")}`;
}

function programOf(world: World, id: StaticScanner): string | null {
  const named = world.env(SCANNER_VARIABLES[id]) ?? (id === "gguf_guard" ? DEFAULT_GGUF_GUARD : undefined);
  return named === undefined || unlessMissing(() => fs.statSync(named)) === null ? null : named;
}
