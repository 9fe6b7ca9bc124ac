import { GGML_TYPES, type GgmlTypeName } from "../../src/formats/ggml_types.ts";
import type { GgufKind } from "../../src/formats/gguf.ts";
import { arr, bool, f32, gguf, type MetaEntry, speakingModel, str, tinyLlama, u32 } from "../make/gguf.ts";

/** A legitimate file, often one that naive rules refuse: no refusal, no finding but those named. */
export interface CleanGguf {
  readonly sort: "type" | "layout" | "vocabulary" | "metadata" | "architecture" | "kind" | "whole model";
  readonly why: string;
  readonly bytes: () => Uint8Array;
  readonly kind: GgufKind;
  /** Rules that may be reported although the file is in order. */
  readonly notes?: readonly string[];
}

const LLAMA: MetaEntry = ["general.architecture", str("llama")];
const w = { name: "w", dims: [8] };
const u16 = (value: number) => ({ type: "UINT16", value }) as const;
const model = (sort: CleanGguf["sort"], why: string, bytes: () => Uint8Array): CleanGguf => ({ sort, why, bytes, kind: "model" });
const metadata = (why: string, ...kv: MetaEntry[]) => model("metadata", why, () => gguf({ kv: [LLAMA, ...kv], tensors: [w] }));
const architecture = (name: string, tensors: readonly string[], ...kv: readonly (readonly [string, MetaEntry[1]])[]) =>
  model("architecture", name, () =>
    gguf({
      kv: [["general.architecture", str(name)], ...kv.map(([key, value]) => [`${name}.${key}`, value] as const)],
      tensors: tensors.map((tensor) => ({ name: tensor, dims: [8] })),
    }));

