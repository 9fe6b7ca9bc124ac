import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf, PUBLISHED } from "../support/lab.ts";
import { takeEverything } from "../support/once.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();

class Crash extends Error {}

/** Takes what was dropped through the line and stops at a step, as a crash would. */
async function crashAt(lab: Lab, registry: LabRegistry, at: string): Promise<void> {
  const step = (name: string) => {
    if (name === at) throw new Crash();
  };
  await assert.rejects(takeEverything(lab, { registry: registry.client, step }), Crash);
}

const losses: readonly (readonly [what: string, lose: (sealed: string) => void])[] = [
  ["empty", (sealed) => fs.truncateSync(sealed)],
  ["garbled", (sealed) => fs.writeFileSync(sealed, new Uint8Array(MODEL.byteLength))],
  ["gone", (sealed) => fs.rmSync(sealed)],
];

for (const [what, lose] of losses) {
  Deno.test(`a frozen copy that is ${what} after a power cut is made again from the dropped bytes`, async () => {
    using lab = Lab.make();
    await using registry = new LabRegistry(lab);
    lab.drop("m.gguf", MODEL);
    await crashAt(lab, registry, "promote:intent-audited");
    const [id = ""] = lab.names("scanning");
    lose(join(lab.places.scanning, id, "sealed", "m.gguf"));
    assert.deepEqual((await takeEverything(lab, { registry: registry.client })).map(outcomeOf), ["passed"]);
    assert.deepEqual(await registry.models(), { m: sha256(MODEL) });
    assert.deepEqual(lab.names("scanning"), []);
    assert.equal(lab.events("promoted").length, 1);
  });
}

Deno.test("what was decided is carried out after a restart without asking a stage again", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await crashAt(lab, registry, "promote:intent-audited");
  const asked = lab.events("stage").length;
  await takeEverything(lab, { registry: registry.client });
  assert.equal(lab.events("stage").length, asked);
  assert.ok(lab.journal.includes(
    "<4>[quarantine] WARNING: finishing m.gguf, whose verdict was recorded before a restart",
  ));
});

Deno.test("copies that a crash left in the registry directory are removed", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await crashAt(lab, registry, "promote:intent-audited");
  fs.writeFileSync(join(lab.places.registry, ".aiq-left.part"), "half");
  await takeEverything(lab, { registry: registry.client });
  assert.deepEqual(lab.names("registry"), [...PUBLISHED, "manifest.json"]);
});
