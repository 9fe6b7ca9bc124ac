import { type Finding, finding } from "../../model/finding.ts";
import type { ByteSource } from "../source.ts";
import type { TensorSpan } from "../tensor.ts";
import { integerOf, textOf } from "./keys.ts";
import { tokenizerFindings } from "./tokenizer.ts";
import type { GgufKind, GgufSplit, Metadata } from "./value.ts";

/** What the rules for content look at. */
export interface GgufContent {
  readonly metadata: Metadata;
  readonly tensors: readonly TensorSpan[];
  readonly kind: GgufKind;
  readonly split: GgufSplit | null;
}

/**
 * Architectures in which every layer attends and rotates, so that zero heads or zero rotated dimensions cannot be.
 * Elsewhere a zero is how exporters say "this architecture has none".
 */
const ATTENTION_ARCHITECTURES: ReadonlySet<string> = new Set([
  "deci",
  "gemma",
  "gemma2",
  "gemma3",
  "gemma4",
  "llama",
  "llama4",
  "mistral3",
  "phi3",
  "qwen2",
  "qwen2moe",
  "qwen3",
  "qwen3moe",
]);

const MAX_LAYERS = 65_536n;
const MAX_VOCABULARY = 4_194_304n;
const INTERMEDIATE_TYPES: ReadonlySet<string> = new Set(["Q8_1", "Q8_K"]);

/** Judges what a sound structure says. Tokenizer arrays that do not fit together are thrown as `FormatError`. */
export function contentFindings(source: ByteSource, content: GgufContent): readonly Finding[] {
  return [
    ...kindFindings(content),
    ...hyperparameterFindings(content),
    ...layerFindings(content),
    ...tensorFindings(content.tensors),
    ...tokenizerFindings(source, content.metadata, content.tensors),
  ];
}

function kindFindings({ metadata, kind, split }: GgufContent): readonly Finding[] {
  switch (kind) {
    case "lora":
    case "control-vector":
    case "imatrix":
      return [finding("gguf/not-a-model", `The file is no model but of kind "${kind}"`)];
    case "mmproj":
      return integerOf(metadata, "clip.vision.patch_size") === 0n
        ? [finding("gguf/projector-shape", "The vision projector has patches of size 0", {
          field: "clip.vision.patch_size",
        })]
        : [];
    case "model":
    case "vocabulary":
    case "split": {
      const mayLack = split !== null && split.no > 0;
      return mayLack || textOf(metadata, "general.architecture") !== null ? [] : [
        finding("gguf/architecture-missing", "The file names no architecture", {
          field: "general.architecture",
        }),
      ];
    }
  }
}

/** Numbers that engines divide by or allocate by. */
function hyperparameterFindings({ metadata, tensors }: GgufContent): readonly Finding[] {
  const architecture = textOf(metadata, "general.architecture");
  if (architecture === null) return [];
  const attends = ATTENTION_ARCHITECTURES.has(architecture);
  const hasAttention = tensors.some(({ name }) => /^blk\.\d+\.attn_(?:q|k|qkv)\.weight$/.test(name));
  const limits: readonly [name: string, least: bigint, most: bigint][] = [
    ["attention.head_count", attends || hasAttention ? 1n : 0n, MAX_LAYERS],
    ["attention.head_count_kv", attends ? 1n : 0n, MAX_LAYERS],
    ["rope.dimension_count", attends ? 1n : 0n, 2n ** 31n],
    ["block_count", attends ? 1n : 0n, MAX_LAYERS],
    ["embedding_length", 1n, 2n ** 31n],
    ["vocab_size", 1n, MAX_VOCABULARY],
  ];
  return limits.flatMap(([name, least, most]) => {
    const field = `${architecture}.${name}`;
    const value = integerOf(metadata, field);
    return value === null || (value >= least && value <= most)
      ? []
      : [finding("gguf/hyperparameter", `"${field}" is ${value}, not ${least} to ${most}`, { field })];
  });
}

/** Tensors of layers that the layer count does not cover. */
function layerFindings({ metadata, tensors }: GgufContent): readonly Finding[] {
  const architecture = textOf(metadata, "general.architecture");
  const layers = architecture === null ? null : integerOf(metadata, `${architecture}.block_count`);
  if (layers === null) return [];
  const beyond = tensors.filter(({ name }) => {
    const index = /^blk\.(\d{1,15})\./.exec(name)?.[1];
    return index !== undefined && BigInt(index) >= layers;
  });
  return aboutTensors("gguf/block-index", beyond, `of a layer beyond the ${layers} layers of the model`);
}

function tensorFindings(tensors: readonly TensorSpan[]): readonly Finding[] {
  const empty = tensors.filter(({ shape }) => shape.includes(0));
  const intermediate = tensors.filter(({ type }) => INTERMEDIATE_TYPES.has(type));
  return [
    ...aboutTensors("gguf/zero-dimension", empty, "without elements"),
    ...aboutTensors("gguf/intermediate-type", intermediate, "of a type that is never stored"),
  ];
}

/** One finding for all tensors with the same fault, so that 65,536 of them do not make as many findings. */
function aboutTensors(
  rule: "gguf/block-index" | "gguf/zero-dimension" | "gguf/intermediate-type",
  tensors: readonly TensorSpan[],
  what: string,
): readonly Finding[] {
  const first = tensors[0];
  if (first === undefined) return [];
  const message = `${tensors.length} tensor${
    tensors.length === 1 ? "" : "s"
  } ${what}, such as "${first.name}"`;
  return [finding(rule, message, { tensor: first.name, offset: first.offset })];
}
