import fs from "node:fs";
import { type Observer, resultObject } from "../admission/examination.ts";
import { unlessMissing } from "../files/mod.ts";
import { type Origin, StartupError } from "../model/mod.ts";
import { type Checked, checkPath } from "./check.ts";
import { configure } from "./configuration.ts";
import { versionOf } from "./version.ts";
import { coordinator } from "./coordinator.ts";
import { sarifLog } from "./sarif.ts";
import { ProgressBar, verdictText } from "./terminal.ts";
import { EXIT, type ExitCode, type World, worst } from "./world.ts";

export interface CheckOptions {
  readonly source?: string;
  readonly policy?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly sarif?: boolean;
}

/** `check PATH...`: examines each where it lies and prints a verdict each. */
export async function runCheck(
  world: World,
  paths: readonly string[],
  options: CheckOptions,
): Promise<ExitCode> {
  const configuration = configure(world, { file: options.policy, profile: options.profile });
  let sizeBytes = 0;
  const bar = new ProgressBar(world.stderr, () => sizeBytes);
  const observer: Observer = {
    ...bar.observer,
    starting(stage, artifact) {
      sizeBytes = artifact.sizeBytes;
      return bar.observer.starting(stage, artifact);
    },
  };
  const tools = await coordinator(world, configuration, {
    signal: new AbortController().signal,
    progress: bar.progress,
  });
  const origin = originOf(options.source);
  const codes: ExitCode[] = [];
  const results: { path: string; checked: Checked }[] = [];
  const asText = options.json !== true && options.sarif !== true;
  if (asText) world.stderr.write("Checking files where they lie; nothing is promoted.\n");
  for (const path of paths) {
    if (unlessMissing(() => fs.lstatSync(path)) === null) {
      world.stderr.write(`ai-quarantine: Cannot check ${path}: no such file\n`);
      codes.push(EXIT.usage);
      continue;
    }
    const checked = await checkPath(tools, path, origin, observer);
    codes.push(exitCodeOf(checked));
    if (options.sarif === true) results.push({ path, checked });
    else if (options.json === true) world.stdout.write(jsonLine(checked));
    else world.stdout.write(verdictText(world.stdout, checked));
  }
  if (options.sarif === true) world.stdout.write(JSON.stringify(sarifLog(results, versionOf(world))) + "\n");
  return worst(codes);
}

function jsonLine({ examination, decision, policy }: Checked): string {
  return JSON.stringify(resultObject(examination, decision, policy)) + "\n";
}

export function exitCodeOf({ decision }: Pick<Checked, "decision">): ExitCode {
  switch (decision.word) {
    case "passed":
      return EXIT.passed;
    case "failed":
    case "rejected":
      return EXIT.refused;
    case "error":
      return EXIT.undecided;
  }
}

/** `--source URL`; none means a local import. */
export function originOf(source: string | undefined): Origin {
  if (source === undefined) return { kind: "local" };
  if (source === "") throw new StartupError("usage", "Cannot use an empty --source");
  return { kind: "remote", url: source };
}
