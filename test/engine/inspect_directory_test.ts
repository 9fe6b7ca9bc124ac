import assert from "node:assert/strict";
import { join } from "node:path";
import { digestInPlace } from "../../src/admission/mod.ts";
import { inspectDirectory } from "../../src/engine/inspect_directory.ts";
import { inspectFileAt, type Inspecting } from "../../src/engine/inspect_file.ts";
import { WorkerPool } from "../../src/engine/workers.ts";
import { DiskDirectory } from "../../src/files/directory_view.ts";
import { weightFilesIn } from "../../src/formats/directories.ts";
import { type DirectorySpec, json, sharded, weights, withDirectory } from "../make/directory.ts";
import { elf, overwrite } from "../make/disguise.ts";
import { gguf, str, tinyLlama } from "../make/gguf.ts";
import { F32, safetensors } from "../make/safetensors.ts";
import { randomBytes, seededRandom, syntheticTensor } from "../measure/synthetic.ts";

const random = seededRandom(8);

function inspecting(workers: WorkerPool | null = null): Inspecting {
  return { workers, progress: () => {}, signal: new AbortController().signal };
}

/** A safetensors file of `count` tensors of 4 MiB, in the first of which a program lies at byte `hiddenAt`. */
function shard(name: string, count: number, hiddenAt: number | null): Uint8Array {
  const tensors = Array.from({ length: count }, (_, i) => {
    const data = syntheticTensor("F32", 2 ** 20, random);
    const bytes = hiddenAt === null || i > 0 ? data : overwrite(data, hiddenAt, elf());
    return [`${name}.${i}.weight`, { ...F32(1024, 1024), data: bytes }] as const;
  });
  return safetensors(Object.fromEntries(tensors));
}

const template = gguf({
  kv: [["general.architecture", str("llama")], ["tokenizer.chat_template", str("{{ ''.__class__ }}")]],
});
const zeros = safetensors({
  "model.layers.0.mlp.up_proj.weight": { ...F32(64, 64), data: new Uint8Array(16_384) },
});

/** Larger than what one thread does alone; chunks begin in one file and end in another. */
const LARGE: DirectorySpec = {
  "config.json": json({ model_type: "llama" }),
  "empty": "",
  "model-00001-of-00002.safetensors": shard("a", 2, 100_000),
  "model-00002-of-00002.safetensors": shard("b", 1, null),
  "model-00003.gguf": tinyLlama(),
  "notes.bin": randomBytes(700_001, random),
  "z/hostile.gguf": template,
  "z/last": "",
  "z/zeros.safetensors": zeros,
};

const trees: readonly (readonly [what: string, spec: DirectorySpec])[] = [
  ["nothing in it", {}],
  ["empty files alone", { a: "", "b/c": "" }],
  ["no weights", { "config.json": "{}", "a/b/c.txt": "text" }],
  ["names beyond the first plane", { "\u{10000}.json": "1", "\uffff.json": "2", "é/ü": "3" }],
  ["shards", sharded([["a", "b"], ["c"]])],
  ["more tensors than are in memory at once", manyShards()],
  ["large shards", LARGE],
];

/** 40 files of 100 tensors. */
function manyShards(): DirectorySpec {
  const names = (file: number) => Array.from({ length: 100 }, (_, i) => `t${file}.${i}`);
  return Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`part${i}.safetensors`, weights(...names(i))]),
  );
}

for (const [what, spec] of trees) {
  Deno.test(`inspectDirectory() of ${what} gives the digests of hashing it, and what each weight file says alone`, () =>
    withDirectory(spec, async (root) => {
      const { digest, weights } = await inspectDirectory(new DiskDirectory(root), inspecting());
      assert.deepEqual(digest, await digestInPlace(root, {}));
      const expected = [];
      for (const { path, format } of weightFilesIn(new DiskDirectory(root))) {
        const { sizeBytes, findings, manifest, values, templates } = await inspectFileAt(join(root, path), {
          ...inspecting(),
          format,
        });
        expected.push({ path, sizeBytes, findings, tensors: manifest.tensors.length, values, templates });
      }
      assert.deepEqual(weights, expected);
    }));
}

Deno.test("what inspectDirectory() says does not depend on the number of threads", () =>
  withDirectory(LARGE, async (root) => {
    const expected = await inspectDirectory(new DiskDirectory(root), inspecting());
    const rules = expected.weights.map(({ path, findings }) => [path, findings.map(({ rule }) => rule)]);
    assert.deepEqual(rules, [
      ["model-00001-of-00002.safetensors", ["disguise/hidden-program"]],
      ["model-00002-of-00002.safetensors", []],
      ["model-00003.gguf", []],
      ["z/hostile.gguf", ["template/object-walk"]],
      ["z/zeros.safetensors", ["measure/zero-matrix"]],
    ]);
    for (const threads of [1, 2]) {
      const pool = new WorkerPool(threads);
      try {
        for (let run = 0; run < 2; run++) {
          assert.deepEqual(await inspectDirectory(new DiskDirectory(root), inspecting(pool)), expected);
        }
      } finally {
        pool.close();
      }
    }
  }));

Deno.test("inspectDirectory() follows no link", () =>
  withDirectory({ "a.json": "{}", "b.json": { link: "a.json" } }, async (root) => {
    await assert.rejects(inspectDirectory(new DiskDirectory(root), inspecting()), {
      name: "UndecidedError",
      rule: "claim/unreadable",
    });
  }));
