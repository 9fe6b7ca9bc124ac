import type { RuleId } from "../../src/model/rules/mod.ts";
import { type DirectorySpec, json, weights } from "../make/directory.ts";
import * as make from "../make/disguise.ts";
import { arr, gguf, type MetaEntry, str, tinyLlama, u32 } from "../make/gguf.ts";
import { Random } from "../make/random.ts";
import { rawHeader, W } from "../make/safetensors.ts";
import { seededRandom, syntheticTensor } from "../measure/synthetic.ts";
import { PAYLOADS, PLAIN_GGUF } from "./disguise.ts";

/** A file or directory as it is handed to the format gate, and the rule by which it is refused. */
export interface GateVector {
  /** Row of the attack catalogue it stands for; `own` for those we added. */
  readonly row: string;
  readonly why: string;
  /** The name it is dropped under. */
  readonly name: string;
  readonly holds: () => Uint8Array | DirectorySpec;
  readonly rule: RuleId;
}

const LLAMA: MetaEntry = ["general.architecture", str("llama")];
const MIB = 2 ** 20;
const { join, overwrite, raw } = make;

const file = (row: string, why: string, name: string, rule: RuleId, holds: () => Uint8Array): GateVector => ({ row, why, name, rule, holds });
const model = (row: string, why: string, rule: RuleId, holds: () => Uint8Array) => file(row, why, "model.gguf", rule, holds);
const directory = (row: string, why: string, rule: RuleId, more: DirectorySpec): GateVector => ({ row, why, name: "model", rule, holds: () => ({ "model.safetensors": weights("w"), "config.json": json({ model_type: "llama" }), ...more }) });
const settings = (why: string, rule: RuleId, text: string) => directory("D37", why, rule, { "generation_config.json": text });
const shard = (number: number, count: number, tensor: string) => gguf({ kv: [LLAMA, ["split.no", { type: "UINT16", value: number - 1 }], ["split.count", { type: "UINT16", value: count }], ["split.tensors.count", { type: "INT32", value: 2 }]], tensors: [{ name: tensor, dims: [8] }] });

/** Names of files that only a loader of pickles or of another framework opens. */
const FOREIGN: readonly (readonly [extension: string, rule: RuleId, bytes: () => Uint8Array])[] = [
  ["bin", "disguise/denied-format", make.pytorchZip],
  ["pt", "disguise/denied-format", make.pytorchZip],
  ["pth", "disguise/denied-format", make.pytorchZip],
  ["ckpt", "disguise/denied-format", make.pytorchZip],
  ["pkl", "disguise/denied-format", () => make.pickle({ protocol: 4, by: "STACK_GLOBAL" })],
  ["joblib", "disguise/denied-format", () => make.pickle({ protocol: 3 })],
  ["npz", "disguise/npz", () => make.zip([{ name: "w.npy", data: make.npy() }])],
  ["h5", "disguise/hdf5", make.hdf5],
  ["keras", "disguise/keras-zip", () => make.zip([{ name: "config.json" }, { name: "metadata.json" }, { name: "model.weights.h5" }])],
  ["onnx", "disguise/onnx", make.onnx],
];

