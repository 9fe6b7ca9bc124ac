import { FormatError } from "../../model/errors.ts";
import type { GgufArray, GgufValue, Metadata, ScalarType } from "./value.ts";

/** Every key that begins so holds chat templates: the default one, named ones, lists. */
export const CHAT_TEMPLATE_PREFIX = "tokenizer.chat_template";

/** The format's rule, and the hyphen that architecture names such as `nomic-bert` have. */
const KEY = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
/** Keys whose last part is a name from elsewhere: a template's, or (image models) a tensor's. */
const NAMED_KEY = /^(?:tokenizer\.chat_template|comfy\.gguf\.orig_shape)\.[!-~]+$/;

export function isKey(key: string): boolean {
  return KEY.test(key) || NAMED_KEY.test(key);
}

/** What a well-known key may hold: one scalar of these types, or an array of these types. */
interface Shape {
  readonly says: string;
  readonly scalar: readonly ScalarType[];
  readonly array: readonly ScalarType[];
}

const INTEGERS = ["UINT8", "INT8", "UINT16", "INT16", "UINT32", "INT32", "UINT64", "INT64"] as const;

const UINT32: Shape = { says: "an unsigned 32-bit integer", scalar: ["UINT32"], array: [] };
const INTEGER: Shape = { says: "an integer", scalar: INTEGERS, array: [] };
const INTEGER_PER_LAYER: Shape = { says: "an integer, or one per layer", scalar: INTEGERS, array: INTEGERS };
const BOOLEAN: Shape = { says: "a boolean", scalar: ["BOOL"], array: [] };
const TEXT: Shape = { says: "a text", scalar: ["STRING"], array: [] };
const TEXTS: Shape = { says: "an array of texts", scalar: [], array: ["STRING"] };
const TEXT_OR_TEXTS: Shape = { says: "a text or an array of texts", scalar: ["STRING"], array: ["STRING"] };
const BYTES: Shape = { says: "an array of bytes", scalar: [], array: ["UINT8", "INT8"] };
const FLOATS: Shape = { says: "an array of 32-bit floats", scalar: [], array: ["FLOAT32"] };
const INT32S: Shape = { says: "an array of 32-bit integers", scalar: [], array: ["INT32", "UINT32"] };

const KEY_SHAPES: ReadonlyMap<string, Shape> = new Map([
  ["general.alignment", UINT32],
  ["general.architecture", TEXT],
  ["general.type", TEXT],
  ["general.file_type", INTEGER],
  ["general.quantization_version", INTEGER],
  ["tokenizer.ggml.model", TEXT],
  ["tokenizer.ggml.pre", TEXT],
  ["tokenizer.ggml.tokens", TEXTS],
  ["tokenizer.ggml.scores", FLOATS],
  ["tokenizer.ggml.token_type", INT32S],
  ["tokenizer.ggml.merges", TEXTS],
  ["tokenizer.ggml.precompiled_charsmap", BYTES],
  ["tokenizer.ggml.add_bos_token", BOOLEAN],
  ["tokenizer.ggml.add_eos_token", BOOLEAN],
  ["tokenizer.ggml.add_space_prefix", BOOLEAN],
  ["tokenizer.huggingface.json", TEXT],
  ["split.no", INTEGER],
  ["split.count", INTEGER],
  ["split.tensors.count", INTEGER],
  ["adapter.type", TEXT],
  ["clip.vision.patch_size", INTEGER],
]);

/** Keys that begin with the architecture's name. Layers may differ, so some hold one number per layer. */
const ARCHITECTURE_SHAPES: ReadonlyMap<string, Shape> = new Map([
  ["block_count", INTEGER],
  ["context_length", INTEGER],
  ["embedding_length", INTEGER],
  ["vocab_size", INTEGER],
  ["feed_forward_length", INTEGER_PER_LAYER],
  ["attention.head_count", INTEGER_PER_LAYER],
  ["attention.head_count_kv", INTEGER_PER_LAYER],
  ["rope.dimension_count", INTEGER_PER_LAYER],
]);

/** Refuses a well-known key whose value has a type that engines do not expect. */
export function checkKeyTypes(metadata: Metadata): void {
  const architecture = textOf(metadata, "general.architecture");
  for (const [key, value] of metadata) {
    const shape = shapeOf(key, architecture);
    if (shape === undefined) continue;
    const fits = value.type === "ARRAY"
      ? shape.array.includes(value.elementType)
      : shape.scalar.includes(value.type);
    if (fits) continue;
    const found = value.type === "ARRAY" ? `an array of ${value.elementType}` : value.type;
    const message = `Key "${key}" holds ${found} where ${shape.says} is expected`;
    throw new FormatError("gguf/key-type", message, { offset: value.offset, field: key });
  }
}

function shapeOf(key: string, architecture: string | null): Shape | undefined {
  const known = KEY_SHAPES.get(key);
  if (known !== undefined) return known;
  if (key.startsWith(CHAT_TEMPLATE_PREFIX)) return TEXT_OR_TEXTS;
  if (key.startsWith("tokenizer.ggml.") && key.endsWith("_token_id")) return INTEGER;
  if (architecture === null || !key.startsWith(`${architecture}.`)) return undefined;
  return ARCHITECTURE_SHAPES.get(key.slice(architecture.length + 1));
}

/** The text under a key; `null` when there is none or it is not a text. */
export function textOf(metadata: Metadata, key: string): string | null {
  const value = metadata.get(key);
  return value?.type === "STRING" ? value.value : null;
}

/** The integer under a key; `null` when there is none or it is not an integer. */
export function integerOf(metadata: Metadata, key: string): bigint | null {
  const value = metadata.get(key);
  return value === undefined ? null : asInteger(value);
}

function asInteger(value: GgufValue): bigint | null {
  switch (value.type) {
    case "UINT8":
    case "INT8":
    case "UINT16":
    case "INT16":
    case "UINT32":
    case "INT32":
      return BigInt(value.value);
    case "UINT64":
    case "INT64":
      return value.value;
    default:
      return null;
  }
}

/** The array under a key; `null` when there is none or it is not an array. */
export function arrayOf(metadata: Metadata, key: string): GgufArray | null {
  const value = metadata.get(key);
  return value?.type === "ARRAY" ? value : null;
}
