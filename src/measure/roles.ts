import type { TensorSpan } from "../formats/tensor.ts";

/** What a tensor is for, as far as its name and shape tell: decides what is unusual for it. */
export type TensorRole = "matrix" | "embedding" | "vector" | "mask" | "position" | "adapter";

/** LoRA and control tensors: matrices that may be zero before training. */
const ADAPTER = /(^|[._])(lora|loha|lokr|hada)[._]?|\bdirection\.\d+$/i;
/** Attention masks hold minus infinity on purpose. */
const MASK = /(^|[._])(mask|masked_bias|causal_mask|attn\.bias)($|[._])/i;
/** Tables of positions and frequencies follow a formula, not training. */
const POSITION =
  /(rope|inv_freq|freqs?|position|pos_emb|\bpe\b|relative_attention_bias|time_proj|timesteps?)/i;
const EMBEDDING = /(token_embd|embed_tokens|tok_embeddings|word_embeddings|wte|lm_head|^output\.weight)/i;

export function roleOf({ name, shape }: Pick<TensorSpan, "name" | "shape">): TensorRole {
  if (ADAPTER.test(name)) return "adapter";
  if (MASK.test(name)) return "mask";
  if (POSITION.test(name)) return "position";
  if (shape.filter((length) => length > 1).length < 2) return "vector";
  return EMBEDDING.test(name) ? "embedding" : "matrix";
}

/** The name without its layer number: tensors of one role in all layers share it. `null` outside layers. */
export function layerGroup(name: string): string | null {
  const layer = /(^|\.)(blk|layers?|h|blocks?|block|layer_module)\.(\d+)\./.exec(name);
  return layer === null ? null : name.replace(layer[0], `${layer[1]}${layer[2]}.*.`);
}
