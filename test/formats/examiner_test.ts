import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Observer } from "../../src/admission/mod.ts";
import { EVERY_FORMAT, type Json, type Pipeline, type Stage, type StageId } from "../../src/model/mod.ts";
import { checkPath } from "../../src/roles/check.ts";
import { exitCodeOf } from "../../src/roles/run_check.ts";
import { EXIT } from "../../src/roles/world.ts";
import { processSandbox } from "../../src/tools/process_sandbox.ts";
import { type Job, PROTOCOL_VERSION } from "../../src/tools/protocol.ts";
import { runJob } from "../../src/tools/worker.ts";
import { withDirectory } from "../make/directory.ts";
import * as make from "../make/disguise.ts";
import { tinyLlama } from "../make/gguf.ts";
import { F32, safetensors } from "../make/safetensors.ts";
import { cli } from "../support/cli.ts";
import { shippedPolicy } from "../support/stage.ts";
import { PLAIN_GGUF } from "../vectors/disguise.ts";

const POLICY = shippedPolicy("standalone");
/** Long enough for a worker to start on a busy machine. */
const DEADLINE_MS = 4000;
const quiet: Observer = { starting: () => {}, finished: () => {} };

/** Examines one file as `check` does, its format gate in a worker that `launcher` starts. */
async function checkWith(launcher: string, path: string) {
  const records: Json[] = [];
  const open = processSandbox({
    role: "examine",
    launcher,
    bwrap: null,
    programRoots: [],
    cache: null,
    environment: { PATH: "/usr/bin:/bin", HOME: Deno.env.get("HOME") ?? "/" },
  });
  const gate: Stage<"format_gate"> = {
    ...passing("format_gate"),
    async examine({ digest: _, digestFrom: __, signatures: ___, ...claimed }, { policy, signal, progress }) {
      const { accept: _waivers, ...rest } = policy;
      const artifact = { ...claimed, digest: null };
      const job: Job = {
        v: PROTOCOL_VERSION,
        stage: "format_gate",
        artifact,
        behaviour: null,
        provenance: null,
        policy: rest,
      };
      const tensor = (record: Json) => void records.push(record);
      return await runJob(open, job, { policy, deadlineMs: DEADLINE_MS, signal, progress, tensor });
    },
  };
  const pipeline: Pipeline = [
    passing("source_policy"),
    gate,
    passing("integrity_check"),
    passing("provenance_check"),
    passing("static_scan"),
    passing("behavioral_test"),
    passing("diffusion_deep_scan"),
  ];
  const signal = new AbortController().signal;
  const context = { policy: POLICY, now: () => new Date(), signal, progress: () => {}, record: () => {} };
  const bench = { pipeline, sandbox: "process", programs: new Map<string, string>(), context } as const;
  const checked = await checkPath(
    { policy: POLICY, bench },
    path,
    { kind: "local" },
    quiet,
  );
  return { ...checked, records };
}

function passing<Id extends StageId>(id: Id): Stage<Id> {
  return {
    id,
    activity: "looking away",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    examine: () => Promise.resolve({ kind: "cleared", summary: "", evidence: {}, notes: [] }),
  };
}

/** A launcher as the sandbox starts it, over any program of this repository. */
function plantLauncher(root: string, program: string): string {
  const path = join(root, `launch-${program.replaceAll("/", "-")}`);
  const target = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const start =
    `exec "${Deno.execPath()}" run --quiet --no-prompt --allow-read="$AI_QUARANTINE_ARTIFACT" "${target}"`;
  fs.writeFileSync(path, `#!/bin/sh\n${start} "$@"\n`, { mode: 0o755 });
  return path;
}

Deno.test("a parser that loops is killed at its deadline: exit 3, and the coordinator goes on", async () => {
  await withDirectory({}, async (root) => {
    const path = join(root, "model.gguf");
    fs.writeFileSync(path, PLAIN_GGUF);
    const began = performance.now();
    const { decision, examination, records } = await checkWith(
      plantLauncher(root, "test/formats/programs/looping_examiner.ts"),
      path,
    );
    const tookMs = performance.now() - began;
    assert.deepEqual(records, [{ looping: true }], "the loop was reached");
    assert.equal(exitCodeOf({ decision }), EXIT.undecided);
    assert.equal(decision.refusal?.rule, "worker/deadline");
    assert.equal(decision.refusal?.stage, "format_gate");
    assert.deepEqual(
      examination.stages.slice(2).map(({ outcome }) => outcome.kind),
      Array(5).fill("unreached"),
    );
    assert.ok(tookMs >= DEADLINE_MS && tookMs < DEADLINE_MS + 2000, `${tookMs} ms`);

    const next = await checkWith(plantLauncher(root, "main.ts"), path);
    assert.equal(exitCodeOf(next), EXIT.passed, next.decision.refusal?.reason);
    console.log(
      `killed after ${Math.round(tookMs)} ms: exit 3, ${decision.refusal?.reason}; the next file: exit 0`,
    );
  });
});

const lies: readonly (readonly [name: string, bytes: Uint8Array, rule: string])[] = [
  ["safetensors.gguf", safetensors({ w: F32(4) }), "disguise/safetensors"],
  ["gguf.safetensors", PLAIN_GGUF, "disguise/gguf"],
  ["pickle.gguf", make.pickle({ protocol: 4, by: "STACK_GLOBAL" }), "disguise/denied-format"],
  ["archive.safetensors", make.zip([{ name: "model.safetensors" }]), "disguise/zip"],
  ["program.gguf", make.elf(), "disguise/elf"],
];

Deno.test("P104 the real examiner catches a name that claims another format than the bytes", async () => {
  await withDirectory({}, async (root) => {
    const files = [...lies, ["honest.gguf", tinyLlama(), null] as const];
    for (const [name, bytes] of files) fs.writeFileSync(join(root, name), bytes);
    const { code, stdout, stderr } = await cli(
      ["check", "--json", "--profile", "standalone", ...files.map(([name]) => join(root, name))],
      { LLAMA_SERVER_BIN: "/nonexistent" },
    );
    const results = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(
      results.map(({ artifact, verdict, failed_stage, stages }) => [
        artifact,
        verdict,
        failed_stage,
        stages[1].findings[0]?.rule ?? null,
      ]),
      files.map(([name, , rule]) =>
        rule === null ? [name, "passed", null, null] : [name, "rejected", "format_gate", rule]
      ),
      stderr,
    );
    assert.equal(code, EXIT.refused);
  });
});
