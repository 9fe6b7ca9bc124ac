import { f32, type MetaEntry, str, type TensorInput, u32 } from "../gguf.ts";

/** Sizes of a llama model, in the field's terms. */
export interface LlamaShape {
  readonly architecture: string;
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly layers: number;
  readonly feedForwardLength: number;
  readonly heads: number;
  readonly vocabulary: number;
}

/** The metadata that llama.cpp needs to build a llama model of this shape. */
export function llamaMetadata(name: string, shape: LlamaShape): readonly MetaEntry[] {
  const a = shape.architecture;
  return [
    ["general.architecture", str(a)],
    ["general.name", str(name)],
    ["general.file_type", u32(0)],
    ["general.license", str("cc0-1.0")],
    [`${a}.context_length`, u32(shape.contextLength)],
    [`${a}.embedding_length`, u32(shape.embeddingLength)],
    [`${a}.block_count`, u32(shape.layers)],
    [`${a}.feed_forward_length`, u32(shape.feedForwardLength)],
    [`${a}.attention.head_count`, u32(shape.heads)],
    [`${a}.attention.head_count_kv`, u32(shape.heads)],
    [`${a}.attention.layer_norm_rms_epsilon`, f32(1e-5)],
    [`${a}.rope.dimension_count`, u32(shape.embeddingLength / shape.heads)],
    [`${a}.vocab_size`, u32(shape.vocabulary)],
  ];
}

/** The tensors of one layer; `weights` fills a matrix of so many values. Norms are 1. */
export function llamaLayer(
  index: number,
  shape: LlamaShape,
  weights: (length: number) => Float32Array,
): readonly TensorInput[] {
  const { embeddingLength: e, feedForwardLength: ff } = shape;
  const block = `blk.${index}`;
  const matrix = (name: string, columns: number, rows: number) =>
    floats(`${block}.${name}.weight`, [columns, rows], weights(columns * rows));
  return [
    ones(`${block}.attn_norm.weight`, e),
    matrix("attn_q", e, e),
    matrix("attn_k", e, e),
    matrix("attn_v", e, e),
    matrix("attn_output", e, e),
    ones(`${block}.ffn_norm.weight`, e),
    matrix("ffn_gate", e, ff),
    matrix("ffn_up", e, ff),
    matrix("ffn_down", ff, e),
  ];
}

export function floats(name: string, dims: readonly number[], values: Float32Array): TensorInput {
  return { name, dims, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

export function ones(name: string, length: number): TensorInput {
  return floats(name, [length], new Float32Array(length).fill(1));
}
