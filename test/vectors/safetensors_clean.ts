import { DTYPE_BITS } from "../../src/formats/safetensors/dtypes.ts";
import { at, F32, rawHeader, safetensors, type TensorSpec, U8, W } from "../make/safetensors.ts";
import { emptyTensors, many } from "./safetensors.ts";

/** A legitimate file, often one that naive rules refuse: no refusal, no finding at all. */
export interface CleanSafetensors {
  readonly sort: "dtype" | "layout" | "header" | "metadata" | "names" | "model";
  readonly why: string;
  readonly bytes: () => Uint8Array;
}

const MIB = 1024 * 1024;
const clean = (sort: CleanSafetensors["sort"], why: string, bytes: () => Uint8Array): CleanSafetensors => ({ sort, why, bytes });
const header = (why: string, text: string, dataBytes = 1) => clean("header", why, () => rawHeader(text, new Uint8Array(dataBytes)));
const metadata = (why: string, texts: Record<string, string>) => clean("metadata", why, () => safetensors({ w: F32(4) }, { metadata: texts }));
const of = (dtype: string, ...shape: number[]): TensorSpec => ({ dtype, shape });

export const SAFETENSORS_CLEAN: readonly CleanSafetensors[] = [
  ...[...DTYPE_BITS.keys()].map((dtype) => clean("dtype", dtype, () => safetensors({ w: of(dtype, 8, 3), b: of(dtype, 4), none: of(dtype, 0) }))),
  clean("dtype", "a mixture", () => safetensors({ w: of("F4", 64, 32), scale: of("F8_E8M0", 64, 1), zero: of("F6_E3M2", 4), norm: of("BF16", 64), ids: of("I64", 7), mask: of("BOOL", 3) })),
  clean("layout", "no tensor", () => safetensors({})),
  clean("layout", "no tensor, metadata only", () => safetensors({}, { metadata: { format: "pt" } })),
  clean("layout", "rank 0", () => safetensors({ logit_scale: F32(), w: F32(4) })),
  clean("layout", "rank 64", () => safetensors({ w: U8(...Array<number>(64).fill(1)) })),
  clean("layout", "tensors without a value in front, between and behind", () => safetensors({ a: F32(0), b: F32(4), c: F32(0, 7), d: F32(2), e: F32(3, 0) })),
  clean("layout", "only tensors without a value", () => safetensors({ a: F32(0), b: F32(0), c: F32(0) })),
  clean("layout", "a zero before a huge dimension", () => safetensors({ a: U8(0, 2 ** 40, 2 ** 40) })),
  clean("layout", "listed backwards", () => safetensors({ c: at(20, 24), b: at(3, 20), a: at(0, 3) })),
  clean("layout", "odd sizes, nothing aligned", () => safetensors({ a: U8(3), b: F32(1), c: U8(1), d: of("F64", 2) })),
  clean("layout", "a thousand tensors shuffled", () => safetensors(many(1000, (i) => at(i * 7919 % 1000 * 4, i * 7919 % 1000 * 4 + 4)))),
  header("fields in any order", `{"w":{"data_offsets":[0,1],"shape":[1],"dtype":"U8"}}`),
  header("metadata last", `{"w":${W},"__metadata__":{"format":"pt"}}`),
  header("metadata between", `{"w":${W},"__metadata__":{"format":"pt"},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}`),
  header("spaces around everything", `{ "w" : { "dtype" : "U8" , "shape" : [ 1 ] , "data_offsets" : [ 0 , 1 ] } }`),
  header("written for people", JSON.stringify({ __metadata__: { format: "pt" }, w: JSON.parse(W) }, null, 2)),
  header("escaped names of fields and tensors", `{"w\\u002e1":{"\\u0064type":"\\u00558","shape":[1],"data_offsets":[0,1]}}`),
  ...[1, 7, 8, 4096, MIB].map((padding) => clean("header", `${padding} spaces of padding`, () => safetensors({ w: F32(4) }, { padding }))),
  metadata("empty", {}),
  metadata("the format", { format: "pt" }),
  metadata("an empty key and text", { "": "" }),
  metadata("training metadata of an adapter, 300 KiB", { ss_tag_frequency: JSON.stringify(tags(12_000)), ss_base_model_version: "sdxl_base_v1-0", ss_learning_rate: "0.0001", sshs_model_hash: "0".repeat(64) }),
  metadata("a workflow as JSON", { prompt: JSON.stringify({ 3: { class_type: "KSampler", inputs: { seed: 156680208700286, cfg: 8.0 } } }), workflow: "{}" }),
  metadata("links, markup and code", { "modelspec.thumbnail": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==", "modelspec.description": "<a href='https://example.org'>1girl</a>\n\tos.system; rm -rf" }),
  metadata("many languages", { "modelspec.title": "模型 – модель – نموذج – 🤖", "训练": "已完成" }),
  metadata("a key like a method of objects", { __proto__x: "1", constructor: "2", toString: "3" }),
  clean("metadata", "__proto__ as key", () => rawHeader(`{"__metadata__":{"__proto__":"x"}}`)),
  clean("metadata", "exactly 1 MiB", () => safetensors({ w: F32(4) }, { metadata: { a: "x".repeat(MIB - 1) } })),
  clean("names", "like methods and prototypes of objects", () => rawHeader(`{"__proto__":${W},"constructor":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"hasOwnProperty":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, new Uint8Array(1))),
  clean("names", "empty", () => safetensors({ "": F32(4) })),
  clean("names", "long, with spaces, slashes and letters of any language", () => safetensors({ ["layer.".repeat(200)]: F32(1), "a b/c\\d\"e": F32(1), "слой.重み.🤖": F32(1) })),
  clean("names", "that differ only in how a letter is composed", () => safetensors({ "caf\u00e9": F32(1), "cafe\u0301": F32(1) })),
  clean("model", "tied embeddings, a language model of 291 tensors", () => safetensors(languageModel(32), { metadata: { format: "pt" }, padding: 5 })),
  clean("model", "an adapter over every expert, 138,240 tensors", () => safetensors(adapter(60, 384))),
  clean("model", "65,536 empty tensors", () => emptyTensors(65_536)),
];

function tags(count: number): Record<string, Record<string, number>> {
  return { "10_style": Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag number ${i}`, i])) };
}

