import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { processSandbox } from "../../src/tools/process_sandbox.ts";
import { PROTOCOL_VERSION } from "../../src/tools/protocol.ts";
import { runJob } from "../../src/tools/worker.ts";
import { policyFromObject } from "../../src/policy/load.ts";
import { programOnPath } from "../support/programs.ts";

const BWRAP = programOnPath("bwrap");
const POLICY = policyFromObject({ profile: "standalone" }, { now: () => new Date() });
const ignore = BWRAP === null;
if (ignore) console.log("sandbox_test.ts: not run, because bubblewrap is not installed");

/** Runs a shell script under bubblewrap in place of the examiner; what it prints becomes the evidence. */
async function inside(script: string): Promise<string> {
  const root = Deno.makeTempDirSync({ prefix: "sandbox-" });
  try {
    const body = `said=$(${script}) 2>/dev/null
echo '{"t":"hello","v":1}'
echo '{"t":"done","kind":"cleared","summary":"'$said'","evidence":{},"findings":[]}'`;
    fs.writeFileSync(join(root, "worker"), `#!/bin/sh\nexec 2>/dev/null\n${body}\n`, { mode: 0o755 });
    fs.writeFileSync(join(root, "model.gguf"), "the-model");
    const open = processSandbox({
      role: "examine",
      launcher: join(root, "worker"),
      bwrap: BWRAP,
      programRoots: [join(root, "worker")],
      cache: null,
      environment: { PATH: "/usr/bin:/bin" },
    });
    const judgement = await runJob(open, {
      v: PROTOCOL_VERSION,
      stage: "format_gate",
      artifact: {
        name: "model.gguf",
        path: join(root, "model.gguf"),
        shape: "file",
        format: "gguf",
        sizeBytes: 9,
        origin: { kind: "local" },
        digest: null,
      },
      behaviour: null,
      provenance: null,
      policy: POLICY,
    }, { policy: POLICY, deadlineMs: 10_000, signal: new AbortController().signal, progress: () => {} });
    return judgement.summary;
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

const rows: readonly (readonly [what: string, script: string, said: string])[] = [
  ["reads its artifact", "cat /artifact", "the-model"],
  ["finds the artifact under the path it is given", 'echo "$AI_QUARANTINE_ARTIFACT"', "/artifact"],
  ["cannot write to the artifact", "echo x >>/artifact && echo wrote || echo refused", "refused"],
  ["sees nothing of /etc, /root or /var", "ls /etc /root /var | grep -v : | tr -d '\\n'", ""],
  ["has no network but its own loopback", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n'", "lo"],
  [
    "cannot change the kernel's settings",
    "sh -c ': >>/proc/sys/kernel/core_pattern' && echo wrote || echo refused",
    "refused",
  ],
  ["sees no process of this machine", "[ $(ls /proc | grep -c '^[0-9]*$') -lt 12 ] && echo few", "few"],
  ["holds no capability", "grep CapEff /proc/self/status | tr -d '\\t 0'", "CapEff:"],
];

for (const [what, script, said] of rows) {
  Deno.test({
    name: `a worker under bubblewrap ${what}`,
    ignore,
    fn: async () => {
      assert.equal(await inside(script), said);
    },
  });
}

Deno.test({
  name: "a worker under bubblewrap leaves no process behind",
  ignore,
  fn: async () => {
    const seconds = `${60 + Math.random()}`;
    await inside(`setsid sleep ${seconds} >/dev/null & echo ok`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
    assert.ok(!new TextDecoder().decode(stdout).includes(`sleep ${seconds}`));
  },
});
