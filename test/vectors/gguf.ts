import type { RuleId } from "../../src/model/rules/mod.ts";
import { arr, f32, gguf, type GgufInput, type MetaEntry, str, tinyLlama, u32 } from "../make/gguf.ts";

/** A hostile or broken GGUF file and the rule that must name what is wrong with it. */
export interface GgufVector {
  /** Row of the attack catalogue it stands for; `own` for those we added. */
  readonly row: string;
  readonly why: string;
  readonly bytes: () => Uint8Array;
  readonly rule: RuleId;
}

const ARCHITECTURE: MetaEntry = ["general.architecture", str("llama")];
const U64_MAX = 2n ** 64n - 1n;

const tensor = (name: string, more: object = {}) => ({ name, dims: [8], ...more });
const one = (more: object, file: GgufInput = {}) => () =>
  gguf({ kv: [ARCHITECTURE], tensors: [{ name: "w", dims: [8], ...more }], ...file });
const two = (more: object, file: GgufInput = {}) => () =>
  gguf({ kv: [ARCHITECTURE], tensors: [tensor("a"), { ...tensor("b"), ...more }], ...file });
const meta = (...kv: MetaEntry[]) => () => gguf({ kv: [ARCHITECTURE, ...kv] });
const raw = (typeId: number, bytes: Uint8Array = new Uint8Array(8)) => ({ typeId, bytes });
const vocabulary = (...kv: MetaEntry[]) => meta(["tokenizer.ggml.tokens", arr("STRING", ["a", "b", "c"])], ...kv);
const text = (content: string) => new TextEncoder().encode(content);
const first = (length: number, bytes = gguf({ kv: [ARCHITECTURE] })) => () => bytes.slice(0, length);

