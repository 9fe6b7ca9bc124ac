import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab } from "../support/lab.ts";
import { unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const BROKEN = MODEL.slice(0, -40_000);

const setup = { registry: unreachableRegistry() };
const pathOf = (lab: Lab, bytes: Uint8Array, file: string) =>
  join(lab.places.state, "evidence", sha256(bytes), file);

const cases: readonly (readonly [what: string, bytes: Uint8Array, outcomes: string, tensors: boolean])[] = [
  ["a model that passes", MODEL, "PASS PASS PASS PASS PASS", true],
  ["a refused one", BROKEN, "PASS FAIL SKIP SKIP SKIP", false],
];
for (const [what, bytes, outcomes, tensors] of cases) {
  Deno.test(`the evidence of ${what} is kept, and the audit log names its digest`, async () => {
    using lab = Lab.make();
    lab.drop("m.gguf", bytes);
    await lab.watch(setup);
    const text = fs.readFileSync(pathOf(lab, bytes, "stages.json"));
    const evidence = JSON.parse(text.toString());
    const five = evidence.stages.slice(0, 5).map((stage: { outcome: string }) => stage.outcome);
    assert.equal(five.join(" "), outcomes);
    assert.equal(evidence.sha256, sha256(bytes));
    const [audited] = lab.events("evidence");
    assert.deepEqual([audited?.evidence_sha256, audited?.evidence_bytes], [sha256(text), text.byteLength]);
    assert.equal(fs.existsSync(pathOf(lab, bytes, "tensors.json")), tensors);
    if (tensors) {
      assert.equal(evidence.tensors.sha256, sha256(fs.readFileSync(pathOf(lab, bytes, "tensors.json"))));
    }
    assert.equal((await lab.verifyAudit()).valid, true);
  });
}

Deno.test("P002: the same bytes under the same policy give the same evidence, byte for byte", async () => {
  using lab = Lab.make();
  const texts: string[] = [];
  for (const _ of [1, 2]) {
    lab.drop("m.gguf", BROKEN);
    await lab.watch(setup);
    texts.push(fs.readFileSync(pathOf(lab, BROKEN, "stages.json"), "utf8"));
  }
  assert.equal(texts[0], texts[1]);
});

Deno.test("evidence of the oldest artifacts goes when there is too much of it", async () => {
  using lab = Lab.make();
  const root = join(lab.places.state, "evidence");
  const old = Array.from({ length: 1000 }, (_, i) => join(root, `${i}`.padStart(64, "0")));
  for (const [age, path] of old.entries()) {
    fs.mkdirSync(path, { recursive: true });
    fs.utimesSync(path, 1_000_000 + age, 1_000_000 + age);
  }
  lab.drop("m.gguf", BROKEN);
  await lab.watch(setup);
  assert.equal(fs.readdirSync(root).length, 1000);
  assert.deepEqual(old.slice(0, 2).map((path) => fs.existsSync(path)), [false, true]);
  assert.ok(fs.existsSync(pathOf(lab, BROKEN, "stages.json")));
});