export const GATE_REFUSED: readonly GateVector[] = [
  model("B19", "a GGUF file with a checkpoint behind it", "disguise/polyglot", () => join(tinyLlama(), make.pytorchZip())),
  model("B20", "a GGUF file in a ZIP", "disguise/zip", () => make.zip([{ name: "model.gguf", data: PLAIN_GGUF }])),
  model("B20", "a GGUF file in gzip", "disguise/gzip", () => make.gzip(PLAIN_GGUF)),
  model("B20", "a 7z archive", "disguise/7z", make.sevenZip),
  model("B22", "a llamafile", "disguise/llamafile", () => make.llamafile(PLAIN_GGUF)),
  model("B22", "a Linux program with a model behind it", "disguise/llamafile", () => join(make.elf(), PLAIN_GGUF)),
  model("B22", "a Windows program with a model behind it", "disguise/llamafile", () => join(make.pe(), PLAIN_GGUF)),
  directory("B28", "a tensor in two shards", "gguf/split-tensor-duplicate", { "m-00001-of-00002.gguf": shard(1, 2, "w"), "m-00002-of-00002.gguf": shard(2, 2, "w") }),
  directory("B28", "shards of sets of different sizes", "gguf/split-count", { "m-00001-of-00002.gguf": shard(1, 2, "a"), "m-00002-of-00002.gguf": shard(2, 3, "b") }),
  file("C31", "a pickle", "model.safetensors", "disguise/denied-format", () => make.pickle({ protocol: 4, by: "STACK_GLOBAL" })),
  file("C31", "a ZIP", "model.safetensors", "disguise/zip", () => make.zip([{ name: "model.safetensors", data: weights("w") }])),
  ...FOREIGN.map(([extension, rule, bytes]) => file("D1", `a .${extension} file`, `model.${extension}`, rule, bytes)),
  ...["config.json.bak", "weights.dat", "model.p", "weights"].map((name) => file("D2", `a pickle called ${name}`, name, "disguise/denied-format", () => make.pickle({ protocol: 2 }))),
  directory("D4", "a checkpoint among the parts of a pipeline", "directory/pickle-weights", { "model_index.json": json({ _class_name: "StableDiffusionPipeline" }), "unet/diffusion_pytorch_model.bin": make.pytorchZip() }),
  model("D5", "a ZIP with a wrong checksum", "disguise/zip", () => make.zip([{ name: "a.txt", crc: 1, data: raw("x") }])),
  model("D5", "a ZIP that says it is encrypted", "disguise/zip", () => make.zip([{ name: "a.txt", flags: 1, data: raw("x") }])),
  model("D5", "a ZIP with two names for one entry", "disguise/zip", () => make.zip([{ name: "a.txt", localName: "b.txt", data: raw("x") }])),
  file("D19", "a pickle called tokenizer.model", "tokenizer.model", "disguise/denied-format", () => make.pickle({ protocol: 2 })),
  file("D35", "a Git LFS pointer", "model.safetensors", "disguise/git-lfs-pointer", make.lfsPointer),
  settings("a number that no double holds", "json/number-range", `{"a":1e999}`),
  settings("a third of a million values", "json/too-many-values", `[${"0,".repeat(300_000)}0]`),
  settings("a text of 5 MiB", "json/long-string", `{"a":"${"x".repeat(5 * MIB)}"}`),
  settings("a bare line break in a text", "json/control-character", `{"a":"\n"}`),
  settings("half a character", "json/lone-surrogate", `{"a":"\\ud83d"}`),
  directory("D37", "a tensor index of 65 MiB", "json/too-large", { "model.safetensors.index.json": `{${" ".repeat(65 * MIB)}` }),
  model("own", "texts of 33 MiB together", "gguf/metadata-size", () => gguf({ kv: ["a", "b", "c"].map((key) => [key, str("t".repeat(11 * MIB))]) })),
  file("own", "a header above what loaders read", "model.safetensors", "safetensors/header-limit", () => rawHeader(new Uint8Array(100_000_001).fill(0x20))),
  file("own", "a file that no format claims", "model.xyz", "disguise/format-not-allowed", () => raw("what is this")),
  model("own", "a tail made of endless beginnings", "disguise/candidate-flood", () => join(PLAIN_GGUF, raw("PK\x03\x04".repeat(20_000)), new Uint8Array(100))),
  ...PAYLOADS.map(([why, bytes, rule]) => model("own", `${why} behind the last tensor`, rule, () => join(PLAIN_GGUF, new Uint8Array(70_000).fill(0x61), bytes))),
];

