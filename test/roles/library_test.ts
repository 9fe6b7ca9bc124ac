import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { AuditChain, runPipeline } from "../../main.ts";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab } from "../support/lab.ts";
import { unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
/** The development form of a policy. */
const DEVELOPMENT = {
  models: { require_behavior_tests: false },
  quarantine: { scanner_missing: "warn-and-skip" },
} as const;

function model(lab: Lab, bytes = MODEL): string {
  const path = join(lab.root, "m.gguf");
  fs.writeFileSync(path, bytes);
  return path;
}

Deno.test("P024, P025: runPipeline() returns passed and details of all seven stages", async () => {
  using lab = Lab.make();
  const result = await runPipeline({ path: model(lab), policy: DEVELOPMENT });
  assert.deepEqual([result.passed, result.verdict, result.reason], [true, "passed", null]);
  assert.equal(Object.keys(result.details).length, 7);
  assert.equal(result.details.integrity_check?.evidence.sha256, sha256(MODEL));
});

Deno.test("P023, P054: runPipeline() with a partial policy is fail-closed", async () => {
  using lab = Lab.make();
  const result = await runPipeline({ path: model(lab), policy: { models: { require_scan: true } } });
  assert.deepEqual([result.passed, result.verdict], [false, "error"]);
  assert.match(result.reason ?? "", /./);
});

Deno.test("P038: runPipeline() compares the given digest", async () => {
  using lab = Lab.make();
  const right = await runPipeline({ path: model(lab), sha256: sha256(MODEL), policy: DEVELOPMENT });
  const wrong = await runPipeline({ path: model(lab), sha256: "ab".repeat(32), policy: DEVELOPMENT });
  assert.deepEqual([right.passed, wrong.passed, wrong.details.integrity_check?.outcome], [
    true,
    false,
    "FAIL",
  ]);
});

Deno.test("runPipeline() of a broken model does not throw", async () => {
  using lab = Lab.make();
  const result = await runPipeline({ path: model(lab, MODEL.slice(0, 9000)), policy: DEVELOPMENT });
  assert.deepEqual([result.verdict, result.details.format_gate?.outcome], ["rejected", "FAIL"]);
});

Deno.test("runPipeline() with a policy that cannot be used throws", async () => {
  using lab = Lab.make();
  const policy = { gguf_gaurd: { required: true } } as never;
  await assert.rejects(runPipeline({ path: model(lab), policy }), {
    name: "StartupError",
    code: "policy/schema",
  });
});

Deno.test("P077: AuditChain.verify() says valid and how many entries", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", MODEL.slice(0, 9000));
  await lab.watch({ registry: unreachableRegistry() });
  const { valid, entries } = await AuditChain.verify(lab.auditLog);
  assert.deepEqual({ valid, entries }, { valid: true, entries: lab.entries().length });
});
