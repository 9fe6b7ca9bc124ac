import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { listIncoming } from "../../src/admission/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { Lab, outcomeOf, PUBLISHED } from "../support/lab.ts";
import { run, Tmpfs } from "../support/programs.ts";
import { LabRegistry, unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const ignore = Deno.uid() !== 0;
if (ignore) console.log("filesystems_test.ts: not run, because mounting a second filesystem needs root");

Deno.test({
  name: "EXDEV: the line does not start over places that a rename cannot reach",
  ignore,
  fn: async () => {
    using lab = Lab.make();
    for (const place of ["scanning", "held", "rejected"] as const) {
      using _other = new Tmpfs(lab.places[place]);
      await assert.rejects(lab.open({ registry: unreachableRegistry() }), {
        name: "StartupError",
        code: "state/unreadable",
        message: /are not on one filesystem$/,
      });
      assert.deepEqual(lab.names("incoming"), []);
    }
  },
});

Deno.test({
  name: "EXDEV: a registry directory on another filesystem is copied into",
  ignore,
  fn: async () => {
    using lab = Lab.make();
    using _other = new Tmpfs(lab.places.registry);
    await using registry = new LabRegistry(lab);
    lab.drop("m.gguf", MODEL);
    assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
    assert.deepEqual(lab.names("registry"), [...PUBLISHED, "manifest.json"]);
  },
});

Deno.test({
  name: "a mount point in incoming stays, is warned of once, and blocks nothing",
  ignore,
  fn: async () => {
    using lab = Lab.make();
    using _mounted = new Tmpfs(join(lab.places.incoming, "a-mounted"));
    fs.writeFileSync(join(lab.places.incoming, "a-mounted", "model.safetensors"), "x");
    run("find", lab.places.incoming, "-mindepth", "1", "-exec", "touch", "-d", "1 hour ago", "{}", "+");
    await using registry = new LabRegistry(lab);
    lab.drop("m.gguf", MODEL);
    assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
    const warnings = lab.journal.filter((line) => line.includes("a-mounted"));
    assert.equal(warnings.length, 1, lab.journal.join("\n"));
    assert.match(
      warnings[0] ?? "",
      /^<4>\[quarantine\] WARNING: a-mounted .*claim\/unreadable: it cannot be moved/,
    );
    assert.deepEqual(lab.names("scanning"), []);
  },
});

Deno.test({
  name: "a file with a time no calendar has hides no other, and is kept twice",
  ignore,
  fn: async () => {
    using lab = Lab.make({ free_space_reserve_mib: "1" });
    using _other = new Tmpfs(join(lab.root, "line"));
    const place = (name: string) => join(lab.root, "line", name);
    const [incoming, scanning, held, rejected] = ["incoming", "scanning", "held", "rejected"].map(place) as [
      string,
      string,
      string,
      string,
    ];
    Object.assign(lab.places, { incoming, scanning, held, rejected });
    for (const path of [incoming, scanning, held, rejected]) fs.mkdirSync(path);
    for (const round of [1, 2]) {
      run("touch", "-d", "@99999999999999", lab.drop("strange.gguf", MODEL.slice(round)));
      lab.drop("m.gguf", MODEL);
      assert.deepEqual(listIncoming(incoming).map(({ name }) => name), ["m.gguf", "strange.gguf"]);
      const ended = await lab.watch({ registry: unreachableRegistry() });
      assert.deepEqual(ended.map(({ name }) => name), ["m.gguf", "strange.gguf"]);
    }
    assert.equal(lab.names("held").filter((name) => /^strange.*\.gguf$/.test(name)).length, 2);
  },
});