/** Structure: `parseGguf()` throws. */
export const GGUF_REFUSED: readonly GgufVector[] = [
  { row: "A1", why: "another magic", bytes: () => gguf({ magic: "FUGG" }), rule: "gguf/magic" },
  { row: "A2", why: "a file of four bytes", bytes: first(4), rule: "gguf/truncated" },
  { row: "A2", why: "an empty file", bytes: first(0), rule: "gguf/truncated" },
  { row: "own", why: "version 0", bytes: () => gguf({ version: 0 }), rule: "gguf/version" },
  { row: "own", why: "version 1", bytes: () => gguf({ version: 1 }), rule: "gguf/version" },
  { row: "own", why: "version 4", bytes: () => gguf({ version: 4 }), rule: "gguf/version" },
  { row: "A4", why: "a big-endian file", bytes: () => gguf({ byteOrder: "big", kv: [ARCHITECTURE] }), rule: "gguf/big-endian" },
  { row: "A5", why: "2^64-1 tensors", bytes: () => gguf({ tensorCount: U64_MAX }), rule: "gguf/count" },
  { row: "own", why: "more tensors than there are bytes", bytes: () => gguf({ tensorCount: 2n }), rule: "gguf/truncated" },
  { row: "A7", why: "2^63+1 keys", bytes: () => gguf({ kvCount: 2n ** 63n + 1n }), rule: "gguf/count" },
  { row: "A7", why: "more keys than there are bytes", bytes: () => gguf({ kvCount: 9n }), rule: "gguf/truncated" },
  { row: "A8", why: "a key of 2^64-1 bytes", bytes: keyOfLength(U64_MAX), rule: "gguf/length" },
  { row: "A8", why: "a key of 2^63 bytes", bytes: keyOfLength(2n ** 63n), rule: "gguf/length" },
  { row: "A8", why: "a key longer than the file", bytes: keyOfLength(60_000n), rule: "gguf/truncated" },
  { row: "own", why: "a text longer than the file", bytes: meta(["general.name", { type: "STRING", value: "x", length: 99n }]), rule: "gguf/truncated" },
  { row: "own", why: "a text of 2^64-1 bytes", bytes: meta(["general.name", { type: "STRING", value: "x", length: U64_MAX }]), rule: "gguf/length" },
  { row: "A10", why: "a key of 65,536 bytes", bytes: meta(["a".repeat(65_536), u32(1)]), rule: "gguf/length" },
  { row: "A11", why: "a key with a zero-width space", bytes: meta(["tokenizer.chat_template\u200b", str("x")]), rule: "gguf/key-form" },
  { row: "A11", why: "a key in capitals", bytes: meta(["General.Name", str("x")]), rule: "gguf/key-form" },
  { row: "A11", why: "a key with a line break", bytes: meta(["general.\nname", str("x")]), rule: "gguf/key-form" },
  { row: "A11", why: "a key that is not UTF-8", bytes: meta([Uint8Array.of(0x61, 0xff), str("x")]), rule: "gguf/key-form" },
  { row: "A11", why: "an empty key", bytes: meta(["", str("x")]), rule: "gguf/key-form" },
  { row: "own", why: "a key twice", bytes: meta(["general.name", str("a")], ["general.name", str("b")]), rule: "gguf/key-duplicate" },
  { row: "A13", why: "a NUL in a key", bytes: meta(["a\0b", u32(1)]), rule: "gguf/key-form" },
  { row: "A13", why: "a NUL in a tensor name", bytes: one({ name: "a\0b" }), rule: "gguf/tensor-name" },
  { row: "A13", why: "a NUL in a text", bytes: meta(["general.name", str("a\0b")]), rule: "gguf/text-nul" },
  { row: "A14", why: "value type 13", bytes: meta(["a", raw(13)]), rule: "gguf/value-type" },
  { row: "A14", why: "value type 2^32-1", bytes: meta(["a", raw(0xffff_ffff)]), rule: "gguf/value-type" },
  { row: "own", why: "an array of type 13", bytes: meta(["a", raw(9, Uint8Array.of(13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))]), rule: "gguf/value-type" },
  { row: "A16", why: "an array of arrays", bytes: nested(1), rule: "gguf/array-nested" },
  { row: "A16", why: "arrays nested 100,000 deep", bytes: nested(100_000), rule: "gguf/array-nested" },
  { row: "A17", why: "an array of 2^40 in a small file", bytes: meta(["a", { type: "ARRAY", elementType: "UINT8", items: [], count: 2n ** 40n }]), rule: "gguf/count" },
  { row: "A17", why: "an array of more texts than there are bytes", bytes: meta(["a", { type: "ARRAY", elementType: "STRING", items: [], count: 4000n }]), rule: "gguf/truncated" },
  { row: "own", why: "an array text longer than the file", bytes: () => endsWithLength(meta(["a", arr("STRING", [""])])(), 2n ** 20n), rule: "gguf/truncated" },
  { row: "A19", why: "a boolean of 7", bytes: meta(["a", { type: "BOOL", value: 7 }]), rule: "gguf/bool" },
  { row: "A19", why: "a boolean of 2 in an array", bytes: meta(["a", arr("BOOL", [1, 0, 2])]), rule: "gguf/bool" },
  { row: "A20", why: "alignment 0", bytes: meta(["general.alignment", u32(0)]), rule: "gguf/alignment" },
  { row: "A20", why: "alignment 13", bytes: meta(["general.alignment", u32(13)]), rule: "gguf/alignment" },
  { row: "A20", why: "alignment 4", bytes: meta(["general.alignment", u32(4)]), rule: "gguf/alignment" },
  { row: "own", why: "an alignment of another type", bytes: meta(["general.alignment", { type: "UINT64", value: 32 }]), rule: "gguf/key-type" },
  { row: "A22", why: "alignment 0x80000000", bytes: meta(["general.alignment", u32(0x8000_0000)]), rule: "gguf/alignment" },
  { row: "A22", why: "alignment 131,072", bytes: meta(["general.alignment", u32(131_072)]), rule: "gguf/alignment" },
  { row: "A23", why: "scores of one byte each", bytes: vocabulary(["tokenizer.ggml.scores", arr("UINT8", [0, 0, 0])]), rule: "gguf/key-type" },
  { row: "A23", why: "token types of one byte each", bytes: vocabulary(["tokenizer.ggml.token_type", arr("UINT8", [1, 1, 1])]), rule: "gguf/key-type" },
  { row: "A23", why: "tokens that are numbers", bytes: meta(["tokenizer.ggml.tokens", arr("UINT32", [1, 2])]), rule: "gguf/key-type" },
  { row: "A23", why: "an end token that is a text", bytes: vocabulary(["tokenizer.ggml.eos_token_id", str("2")]), rule: "gguf/key-type" },
  { row: "A23", why: "a layer count that is a fraction", bytes: meta(["llama.block_count", f32(1.5)]), rule: "gguf/key-type" },
  { row: "A23", why: "a chat template that is a number", bytes: meta(["tokenizer.chat_template", u32(1)]), rule: "gguf/key-type" },
  { row: "own", why: "fewer scores than tokens", bytes: vocabulary(["tokenizer.ggml.scores", arr("FLOAT32", [0, 0])]), rule: "gguf/tokenizer-length" },
  { row: "own", why: "more token types than tokens", bytes: vocabulary(["tokenizer.ggml.token_type", arr("INT32", [1, 1, 1, 1])]), rule: "gguf/tokenizer-length" },
  { row: "own", why: "257 texts that are not UTF-8", bytes: meta(...Array.from({ length: 257 }, (_, i): MetaEntry => [`x.t${i}`, str(Uint8Array.of(0xff))])), rule: "gguf/count" },
  { row: "E7", why: "a chat template of more than 1 MiB", bytes: meta(["tokenizer.chat_template", str("x".repeat(2 ** 20 + 1))]), rule: "gguf/template-size" },
  { row: "E7", why: "a listed chat template of more than 1 MiB", bytes: meta(["tokenizer.chat_templates", arr("STRING", ["x".repeat(2 ** 20 + 1)])]), rule: "gguf/template-size" },
  { row: "A32", why: "a named chat template that is not UTF-8", bytes: meta(["tokenizer.chat_template.tool_use", str(Uint8Array.of(0xff))]), rule: "gguf/template-encoding" },
  { row: "A32", why: "a NUL in a listed chat template", bytes: meta(["tokenizer.chat_templates", arr("STRING", ["a\0b"])]), rule: "gguf/text-nul" },
  { row: "A32", why: "a listed chat template that is not UTF-8", bytes: meta(["tokenizer.chat_templates", arr("STRING", [Uint8Array.of(0xff)])]), rule: "gguf/template-encoding" },
  { row: "A32", why: "2,000 listed chat templates", bytes: meta(["tokenizer.chat_templates", arr("STRING", Array(2000).fill(""))]), rule: "gguf/count" },
  { row: "B1", why: "a tensor name of 64 bytes", bytes: one({ name: "n".repeat(64) }), rule: "gguf/tensor-name" },
  { row: "B1", why: "an empty tensor name", bytes: one({ name: "" }), rule: "gguf/tensor-name" },
  { row: "B1", why: "a tensor name that is not UTF-8", bytes: one({ name: Uint8Array.of(0xc0, 0x80) }), rule: "gguf/tensor-name" },
  { row: "B1", why: "a tensor name that is written backwards", bytes: one({ name: "a\u202eb" }), rule: "gguf/tensor-name" },
  { row: "B2", why: "five dimensions", bytes: one({ dims: [1, 1, 1, 1, 1] }), rule: "gguf/tensor-rank" },
  { row: "B2", why: "2^32-1 dimensions", bytes: one({ rank: 0xffff_ffff }), rule: "gguf/tensor-rank" },
  { row: "own", why: "a dimension of -1", bytes: one({ dims: [U64_MAX], data: new Uint8Array(32) }), rule: "gguf/tensor-dimension" },
  { row: "own", why: "a dimension beyond 53 bits that times zero is nothing", bytes: one({ dims: [2n ** 60n, 0n], data: new Uint8Array(0) }), rule: "gguf/tensor-dimension" },
  { row: "B4", why: "elements that overflow 64 bits", bytes: one({ dims: [2n ** 32n, 2n ** 32n, 2n, 1n], data: new Uint8Array(32) }), rule: "gguf/tensor-size" },
  { row: "B4", why: "an empty tensor whose strides overflow 64 bits", bytes: one({ dims: [2n ** 40n, 0n, 2n ** 40n], data: new Uint8Array(0) }), rule: "gguf/tensor-size" },
  { row: "B5", why: "bytes that overflow 64 bits", bytes: one({ type: "I64", dims: [2n ** 61n], data: new Uint8Array(32) }), rule: "gguf/tensor-size" },
  { row: "own", why: "a row that is not whole blocks", bytes: one({ type: "Q4_K", dims: [255], data: new Uint8Array(144) }), rule: "gguf/tensor-block" },
  ...[4, 5, 31, 32, 33, 36, 37, 38].map((type) => (
    { row: "B8", why: `removed type ${type}`, bytes: one({ type, data: new Uint8Array(32) }), rule: "gguf/tensor-type" } as const
  )),
  { row: "B8", why: "type 43", bytes: one({ type: 43, data: new Uint8Array(32) }), rule: "gguf/tensor-type" },
  { row: "B8", why: "type -1", bytes: one({ type: 0xffff_ffff, data: new Uint8Array(32) }), rule: "gguf/tensor-type" },
  { row: "own", why: "a tensor past the end", bytes: one({ dims: [1024], data: new Uint8Array(32) }), rule: "gguf/tensor-bounds" },
  { row: "own", why: "a tensor of 4 EiB", bytes: one({ dims: [2n ** 50n], data: new Uint8Array(32) }), rule: "gguf/tensor-bounds" },
  { row: "B10", why: "a gap between tensors", bytes: two({ offset: 64 }), rule: "gguf/tensor-gap" },
  { row: "B10", why: "a gap before the first tensor", bytes: one({ offset: 32 }), rule: "gguf/tensor-gap" },
  { row: "B10", why: "an offset of 2^64-32", bytes: two({ offset: 2n ** 64n - 32n }), rule: "gguf/tensor-gap" },
  { row: "B11", why: "two tensors at one place", bytes: two({ offset: 0 }), rule: "gguf/tensor-overlap" },
  { row: "B13", why: "a misaligned offset", bytes: two({ offset: 33 }), rule: "gguf/tensor-misaligned" },
  { row: "B13", why: "data laid out by another alignment", bytes: () => gguf({ alignment: 32, kv: [["general.alignment", u32(64)]], tensors: [tensor("a"), tensor("b"), tensor("c")] }), rule: "gguf/tensor-misaligned" },
  { row: "B14", why: "a tensor name twice", bytes: two({ name: "a" }), rule: "gguf/tensor-duplicate" },
  { row: "B16", why: "one byte after the end", bytes: one({}, { tail: Uint8Array.of(1) }), rule: "gguf/unclaimed-bytes" },
  { row: "B16", why: "one zero byte after the end", bytes: one({}, { tail: Uint8Array.of(0) }), rule: "gguf/unclaimed-bytes" },
  { row: "B16", why: "32 zero bytes after the end", bytes: one({}, { tail: new Uint8Array(32) }), rule: "gguf/unclaimed-bytes" },
  { row: "B16", why: "text in the room of the last padding", bytes: one({ dims: [1] }, { lastTensor: "bare", tail: text("hi") }), rule: "gguf/padding" },
  { row: "B16", why: "text after a header without tensors", bytes: () => gguf({ kv: [ARCHITECTURE], tail: text("payload".repeat(9)) }), rule: "gguf/unclaimed-bytes" },
  { row: "B16", why: "10 MiB after a real model", bytes: () => tinyLlama({ file: { tail: new Uint8Array(10 * 2 ** 20) } }), rule: "gguf/unclaimed-bytes" },
  { row: "B17", why: "padding that is not zero between tensors", bytes: () => gguf({ tensors: [tensor("a", { dims: [1] }), tensor("b")], padding: 0x41 }), rule: "gguf/padding" },
  { row: "B17", why: "padding that is not zero after the header", bytes: one({}, { padding: 0x20 }), rule: "gguf/padding" },
  { row: "B19", why: "an appended ZIP end record", bytes: one({}, { tail: text("PK\x05\x06" + "\0".repeat(18) + "#".repeat(30)) }), rule: "gguf/unclaimed-bytes" },
  { row: "B28", why: "a shard beyond its count", bytes: meta(["split.no", { type: "UINT16", value: 3 }], ["split.count", { type: "UINT16", value: 3 }]), rule: "gguf/split-number" },
  { row: "B28", why: "a shard without a number", bytes: meta(["split.count", { type: "UINT16", value: 3 }]), rule: "gguf/split-count" },
];

