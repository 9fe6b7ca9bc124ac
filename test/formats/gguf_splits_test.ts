import assert from "node:assert/strict";
import { checkSplitSet, parseGguf, type Shard } from "../../src/formats/gguf.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import type { RuleId } from "../../src/model/rules/mod.ts";
import { gguf, type MetaEntry, str } from "../make/gguf.ts";

interface ShardInput {
  readonly name?: string;
  readonly no?: number;
  readonly count?: number;
  readonly total?: number;
  readonly tensors?: readonly string[];
}

/** Shard `number` (from 1) of three; by default all is right and the first holds metadata only. */
function shard(number: number, input: ShardInput = {}): Shard {
  const { no = number - 1, count = 3, total = 3, tensors = [[], ["a"], ["b", "c"]][number - 1] ?? [] } =
    input;
  const split: readonly MetaEntry[] = count === 0 ? [] : [
    ["split.no", { type: "UINT16", value: no }],
    ["split.count", { type: "UINT16", value: count }],
    ["split.tensors.count", { type: "INT32", value: total }],
  ];
  const bytes = gguf({
    kv: [...(number === 1 ? [["general.architecture", str("llama")] as const] : []), ...split],
    tensors: tensors.map((name) => ({ name, dims: [8] })),
  });
  return { name: input.name ?? `m-0000${number}-of-00003.gguf`, file: parseGguf(new MemorySource(bytes)) };
}

const good: [why: string, shards: () => readonly Shard[]][] = [
  ["three shards, the first without tensors", () => [shard(1), shard(2), shard(3)]],
  ["shards in any order", () => [shard(3), shard(1), shard(2)]],
  ["a set of one", () => [shard(1, { name: "m-00001-of-00001.gguf", count: 1, total: 1, tensors: ["a"] })]],
];
for (const [why, shards] of good) {
  Deno.test(`checkSplitSet() accepts ${why}`, () => checkSplitSet(shards()));
}

const refused: [why: string, shards: () => readonly Shard[], rule: RuleId][] = [
  ["no shards", () => [], "gguf/split-missing"],
  ["a missing shard", () => [shard(1), shard(3)], "gguf/split-missing"],
  ["the same shard twice", () => [shard(1), shard(2), shard(2), shard(3)], "gguf/split-number"],
  ["a name without numbers", () => [shard(1), shard(2), shard(3, { name: "m.gguf" })], "gguf/split-name"],
  [
    "a shard of another model",
    () => [shard(1), shard(2), shard(3, { name: "n-00003-of-00003.gguf" })],
    "gguf/split-name",
  ],
  [
    "a number that is not that of the name",
    () => [shard(1), shard(2, { no: 2 }), shard(3)],
    "gguf/split-number",
  ],
  [
    "a count that is not that of the name",
    () => [shard(1), shard(2, { count: 4 }), shard(3)],
    "gguf/split-count",
  ],
  [
    "names with different counts",
    () => [shard(1), shard(2, { name: "m-00002-of-00004.gguf" }), shard(3)],
    "gguf/split-count",
  ],
  ["a shard that says it is none", () => [shard(1), shard(2), shard(3, { count: 0 })], "gguf/split-count"],
  [
    "a tensor in two shards",
    () => [shard(1), shard(2), shard(3, { tensors: ["a", "c"] })],
    "gguf/split-tensor-duplicate",
  ],
  ["a total that is too large", () => [shard(1, { total: 4 }), shard(2), shard(3)], "gguf/split-count"],
  [
    "a name beginning with shard 0",
    () => [shard(1, { name: "m-00000-of-00003.gguf" }), shard(2), shard(3)],
    "gguf/split-number",
  ],
];
for (const [why, shards, rule] of refused) {
  Deno.test(`checkSplitSet() refuses ${why} (B28)`, () => {
    const made = shards();
    assert.throws(() => checkSplitSet(made), (error) => error instanceof FormatError && error.rule === rule);
  });
}
