import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { builtProgram, cli } from "../support/cli.ts";
import { Lab, PROGRAM_ROOT } from "../support/lab.ts";

/** Stands for the runtime: shows the launcher's arguments, or runs another program with them than ours. */
function standIn(lab: Lab, script: string): string {
  const path = join(lab.root, "deno");
  fs.writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

function variables(lab: Lab): Record<string, string> {
  return {
    STATE_DIRECTORY: lab.places.state,
    AUDIT_LOG_PATH: lab.auditLog,
    QUARANTINE_DIR: lab.places.incoming,
  };
}

Deno.test("the health role may read state and logs, listen on its own address, and nothing else", async () => {
  using lab = Lab.make();
  const built = builtProgram();
  const deno = standIn(lab, 'printf "%s\\n" "$@"');
  const { stdout } = await cli(["health"], { ...variables(lab), AI_QUARANTINE_DENO: deno });
  const granted = stdout.split("\n").filter((flag) => /^-A|^--allow-(?!env=)/.test(flag));
  assert.deepEqual(granted, [
    `--allow-read=${lab.places.state},${join(lab.root, "logs")},${built}`,
    "--allow-net=127.0.0.1:8472",
  ]);
});

Deno.test("what the health role's permissions refuse", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", "x");
  builtProgram();
  const probe = join(PROGRAM_ROOT, "test", "health", "wall_probe.ts");
  const script = `count=$#
for given; do
  case $given in */ai-quarantine.js) given=${probe} ;; esac
  [ "$given" = health ] || set -- "$@" "$given"
done
shift "$count"
exec "${Deno.execPath()}" "$@" "${lab.places.state}" "${lab.places.incoming}"`;
  const { stdout, stderr } = await cli(["health"], {
    ...variables(lab),
    AI_QUARANTINE_DENO: standIn(lab, script),
  });
  assert.deepEqual(stdout.split("\n").slice(0, -1), [
    "read its state: allowed",
    "write its state: NotCapable",
    "read a model: NotCapable",
    "read the machine's files: NotCapable",
    "run a program: NotCapable",
    "connect elsewhere: NotCapable",
    "listen on every address: NotCapable",
    "read a variable that is not ours: NotCapable",
    "ask for the host's name: NotCapable",
  ], stderr);
});
