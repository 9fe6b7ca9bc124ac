import type { DirectoryView } from "./view.ts";
import { weightFilesIn } from "./weights.ts";

/** What a directory is for, by what lies in it. */
export type DirectoryKind =
  /** A pipeline with `model_index.json`. */
  | "diffusers"
  /** Configuration and weights, as transformers, sentence-transformers and mistral write them. */
  | "transformers"
  /** Weights that change another model. */
  | "adapter"
  | "gguf"
  /** Safetensors files that nothing describes. */
  | "weights";

const ADAPTER_FILES = ["adapter_config.json", "pytorch_lora_weights.safetensors"];
const MODEL_FILES = ["config.json", "params.json", "modules.json"];

/** The kind of a directory; `null` when it has no weights, whatever else it has. */
export function kindOf(view: DirectoryView): DirectoryKind | null {
  const top = new Set(view.entries.flatMap(({ path, kind }) => kind === "file" ? [path] : []));
  const weights = weightFilesIn(view);
  if (weights.length === 0) return null;
  if (top.has("model_index.json")) return "diffusers";
  if (ADAPTER_FILES.some((name) => top.has(name))) return "adapter";
  if (!weights.some(({ format }) => format === "safetensors")) return "gguf";
  return MODEL_FILES.some((name) => top.has(name)) ? "transformers" : "weights";
}

/** What a directory without weights looks like instead, in words. */
export function withoutWeights(view: DirectoryView): string {
  const names = new Set(view.entries.map(({ path }) => path));
  const has = (...candidates: string[]) => candidates.some((name) => names.has(name));
  if (has("model_index.json")) return "it describes a diffusion pipeline, but no weights lie in it";
  if (has("config.json", "adapter_config.json", "params.json")) {
    return "it holds a configuration, but no safetensors or GGUF weights";
  }
  if (has("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt")) {
    return "it holds a tokenizer, but no safetensors or GGUF weights";
  }
  return "no safetensors or GGUF file lies in it";
}
