import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { OwnRegistry } from "../../src/roles/own_registry.ts";
import { registryClient } from "../../src/roles/registry_access.ts";
import { digestInPlace } from "../../src/admission/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab } from "../support/lab.ts";

const MODEL = tinyLlama();
const OTHER = new Uint8Array(MODEL).fill(1, -8);

/** Asks a registry over `lab` to register what lies there as `m.gguf`, said to be MODEL. */
async function promote(lab: Lab, own: OwnRegistry): Promise<string> {
  const outcome = await registryClient(lab.world(), lab.configuration(), own).promote({
    name: "m",
    filename: "m.gguf",
    sha256: sha256(MODEL),
    size_bytes: MODEL.byteLength,
    source: "",
    source_revision: "",
    policy_version: "1",
    scan_results: {},
    scanner_versions: {},
  });
  return outcome.outcome === "promoted" ? "promoted" : outcome.rule;
}

const blob = (lab: Lab) => join(lab.places.registry, "m.gguf");

Deno.test("the registry of admit registers what this program hashed, and anybody else's bytes by hashing them", async () => {
  for (const bytes of ["hashed here", "found there"] as const) {
    using lab = Lab.make();
    using own = new OwnRegistry(lab.world(), lab.places);
    fs.writeFileSync(blob(lab), MODEL);
    if (bytes === "hashed here") own.hashed(blob(lab), await digestInPlace(blob(lab), {}));
    assert.equal(await promote(lab, own), "promoted");
  }
});

const changes: readonly (readonly [what: string, change: (path: string) => void])[] = [
  ["written to again", (path) => fs.writeFileSync(path, OTHER)],
  ["replaced", (path) => {
    fs.writeFileSync(`${path}.new`, OTHER);
    const { atime, mtime } = fs.statSync(path);
    fs.utimesSync(`${path}.new`, atime, mtime);
    fs.renameSync(`${path}.new`, path);
  }],
];

for (const [what, change] of changes) {
  Deno.test(`the registry of admit hashes a copy again that was ${what} since`, async () => {
    using lab = Lab.make();
    using own = new OwnRegistry(lab.world(), lab.places);
    fs.writeFileSync(blob(lab), MODEL);
    fs.utimesSync(blob(lab), 1_700_000_000, 1_700_000_000);
    own.hashed(blob(lab), await digestInPlace(blob(lab), {}));
    change(blob(lab));
    assert.notEqual(await promote(lab, own), "promoted");
  });
}
