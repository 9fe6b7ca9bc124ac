import assert from "node:assert/strict";
import { type DirectorySpec, json, weights } from "../make/directory.ts";
import { gguf, type MetaEntry, str } from "../make/gguf.ts";
import { formatGate } from "../../stages/2_format_gate.ts";
import { drop, shippedPolicy } from "../support/stage.ts";
import { DIRECTORIES_CLEAN } from "../vectors/directories_clean.ts";
import { GGUF_CLEAN } from "../vectors/gguf_clean.ts";
import { SAFETENSORS_CLEAN } from "../vectors/safetensors_clean.ts";

/** A legitimate artifact of any corpus, as it is dropped. */
interface Clean {
  readonly sort: string;
  readonly why: string;
  readonly name: string;
  readonly holds: () => Uint8Array | DirectorySpec;
  /** Rules that may be reported although it is in order. */
  readonly notes: readonly string[];
}

const corpus: readonly Clean[] = [
  ...GGUF_CLEAN.filter(({ kind }) => kind !== "split").map(({ sort, why, bytes, notes = [] }) => (
    { sort: `GGUF ${sort}`, why, name: "model.gguf", holds: bytes, notes }
  )),
  ...SAFETENSORS_CLEAN.map(({ sort, why, bytes }) => (
    { sort: `safetensors ${sort}`, why, name: "model.safetensors", holds: bytes, notes: [] }
  )),
  ...DIRECTORIES_CLEAN.map(({ family, why, spec, notes = [] }) => (
    { sort: `directory ${family}`, why, name: "model", holds: () => spec, notes }
  )),
  // A shard by itself is no model, so shards come as whole sets.
  ...[1, 2, 3, 12].map((count) => (
    { sort: "GGUF split set", why: `${count} shards`, name: "model", holds: () => shardSet(count), notes: [] }
  )),
  ...clean("names of any case", "MODEL.GGUF", () => gguf({ kv: [["general.architecture", str("llama")]] })),
  ...clean("names of any case", "Model.SafeTensors", () => weights("w")),
];

function clean(sort: string, name: string, holds: () => Uint8Array): Clean[] {
  return [{ sort, why: name, name, holds, notes: [] }];
}

/** Shards as `llama-gguf-split` writes them, the first with metadata only, beside the licence they came with. */
function shardSet(count: number): DirectorySpec {
  const files = Array.from({ length: count }, (_, i): [string, Uint8Array] => {
    const [number, all] = [i + 1, count].map((n) => String(n).padStart(5, "0"));
    const split: readonly MetaEntry[] = [
      ["split.no", { type: "UINT16", value: i }],
      ["split.count", { type: "UINT16", value: count }],
      ["split.tensors.count", { type: "INT32", value: count - 1 }],
    ];
    const kv: readonly MetaEntry[] = i === 0 ? [["general.architecture", str("llama")], ...split] : split;
    const tensors = i === 0 ? [] : [{ name: `blk.${i}.w`, dims: [8] }];
    return [`m-${number}-of-${all}.gguf`, gguf({ kv, tensors })];
  });
  return { ...Object.fromEntries(files), LICENSE: "MIT\n", "config.json": json({ model_type: "llama" }) };
}

Deno.test("the format gate refuses nothing of the clean corpus, and finds nothing but what is expected", async () => {
  const policy = shippedPolicy("standalone");
  const wrong: string[] = [];
  const noted: string[] = [];
  for (const { sort, why, name, holds, notes } of corpus) {
    const { kind, findings } = await drop(formatGate(), name, holds(), policy);
    const rules = findings.map(({ rule }) => rule);
    if (kind === "refused" || rules.some((rule) => !notes.includes(rule))) {
      wrong.push(`${sort}, ${why}: ${kind} ${rules.join(", ")}`);
    }
    if (findings.some(({ severity }) => severity === "suspicious")) {
      noted.push(`${why} (${rules.join(", ")})`);
    }
  }
  for (const [sort, items] of Map.groupBy(corpus, ({ sort }) => sort)) {
    console.log(`${String(items.length).padStart(5)}  ${sort}`);
  }
  console.log(`${corpus.length} clean artifacts, ${wrong.length} refusals`);
  console.log(`only noted on a workstation, refused by an appliance: ${noted.join(", ")}`);
  assert.deepEqual(wrong, []);
});