/** Rows of the catalogue that are no attack on us and must pass, each by the gate. */
export const GATE_PASSES: readonly Omit<GateVector, "rule">[] = [
  { row: "B32", why: "60,000 tensors", name: "model.gguf", holds: () => manyTensors(60_000) },
  { row: "C26", why: "a tensor named __proto__", name: "model.safetensors", holds: () => rawHeader(`{"__proto__":${W}}`, new Uint8Array(1)) },
  { row: "C26", why: "a tensor named constructor", name: "model.safetensors", holds: () => rawHeader(`{"constructor":${W}}`, new Uint8Array(1)) },
];

export function manyTensors(count: number): Uint8Array<ArrayBuffer> {
  return gguf({ kv: [LLAMA], tensors: Array.from({ length: count }, (_, i) => ({ name: `t.${i}`, dims: [8] })) });
}

/** What stage 5 must find in files that the format gate rightly passes. */
export const SCAN_FOUND: readonly GateVector[] = [
  model("A31", "a template that reaches for the interpreter, behind 151,936 tokens", "template/object-walk", () => gguf({ kv: [LLAMA, ["tokenizer.ggml.tokens", arr("STRING", Array.from({ length: 151_936 }, (_, i) => `tok${i}`))], ["tokenizer.chat_template", str(HOSTILE_TEMPLATE)]] })),
  model("A10", "a hostile template behind a key of 2,000 letters", "template/object-walk", () => gguf({ kv: [LLAMA, ["a".repeat(2000), u32(1)], ["tokenizer.chat_template", str(HOSTILE_TEMPLATE)]] })),
  model("A32", "a hostile template for tools", "template/object-walk", () => gguf({ kv: [LLAMA, ["tokenizer.chat_template", str("{{ messages }}")], ["tokenizer.chat_template.tool_use", str(HOSTILE_TEMPLATE)]] })),
  model("A32", "a hostile template in a list", "template/object-walk", () => gguf({ kv: [LLAMA, ["tokenizer.chat_templates", arr("STRING", ["{{ messages }}", HOSTILE_TEMPLATE])]] })),
  model("B23", "one weight that is no number", "measure/not-a-number", () => matrix("F32", (bytes) => overwrite(bytes, 4096, FLOAT_NAN))),
  model("B23", "one scale that is no number", "measure/special-scale", () => matrix("Q8_0", (bytes) => overwrite(bytes, 34 * 77, HALF_NAN))),
  model("B25", "text in the lowest bits", "measure/low-bits-text", () => matrix("F32", (bytes) => withText(bytes))),
  model("B26", "random bytes for a tensor", "measure/special-scale", () => matrix("Q8_0", (bytes) => new Random(5).bytes(bytes.byteLength))),
  model("B26", "one block over and over", "measure/repeated-blocks", () => matrix("Q8_0", (bytes) => bytes.map((_, i) => bytes[i % 34] ?? 0))),
  ...PAYLOADS.map(([why, payload, rule]) => model("own", `${why} among the weights`, rule, () => matrix("F32", (bytes) => overwrite(bytes, 70_003, payload)))),
];

const HOSTILE_TEMPLATE = "{{ ''.__class__.__mro__ }}";
const FLOAT_NAN = Uint8Array.of(0, 0, 0xc0, 0x7f);
const HALF_NAN = Uint8Array.of(0, 0x7e);

/** A model of one matrix of plausible weights, changed. */
function matrix(type: "F32" | "Q8_0", change: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const data = change(syntheticTensor(type, 512 * 512, seededRandom(3)));
  return gguf({ kv: [LLAMA], tensors: [{ name: "blk.0.ffn_up.weight", type, dims: [512, 512], data }] });
}

function withText(floats: Uint8Array): Uint8Array {
  const text = raw("the quick brown fox jumps over the lazy dog. ");
  return floats.map((byte, i) => i % 4 === 0 ? text[i / 4 % text.byteLength] ?? 0 : byte);
}
