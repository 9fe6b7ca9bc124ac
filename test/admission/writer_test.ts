import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf, settle } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const OTHER = tinyLlama({ seed: 2 });

/** Rewrites a whole file through a descriptor that was opened before the claim. */
function rewrite(fd: number, bytes: Uint8Array): void {
  fs.writeSync(fd, bytes, 0, bytes.byteLength, 0);
  fs.fsyncSync(fd);
}

const moments = [
  "claim:renamed",
  "claim:audited",
  "freeze:copied",
  "stage:format_gate:audited",
  "stage:diffusion_deep_scan:audited",
];

for (const moment of moments) {
  Deno.test(`a writer with its descriptor open at ${moment} changes nothing that is promoted`, async () => {
    using lab = Lab.make();
    await using registry = new LabRegistry(lab);
    const fd = fs.openSync(lab.drop("m.gguf", MODEL), "r+");
    settle(join(lab.places.incoming, "m.gguf"));
    let isDone = false;
    const step = (name: string) => {
      if (name !== moment || isDone) return;
      isDone = true;
      rewrite(fd, OTHER);
      fs.futimesSync(fd, 1_700_000_000, 1_700_000_000); // Settled again at once, for the second round.
    };
    const ended = await lab.watch({ registry: registry.client, step });
    fs.closeSync(fd);
    const beforeFreeze = moment.startsWith("claim:");
    assert.deepEqual(ended.map(outcomeOf), beforeFreeze ? ["passed"] : ["requeued", "passed"]);
    const promoted = sha256(fs.readFileSync(join(lab.places.registry, "m.gguf")));
    assert.equal(promoted, sha256(OTHER), "the bytes that were examined");
    assert.deepEqual(await registry.models(), { m: promoted });
    assert.equal(lab.events("promoted").at(-1)?.sha256, promoted);
    assert.equal((await lab.verifyAudit()).valid, true);
  });
}

for (const moment of ["promote:intent-recorded", "promote:blob-published", "promote:registry-replied"]) {
  Deno.test(`a writer with its descriptor open at ${moment} comes too late`, async () => {
    using lab = Lab.make();
    await using registry = new LabRegistry(lab);
    const fd = fs.openSync(lab.drop("m.gguf", MODEL), "r+");
    const step = (name: string) => {
      if (name === moment) rewrite(fd, OTHER);
    };
    assert.deepEqual((await lab.watch({ registry: registry.client, step })).map(outcomeOf), ["passed"]);
    rewrite(fd, OTHER);
    fs.closeSync(fd);
    assert.equal(sha256(fs.readFileSync(join(lab.places.registry, "m.gguf"))), sha256(MODEL));
  });
}

Deno.test("a file that grows while it is examined goes back; a newer one of its name holds it instead", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const fd = fs.openSync(lab.drop("m.gguf", MODEL), "r+");
  let isDone = false;
  const step = (name: string) => {
    if (name !== "freeze:copied" || isDone) return;
    isDone = true;
    fs.writeSync(fd, new Uint8Array(1), 0, 1, MODEL.byteLength);
    lab.drop("m.gguf", OTHER);
  };
  const ended = await lab.watch({ registry: registry.client, step });
  fs.closeSync(fd);
  assert.deepEqual(ended.map(outcomeOf), ["error claim/changed", "passed"]);
  assert.equal(fs.statSync(join(lab.places.held, "m.gguf")).size, MODEL.byteLength + 1);
  assert.deepEqual(await registry.models(), { m: sha256(OTHER) });
});
