import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { parseSha256, StartupError, UndecidedError } from "../model/mod.ts";
import type { BehaviourInputs } from "../tools/protocol.ts";
import type { World } from "./world.ts";

const DEFAULT_LLAMA_SERVER = "/usr/bin/llama-server";
const DEFAULT_GARAK = "/usr/local/bin/garak";
const DEFAULT_READY_SECONDS = 120;
/** Made by the launcher inside a bubblewrap sandbox: llama-server with its private memory capped. */
export const CAPPED_LLAMA_SERVER = "/tmp/llama-server";

export function llamaServerOf(world: World): string | null {
  return existing(world.env("LLAMA_SERVER_BIN") ?? DEFAULT_LLAMA_SERVER);
}

export function garakOf(world: World): string | null {
  return existing(world.env("GARAK_BIN") ?? DEFAULT_GARAK);
}

function existing(path: string): string | null {
  return unlessMissing(() => fs.statSync(path)) === null ? null : path;
}

/**
 * What the behavioural test is given beside the model. The suite is read and checked here, once, when a model is
 * first to be asked: the worker then needs no reader for it, and starts faster.
 */
export function behaviourInputs(
  world: World,
  { llamaServer, garak }: { readonly llamaServer: string; readonly garak: string | null },
): () => Promise<BehaviourInputs> {
  const readyWithinMs = readySeconds(world) * 1000;
  let suite: BehaviourInputs["suite"] | null = null;
  return async () => {
    suite ??= await readSuite(world);
    return { suite, program: llamaServer, readyWithinMs, garak };
  };
}

/** The behaviour suite as it is shipped. */
export function suiteText(world: World): string {
  return fs.readFileSync(suitePath(world), "utf8");
}

function suitePath(world: World): string {
  return join(world.programRoot, "policy", "behaviour_suite.yaml");
}

async function readSuite(world: World): Promise<BehaviourInputs["suite"]> {
  const path = suitePath(world);
  const { loadSuite } = await import("../behaviour/mod.ts"); // Only now: most checks ask no model.
  try {
    const text = suiteText(world);
    const { version, prompts } = loadSuite({ text, path });
    const sha256 = parseSha256(createHash("sha256").update(text).digest("hex"));
    return { version, sha256, prompts };
  } catch (cause) {
    const why = cause instanceof StartupError ? cause.message : `Cannot read ${path}`;
    throw new UndecidedError("behaviour/no-suite", why, { cause });
  }
}

function readySeconds(world: World): number {
  const seconds = Number(world.env("SMOKE_TEST_TIMEOUT") ?? DEFAULT_READY_SECONDS);
  if (!(seconds > 0 && seconds <= 3600)) {
    throw new StartupError(
      "usage",
      "Cannot use SMOKE_TEST_TIMEOUT: it is not a number of seconds from 1 to 3600",
    );
  }
  return seconds;
}