export const GGUF_CLEAN: readonly CleanGguf[] = [
  ...GGML_TYPES.map(({ name }): CleanGguf => ({
    ...model("type", name, () => gguf({ kv: [LLAMA], tensors: [{ name: "w", type: name as GgmlTypeName, dims: [256, 3] }] })),
    ...(name === "Q8_1" || name === "Q8_K" ? { notes: ["gguf/intermediate-type"] } : {}),
  })),
  ...[8, 16, 32, 64, 256, 4096, 65_536].flatMap((alignment) => [2, 3].map((version) =>
    model("layout", `version ${version}, alignment ${alignment}`, () => gguf({ version, alignment, kv: [LLAMA], tensors: [w, { name: "b", dims: [3] }, { name: "c", dims: [1] }] }))
  )),
  model("layout", "a last tensor without padding", () => gguf({ kv: [LLAMA], tensors: [w, { name: "b", dims: [3] }], lastTensor: "bare" })),
  model("layout", "a rank of zero, one to four dimensions", () => gguf({ kv: [LLAMA], tensors: [[], [2], [2, 3], [2, 3, 4], [2, 3, 4, 5]].map((dims, i) => ({ name: `t${i}`, dims })) })),
  model("layout", "a tensor name of 63 bytes", () => gguf({ kv: [LLAMA], tensors: [{ name: "n".repeat(63), dims: [8] }] })),
  model("layout", "a thousand tensors with odd sizes", () => gguf({ kv: [LLAMA], tensors: Array.from({ length: 1000 }, (_, i) => ({ name: `t.${i}`, dims: [i % 37 + 1] })) })),
  { sort: "vocabulary", why: "no tensors, no padding", bytes: () => vocabularyFile(1000, 0), kind: "vocabulary" },
  { sort: "vocabulary", why: "151,936 tokens, 151,387 merges, template last", bytes: () => vocabularyFile(151_936, 151_387), kind: "vocabulary" },
  { sort: "vocabulary", why: "262,144 tokens, 514,906 merges, template last", bytes: () => vocabularyFile(262_144, 514_906), kind: "vocabulary" },
  { sort: "vocabulary", why: "header padded to the alignment", bytes: () => padded(vocabularyFile(10, 0)), kind: "vocabulary" },
  metadata("a key of 2,000 letters before the template", ["a".repeat(2000), u32(1)], ["tokenizer.chat_template", str("{{ messages }}")]),
  metadata("tokens that are bytes, markup, links and secrets", ["tokenizer.ggml.tokens", arr("STRING", [
    Uint8Array.of(0xff, 0xfe), "\0", "https://example.org/?q=1", "<script>alert(1)</script>", "AKIAIOSFODNN7EXAMPLE", "os.system", "",
  ])]),
  metadata("every type of value", ...everyType()),
  metadata("empty arrays", ["a", arr("STRING", [])], ["b", arr("UINT8", [])], ["tokenizer.ggml.merges", arr("STRING", [])]),
  metadata("an array of booleans", ["llama.attention.sliding_window_pattern", arr("BOOL", [true, false, true])]),
  metadata("heads per layer, some without attention", ["llama.attention.head_count", arr("INT32", [32, 0, 32])], ["llama.attention.head_count_kv", arr("INT32", [8, 0, 8])], ["llama.feed_forward_length", arr("INT32", [64, 0, 64])]),
  metadata("named templates in capitals", ["tokenizer.chat_template.Tool_Use", str("{{ messages }}")], ["tokenizer.chat_templates", arr("STRING", ["Tool_Use"])]),
  metadata("the shape of an image model's tensor", ["comfy.gguf.orig_shape.conv_in.weight", arr("INT32", [320, 4, 3, 3])]),
  metadata("paths, shell characters and code in texts", ["quantize.imatrix.file", str("/models/a b/imatrix.dat")], ["tokenizer.chat_template", str("{% set ns = namespace(x=1) %}`a`|tojson; $(x)\n\t")]),
  metadata("no tokenizer", ["tokenizer.ggml.model", str("none")], ["llama.vocab_size", u32(1000)]),
  metadata("token types beside tokens only", ["tokenizer.ggml.tokens", arr("STRING", ["a", "<0x0a>"])], ["tokenizer.ggml.token_type", arr("INT32", [1, 6])]),
  metadata("ids of many widths", ["tokenizer.ggml.tokens", arr("STRING", ["a", "b"])], ["tokenizer.ggml.eos_token_id", { type: "UINT64", value: 1n }], ["tokenizer.ggml.bos_token_id", { type: "INT32", value: 0 }]),
  metadata("a character map", ["tokenizer.ggml.precompiled_charsmap", arr("UINT8", [0, 180, 2, 0])]),
  metadata("an extreme but finite number", ["llama.rope.freq_base", f32(1e9)], ["llama.attention.scale", f32(-Infinity)]),
  metadata("the remains of a merged split", ["split.no", u16(0)], ["split.count", u16(0)], ["split.tensors.count", { type: "INT32", value: 1 }]),
  { ...metadata("a padding token that finetunes left outside", ["tokenizer.ggml.tokens", arr("STRING", ["a"])], ["tokenizer.ggml.padding_token_id", u32(32_000)]), notes: ["gguf/special-token-id"] },
  { ...metadata("a name in an older encoding", ["general.author", str(Uint8Array.of(0x4a, 0x6f, 0x73, 0xe9))]), notes: ["gguf/text-encoding"] },
  architecture("mamba", ["blk.0.ssm_in.weight"], ["attention.head_count", u32(0)], ["feed_forward_length", u32(0)], ["block_count", u32(1)]),
  architecture("rwkv6", ["blk.0.time_mix_key.weight"], ["attention.head_count", u32(0)], ["block_count", u32(1)]),
  architecture("zamba", ["blk.0.attn_q.weight"], ["attention.head_count", u32(8)], ["rope.dimension_count", u32(0)]),
  architecture("nomic-bert-moe", ["blk.0.attn_qkv.weight"], ["attention.head_count", u32(12)], ["attention.causal", bool(false)]),
  architecture("gpt-oss", ["blk.0.attn_sinks"], ["attention.head_count", u32(64)], ["expert_count", u32(32)]),
  architecture("t5", ["enc.blk.0.attn_q.weight", "dec.blk.0.attn_q.weight"], ["block_count", u32(1)], ["decoder_block_count", u32(1)]),
  { sort: "kind", why: "mmproj", bytes: () => gguf({ kv: [["general.architecture", str("clip")], ["clip.has_vision_encoder", bool(true)], ["clip.vision.patch_size", u32(14)], ["clip.vision.image_mean", arr("FLOAT32", [0.5, 0.5, 0.5])]], tensors: [{ name: "v.patch_embd.weight", type: "F16", dims: [14, 14, 3, 8] }] }), kind: "mmproj" },
  { sort: "kind", why: "LoRA", bytes: () => gguf({ kv: [LLAMA, ["general.type", str("adapter")], ["adapter.type", str("lora")], ["adapter.lora.alpha", f32(16)]], tensors: [{ name: "blk.0.attn_q.weight.lora_a", dims: [8, 4] }] }), kind: "lora", notes: ["gguf/not-a-model"] },
  { sort: "kind", why: "control vector", bytes: () => gguf({ kv: [["general.architecture", str("controlvector")], ["controlvector.model_hint", str("llama")], ["controlvector.layer_count", { type: "INT32", value: 1 }]], tensors: [{ name: "direction.1", dims: [64] }] }), kind: "control-vector", notes: ["gguf/not-a-model"] },
  { sort: "kind", why: "imatrix", bytes: () => gguf({ kv: [["general.type", str("imatrix")], ["imatrix.datasets", arr("STRING", ["wiki.txt"])], ["imatrix.chunk_count", u32(10)], ["imatrix.chunk_size", u32(512)]], tensors: [{ name: "blk.0.attn_q.weight.in_sum2", dims: [64] }, { name: "blk.0.attn_q.weight.counts", dims: [1] }] }), kind: "imatrix", notes: ["gguf/not-a-model"] },
  { sort: "kind", why: "first shard with metadata only", bytes: () => gguf({ kv: [LLAMA, ["split.no", u16(0)], ["split.count", u16(3)], ["split.tensors.count", { type: "INT32", value: 9 }]] }), kind: "split" },
  { sort: "kind", why: "later shard without an architecture", bytes: () => gguf({ kv: [["split.no", u16(2)], ["split.count", u16(3)], ["split.tensors.count", { type: "INT32", value: 9 }]], tensors: [w] }), kind: "split" },
  model("whole model", "tiny llama", () => tinyLlama()),
  model("whole model", "tiny llama, version 2, alignment 64", () => tinyLlama({ file: { version: 2, alignment: 64 } })),
  model("whole model", "tiny llama without a template", () => tinyLlama({ template: null })),
  model("whole model", "tiny llama of three layers", () => tinyLlama({ layers: 3, embeddingLength: 32 })),
  model("whole model", "a model that speaks", () => speakingModel(["I cannot help with that."])),
];

