import fs from "node:fs";
import { join } from "node:path";
import { StartupError } from "../model/mod.ts";
import type { World } from "./world.ts";

/** One program that the policy names, as it stands on this machine. */
export interface Standing {
  readonly tool: string;
  readonly required: boolean;
  readonly path: string | null;
  readonly version: string | null;
  /** `works`: asked about a planted bad file and a clean one, in its sandbox, it told one from the other. */
  readonly state: "works" | "found" | "missing" | "broken";
  /** What is wrong, and what to do; null when nothing is. */
  readonly advice: string | null;
}

/** How long a program may take over a planted file. */
export const TRIAL_TIMEOUT_MS = 120_000;
export const NO_SANDBOX = "there is no sandbox to run it in: install bubblewrap";

/** Puts bytes where a sandbox can be given them, under a name that says what they are; the next ones replace them. */
export function plant(world: World, name: string, bytes: Uint8Array): string {
  const path = join(scratch(world), name);
  fs.writeFileSync(path, bytes);
  return path;
}

/** A directory of the launcher's making, for the planted files. */
export function scratch(world: World): string {
  const path = world.env("AI_QUARANTINE_SCRATCH");
  if (path !== undefined) return path;
  throw new StartupError(
    "usage",
    "Cannot try the programs: the launcher made no directory for planted files",
  );
}
