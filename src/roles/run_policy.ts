import fs from "node:fs";
import { systemCode } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { lintPolicy } from "../policy/load.ts";
import { configure } from "./configuration.ts";
import { missingPrograms } from "./installed.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

export interface LintArguments {
  /** Also read what belongs to the policy, and say what it requires and this machine lacks. */
  readonly installed?: boolean;
}

/** `policy lint FILE`: every problem with its line, or that there is none. */
export function runPolicyLint(world: World, path: string, options: LintArguments): ExitCode {
  let text: string;
  try {
    text = fs.readFileSync(path, "utf8");
  } catch (cause) {
    throw new StartupError("policy/unreadable", `Cannot read ${path}: ${systemCode(cause) ?? "unreadable"}`, {
      cause,
    });
  }
  const problems = lintPolicy({ text, path, now: world.now });
  if (problems.length === 0 && options.installed === true) {
    const { policy } = configure(world, { file: path, profile: undefined }); // Its companions must be sound too.
    problems.push(...missingPrograms(world.env, policy).map((lack) => `${path}: ${lack}`));
  }
  for (const problem of problems) world.stdout.write(`${problem}\n`);
  if (problems.length === 0) world.stdout.write(`${path}: ok\n`);
  return problems.length === 0 ? EXIT.passed : EXIT.usage;
}