/** A vocabulary-only file whose chat template comes after everything else. */
export function vocabularyFile(tokens: number, merges: number): Uint8Array<ArrayBuffer> {
  return gguf({
    kv: [
      LLAMA,
      ["tokenizer.ggml.model", str("gpt2")],
      ["tokenizer.ggml.tokens", arr("STRING", Array.from({ length: tokens }, (_, i) => `\u0120tok${i}`))],
      ["tokenizer.ggml.scores", arr("FLOAT32", Array.from({ length: tokens }, (_, i) => -i))],
      ["tokenizer.ggml.token_type", arr("INT32", Array.from({ length: tokens }, () => 1))],
      ["tokenizer.ggml.merges", arr("STRING", Array.from({ length: merges }, (_, i) => `\u0120m ${i}`))],
      ["tokenizer.ggml.eos_token_id", u32(tokens - 1)],
      ["tokenizer.chat_template", str("{{ messages[0].content }}")],
    ],
  });
}

function padded(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(Math.ceil(bytes.byteLength / 32) * 32);
  larger.set(bytes);
  return larger;
}

function everyType(): readonly MetaEntry[] {
  const scalars: readonly MetaEntry[] = [
    ["x.u8", { type: "UINT8", value: 255 }],
    ["x.i8", { type: "INT8", value: -128 }],
    ["x.u16", { type: "UINT16", value: 65_535 }],
    ["x.i16", { type: "INT16", value: -32_768 }],
    ["x.u32", { type: "UINT32", value: 2 ** 32 - 1 }],
    ["x.i32", { type: "INT32", value: -(2 ** 31) }],
    ["x.f32", { type: "FLOAT32", value: 0.5 }],
    ["x.bool", { type: "BOOL", value: true }],
    ["x.string", { type: "STRING", value: "\u00e9\u4e16" }],
    ["x.u64", { type: "UINT64", value: 2n ** 64n - 1n }],
    ["x.i64", { type: "INT64", value: -(2n ** 63n) }],
    ["x.f64", { type: "FLOAT64", value: Math.PI }],
  ];
  const arrays = scalars.map(([key, value]): MetaEntry => {
    if (typeof key !== "string" || !("value" in value)) throw new TypeError("Cannot make an array of that");
    return [`${key}.array`, arr(value.type, [value.value, value.value])];
  });
  return [...scalars, ...arrays];
}
