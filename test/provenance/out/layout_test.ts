import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { attempt } from "../../support/programs.ts";
import { containerRegistry } from "../../support/container_registry.ts";
import { realTest } from "../../support/real_parts.ts";
import { Machine, modelIn, UNSIGNED } from "./machine.ts";

realTest(
  "an exported model passes through a registry of containers and comes back the same",
  ["SKOPEO_BIN", "DOCKER_REGISTRY_BIN"],
  async (parts) => {
    using machine = new Machine();
    assert.equal(
      (await machine.admit(modelIn(machine, "m.gguf"), UNSIGNED)).code,
      0,
    );
    const layout = join(machine.root, "layout");
    const exported = await machine.run(["export", "m", layout]);
    assert.equal(exported.code, 0, exported.stderr);
    await using registry = await containerRegistry(parts.DOCKER_REGISTRY_BIN, machine.root);
    const remote = `docker://127.0.0.1:${registry.port}/models/m:latest`;
    const back = join(machine.root, "back");
    const steps = [
      ["inspect", "--raw", `oci:${layout}:latest`],
      ["copy", "--dest-tls-verify=false", `oci:${layout}:latest`, remote],
      ["inspect", "--raw", "--tls-verify=false", remote],
      ["copy", "--src-tls-verify=false", remote, `oci:${back}:latest`],
    ];
    for (const step of steps) {
      const { code, stderr } = attempt(parts.SKOPEO_BIN, ["--insecure-policy", ...step]);
      assert.equal(code, 0, `${step.join(" ")}: ${stderr}`);
    }
    using other = new Machine();
    const again = await other.admit(back, UNSIGNED);
    assert.equal(again.code, 0, again.stderr);
    const shaOf = (one: Machine) => JSON.parse(one.beside("m.gguf.provenance.json")).artifact.sha256;
    assert.equal(shaOf(other), shaOf(machine));
  },
);

const LAYOUT_FAULTS: [what: string, spoil: (layout: string) => void][] = [
  ["a blob was changed", (layout) => spoil(layout, (path) => fs.statSync(path).size > 100_000)],
  [
    "its manifest was changed",
    (layout) => spoil(layout, (path) => fs.readFileSync(path, "utf8").includes('"layers":[')),
  ],
  ["its index is gone", (layout) => fs.rmSync(join(layout, "index.json"))],
  ["a layer leads out of it", (layout) => rename(layout, "m.gguf.manifest.json", "../../escaped.json")],
  ["a layer is there twice", (layout) => rename(layout, "m.gguf.manifest.json", "m.gguf")],
];
for (const [what, damage] of LAYOUT_FAULTS) {
  Deno.test(`an image layout is not taken in: ${what}`, async () => {
    using machine = new Machine();
    await machine.admit(modelIn(machine, "m.gguf"), UNSIGNED);
    const layout = join(machine.root, "layout");
    await machine.run(["export", "m", layout]);
    damage(layout);
    using other = new Machine();
    const { code, stderr } = await other.admit(layout, UNSIGNED);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /Cannot use the image layout/);
    assert.ok(!fs.existsSync(join(other.registry, "m.gguf")));
    assert.ok(!fs.existsSync(join(other.root, "state", "escaped.json")));
  });
}

const blobsOf = (layout: string): string[] =>
  fs.readdirSync(join(layout, "blobs", "sha256")).map((name) => join(layout, "blobs", "sha256", name));

/** Changes the last byte of one blob. */
function spoil(layout: string, which: (path: string) => boolean): void {
  const path = blobsOf(layout).find(which);
  assert.ok(path !== undefined);
  const bytes = fs.readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  fs.writeFileSync(path, bytes);
}

/** Gives a layer another path, and the manifest and the index the digests that go with it. */
function rename(layout: string, from: string, to: string): void {
  const path = blobsOf(layout).find((blob) => fs.readFileSync(blob, "utf8").includes('"layers":['));
  assert.ok(path !== undefined);
  const text = fs.readFileSync(path, "utf8").replaceAll(JSON.stringify(from), JSON.stringify(to));
  const digest = createHash("sha256").update(text).digest("hex");
  fs.writeFileSync(join(layout, "blobs", "sha256", digest), text);
  const index = JSON.parse(fs.readFileSync(join(layout, "index.json"), "utf8"));
  Object.assign(index.manifests[0], { digest: `sha256:${digest}`, size: text.length });
  fs.writeFileSync(join(layout, "index.json"), JSON.stringify(index));
}
