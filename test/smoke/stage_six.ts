import fs from "node:fs";
import { join } from "node:path";
import { examineWith } from "../../src/admission/mod.ts";
import { type Artifact, parseSha256 } from "../../src/model/mod.ts";
import { coordinator } from "../../src/roles/coordinator.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, PROGRAM_ROOT } from "../support/lab.ts";
import { programOnPath } from "../support/programs.ts";

/** Stage 6 as the coordinator carries it out: a fresh sandbox with a real smoke role in it. */
export interface StageSix {
  /** Contents of the artifact. */
  readonly model: Uint8Array;
  /** Absolute path of what is run as llama-server. */
  readonly program: string;
  readonly policy?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** What became of it: a judgement, or the error that kept it from one. */
export type Ended = Awaited<ReturnType<typeof examineWith>>;

const BWRAP = programOnPath("bwrap");

/** A test that needs bubblewrap. Skipped where it is missing, and fails there with `CI=true`. */
export function sandboxTest(title: string, run: () => Promise<void>): void {
  if (BWRAP !== null) return Deno.test(title, run);
  Deno.test({
    name: `${title} [bubblewrap is not installed]`,
    ignore: Deno.env.get("CI") !== "true",
    fn: () => {
      throw new Error("Cannot test: bubblewrap is not installed");
    },
  });
}

/**
 * A shell script that stands where llama-server is expected, in a `bin` folder of its own below `root`, with the programs
 * of `test/smoke/programs` beside it.
 */
export function program(root: string, script: string): string {
  const path = join(root, "bin", "llama-server");
  fs.cpSync(join(PROGRAM_ROOT, "test", "smoke", "programs"), join(root, "bin"), { recursive: true });
  fs.writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

/** The line of a script that runs a program of `test/smoke/programs` with these arguments and llama-server's own. */
export function runs(name: string, ...args: readonly string[]): string {
  const permissions = ["read", "write", "net", "env", "sys", "run"].map((one) => `--allow-${one}`);
  const words = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-config",
    "--no-remote",
    ...permissions,
  ];
  const quoted = (list: readonly string[]) => list.map((word) => `'${word}'`).join(" ");
  return `exec ${quoted(words)} "\${0%/*}/${name}" ${quoted(args)} "$@"`;
}

export async function stageSix(
  lab: Lab,
  { model, program, policy = {}, env = {} }: StageSix,
): Promise<Ended> {
  const path = join(lab.root, "model.gguf");
  fs.writeFileSync(path, model);
  lab.setPolicy(policy);
  const variables: Readonly<Record<string, string | undefined>> = {
    AI_QUARANTINE_BWRAP: BWRAP ?? undefined,
    AI_QUARANTINE_DENO: Deno.execPath(),
    HOME: Deno.env.get("HOME"),
    LLAMA_SERVER_BIN: program,
    STATE_DIRECTORY: lab.places.state,
    ...env,
  };
  const world = lab.world({ env: (name) => variables[name] });
  const hooks = { signal: new AbortController().signal, progress: () => {} };
  const { bench } = await coordinator(world, lab.configuration(), hooks);
  const digest = { sha256: parseSha256(sha256(model)), sizeBytes: model.byteLength, files: [] };
  const artifact: Artifact = {
    name: "model.gguf",
    path,
    shape: "file",
    format: "gguf",
    sizeBytes: model.byteLength,
    origin: { kind: "local" },
    digest: Promise.resolve(digest),
    digestFrom: "coordinator",
  };
  return await examineWith(bench.pipeline[5], artifact, bench.context);
}

/** `cleared`, the rules of a refusal, or the rule that nothing could be decided by. */
export function endOf(ended: Ended): string {
  switch (ended.kind) {
    case "cleared":
      return "cleared";
    case "refused":
      return `refused ${ended.findings.map(({ rule }) => rule).join(" ")}`;
    case "broken":
      return `undecided ${ruleOf(ended.error)}`;
  }
}

export function messageOf(ended: Ended): string {
  if (ended.kind !== "broken") return ended.summary;
  return ended.error instanceof Error ? ended.error.message : String(ended.error);
}

function ruleOf(error: unknown): string {
  return error instanceof Error && "rule" in error ? String(error.rule) : String(error);
}

/** The processes of this machine with these words among their arguments. */
export async function processesWith(words: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid,args"], stdin: "null" }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(words));
}

/** The same, once the kernel had a moment to end what was in a sandbox. */
export async function survivorsOf(words: string): Promise<string[]> {
  for (let tries = 0;; tries++) {
    const found = await processesWith(words);
    if (found.length === 0 || tries === 20) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
