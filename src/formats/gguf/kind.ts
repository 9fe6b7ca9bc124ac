import { FormatError } from "../../model/errors.ts";
import type { TensorSpan } from "../tensor.ts";
import { arrayOf, integerOf, textOf } from "./keys.ts";
import type { GgufKind, GgufSplit, Metadata } from "./value.ts";

const MAX_SHARDS = 65_535;

/**
 * What the file is for. Any sign of an adapter or of quantisation data weighs more than a claim to be a model, unless
 * the file holds a whole model: engines load that as one and never look at such signs.
 */
export function kindOf(
  metadata: Metadata,
  tensors: readonly TensorSpan[],
  split: GgufSplit | null,
): GgufKind {
  const architecture = textOf(metadata, "general.architecture");
  const type = textOf(metadata, "general.type");
  const isWhole = tensors.some(({ name }) => name === "token_embd.weight");
  if (!isWhole) {
    if (architecture === "controlvector" || metadata.has("controlvector.layer_count")) {
      return "control-vector";
    }
    if (type === "adapter" || metadata.has("adapter.type") || isLora(tensors)) return "lora";
    if (type === "imatrix" || metadata.has("imatrix.chunk_count")) return "imatrix";
  }
  if (split !== null && split.count > 1) return "split";
  if (architecture === "clip" || (type === "mmproj" && !isWhole)) return "mmproj";
  if (tensors.length === 0 && arrayOf(metadata, "tokenizer.ggml.tokens") !== null) return "vocabulary";
  return "model";
}

function isLora(tensors: readonly TensorSpan[]): boolean {
  return tensors.length > 0 &&
    tensors.every(({ name }) => name.endsWith(".lora_a") || name.endsWith(".lora_b"));
}

/** The shard's place in its set; `null` for a file that is no shard. Refuses numbers that cannot be. */
export function splitOf(metadata: Metadata): GgufSplit | null {
  const count = integerOf(metadata, "split.count");
  const no = integerOf(metadata, "split.no");
  const tensorCount = integerOf(metadata, "split.tensors.count");
  if (count === null && no === null) return null;
  if (count === null || no === null || count < 0n || count > BigInt(MAX_SHARDS)) {
    const message = `A shard says it is number ${no ?? "?"} of ${count ?? "?"}`;
    throw new FormatError("gguf/split-count", message, { field: "split.count" });
  }
  // Some tools leave `split.count` 0 in a file that was merged again.
  if (no < 0n || no >= (count === 0n ? 1n : count)) {
    throw new FormatError("gguf/split-number", `A shard says it is number ${no} of ${count}, from 0`, {
      field: "split.no",
    });
  }
  if (tensorCount !== null && (tensorCount < 0n || tensorCount > BigInt(Number.MAX_SAFE_INTEGER))) {
    const message = `A split set cannot hold ${tensorCount} tensors`;
    throw new FormatError("gguf/split-count", message, { field: "split.tensors.count" });
  }
  return {
    no: Number(no),
    count: Number(count),
    tensorCount: tensorCount === null ? null : Number(tensorCount),
  };
}