function languageModel(layers: number): Record<string, TensorSpec> {
  const bf16 = (...shape: number[]) => of("BF16", ...shape);
  const tensors: Record<string, TensorSpec> = { "model.embed_tokens.weight": bf16(64, 8) };
  for (let i = 0; i < layers; i++) {
    for (const part of ["q_proj", "k_proj", "v_proj", "o_proj"]) tensors[`model.layers.${i}.self_attn.${part}.weight`] = bf16(8, 8);
    for (const part of ["gate_proj", "up_proj", "down_proj"]) tensors[`model.layers.${i}.mlp.${part}.weight`] = bf16(8, 8);
    for (const part of ["input_layernorm", "post_attention_layernorm"]) tensors[`model.layers.${i}.${part}.weight`] = bf16(8);
  }
  return { ...tensors, "model.norm.weight": bf16(8), "lm_head.bias": bf16(64) };
}

function adapter(layers: number, experts: number): Record<string, TensorSpec> {
  const tensors: Record<string, TensorSpec> = {};
  for (let i = 0; i < layers; i++) {
    for (let e = 0; e < experts; e++) {
      for (const part of ["gate_proj", "up_proj", "down_proj"]) {
        for (const side of ["A", "B"]) tensors[`base_model.model.model.layers.${i}.mlp.experts.${e}.${part}.lora_${side}.weight`] = of("BF16", 1, 2);
      }
    }
  }
  return tensors;
}