/** Content: `parseGguf()` accepts the structure and reports the rule among its findings. */
export const GGUF_FOUND: readonly GgufVector[] = [
  { row: "A25", why: "a byte token <0x-1>", bytes: byteToken("<0x-1>"), rule: "gguf/byte-token" },
  { row: "A25", why: "a byte token <0x100>", bytes: byteToken("<0x100>"), rule: "gguf/byte-token" },
  { row: "A25", why: "an empty byte token", bytes: byteToken(""), rule: "gguf/byte-token" },
  { row: "A26", why: "a token of more than 32 KiB", bytes: meta(["tokenizer.ggml.tokens", arr("STRING", ["a", "x".repeat(32_769)])]), rule: "gguf/token-length" },
  { row: "A28", why: "no heads", bytes: meta(["llama.attention.head_count", u32(0)]), rule: "gguf/hyperparameter" },
  { row: "A28", why: "no heads but attention in an unknown architecture", bytes: noHeads, rule: "gguf/hyperparameter" },
  { row: "A28", why: "no rotated dimensions", bytes: meta(["llama.rope.dimension_count", u32(0)]), rule: "gguf/hyperparameter" },
  { row: "A28", why: "a vocabulary of 2^31", bytes: meta(["llama.vocab_size", u32(2 ** 31)]), rule: "gguf/hyperparameter" },
  { row: "A28", why: "no layers", bytes: meta(["llama.block_count", u32(0)]), rule: "gguf/hyperparameter" },
  { row: "A28", why: "2^32-1 layers", bytes: meta(["llama.block_count", u32(0xffff_ffff)]), rule: "gguf/hyperparameter" },
  { row: "A28", why: "a tensor of layer 7 of 1", bytes: one({ name: "blk.7.ffn_up.weight" }, { kv: [ARCHITECTURE, ["llama.block_count", u32(1)]] }), rule: "gguf/block-index" },
  { row: "A29", why: "an end token outside of the vocabulary", bytes: vocabulary(["tokenizer.ggml.eos_token_id", u32(3)]), rule: "gguf/token-id" },
  { row: "A29", why: "a begin token of -1", bytes: vocabulary(["tokenizer.ggml.bos_token_id", { type: "INT32", value: -1 }]), rule: "gguf/token-id" },
  { row: "A29", why: "a padding token outside of the vocabulary", bytes: vocabulary(["tokenizer.ggml.padding_token_id", u32(3)]), rule: "gguf/special-token-id" },
  { row: "own", why: "more tokens than embeddings", bytes: () => gguf({ kv: [ARCHITECTURE, ["tokenizer.ggml.tokens", arr("STRING", ["a", "b", "c"])]], tensors: [{ name: "token_embd.weight", dims: [8, 2] }] }), rule: "gguf/vocabulary-rows" },
  { row: "B7", why: "a dimension of zero", bytes: one({ dims: [8, 0] }), rule: "gguf/zero-dimension" },
  { row: "B7", why: "a single dimension of zero", bytes: one({ dims: [0] }), rule: "gguf/zero-dimension" },
  { row: "B8", why: "type Q8_1, which is never stored", bytes: one({ type: "Q8_1", dims: [32] }), rule: "gguf/intermediate-type" },
  { row: "B8", why: "type Q8_K, which is never stored", bytes: one({ type: "Q8_K", dims: [256] }), rule: "gguf/intermediate-type" },
  { row: "B29", why: "a projector with patches of size 0", bytes: () => gguf({ kv: [["general.architecture", str("clip")], ["clip.vision.patch_size", u32(0)]], tensors: [tensor("v.patch_embd.weight")] }), rule: "gguf/projector-shape" },
  { row: "B31", why: "a LoRA that says it is a model", bytes: () => gguf({ kv: [ARCHITECTURE, ["general.type", str("model")]], tensors: [tensor("blk.0.attn_q.weight.lora_a"), tensor("blk.0.attn_q.weight.lora_b")] }), rule: "gguf/not-a-model" },
  { row: "B31", why: "a control vector", bytes: () => gguf({ kv: [["general.architecture", str("controlvector")]], tensors: [tensor("direction.1")] }), rule: "gguf/not-a-model" },
  { row: "B31", why: "quantisation data", bytes: () => gguf({ kv: [["general.type", str("imatrix")]], tensors: [tensor("blk.0.attn_q.weight.in_sum2")] }), rule: "gguf/not-a-model" },
  { row: "A11", why: "a text that is not UTF-8", bytes: meta(["quantize.imatrix.file", str(Uint8Array.of(0x43, 0xe9))]), rule: "gguf/text-encoding" },
  { row: "own", why: "a file that names no architecture", bytes: () => gguf({ tensors: [tensor("w")] }), rule: "gguf/architecture-missing" },
];

/** A header with one key whose length is a lie. */
function keyOfLength(length: bigint): () => Uint8Array {
  return () => {
    const bytes = gguf({ kv: [["general.name", str("x")]] });
    new DataView(bytes.buffer).setBigUint64(24, length, true);
    return bytes;
  };
}

function endsWithLength(bytes: Uint8Array, length: bigint): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(bytes.byteLength - 8, length, true);
  return bytes;
}

/** Arrays in arrays: each level is a type of array and a count of one. */
function nested(depth: number): () => Uint8Array {
  return () => {
    const level = Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    const bytes = new Uint8Array(depth * level.byteLength);
    for (let i = 0; i < depth; i++) bytes.set(level, i * level.byteLength);
    return gguf({ kv: [["a", { typeId: 9, bytes }]] });
  };
}

function byteToken(token: string): () => Uint8Array {
  return meta(["tokenizer.ggml.tokens", arr("STRING", ["<0x41>", token])], ["tokenizer.ggml.token_type", arr("INT32", [6, 6])]);
}

function noHeads(): Uint8Array {
  return gguf({
    kv: [["general.architecture", str("brand-new")], ["brand-new.attention.head_count", u32(0)]],
    tensors: [tensor("blk.0.attn_q.weight")],
  });
}
