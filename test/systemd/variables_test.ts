import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { VARIABLES } from "../../src/roles/environment.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";

/** Asked for by libraries (yaml, the runtime's terminal layer). */
const LIBRARIES = [
  "LOG_STREAM",
  "LOG_TOKENS",
  "FORCE_COLOR",
  "CLICOLOR_FORCE",
  "TERM",
  "COLORTERM",
  "NODE_DISABLE_COLORS",
  "CI",
  "TEAMCITY_VERSION",
  "TMUX",
];
const GRANTED = [...VARIABLES, ...LIBRARIES].sort();

Deno.test("the launcher grants exactly the variables the program reads", () => {
  const launcher = fs.readFileSync(join(PROGRAM_ROOT, "scripts", "ai-quarantine"), "utf8");
  const lists = [...launcher.matchAll(/^variables=(?:\$variables,)?(\S+)$/gm)];
  assert.deepEqual(lists.flatMap(([, names = ""]) => names.split(",")).sort(), GRANTED);
});

Deno.test("so does every unit that runs it and gives it any", () => {
  const folder = join(PROGRAM_ROOT, "systemd");
  const lists = fs.readdirSync(folder).filter((name) => name.endsWith(".service")).flatMap((unit) => {
    const granted = /--allow-env=(\S+)/.exec(fs.readFileSync(join(folder, unit), "utf8"));
    return granted === null ? [] : [{ unit, names: (granted[1] ?? "").split(",").sort() }];
  });
  assert.ok(lists.length >= 5);
  for (const { unit, names } of lists) assert.deepEqual(names, GRANTED, unit);
});
