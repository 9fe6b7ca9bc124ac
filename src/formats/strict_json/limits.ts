import type { ByteSource } from "../source.ts";

/** How much of a document is read before it is refused, and which numbers it may hold. */
export interface JsonLimits {
  /**
   * `integers`: whole numbers from -(2^53 - 1) to 2^53 - 1, written as digits; `1.0`, `1e3` and `-0` are refused.
   * `any`: every JSON number a double can hold; a whole number beyond 2^53 - 1 is given as `bigint`, never rounded.
   */
  readonly numbers: "integers" | "any";
  /** Size of the document. */
  readonly maxBytes: number;
  /** Objects and arrays inside each other. */
  readonly maxDepth: number;
  /** Values of every kind, containers included. */
  readonly maxValues: number;
  /** One key or string as it is written, escapes not yet undone, without its quotes. */
  readonly maxStringBytes: number;
}

/** The bytes of one document inside a file: `offset` is where it begins, and offsets in refusals count from the file's start. */
export interface JsonInput {
  readonly source: ByteSource;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Small files that describe a model: `config.json`, `model_index.json`, `tokenizer_config.json`. */
export const CONFIG_JSON: JsonLimits = {
  numbers: "any",
  maxBytes: 8 * 1024 * 1024,
  maxDepth: 64,
  maxValues: 262_144,
  maxStringBytes: 4 * 1024 * 1024,
};

/** `*.safetensors.index.json`: one string for each tensor; the largest published ones name about 200,000. */
export const TENSOR_INDEX_JSON: JsonLimits = {
  numbers: "any",
  maxBytes: 128 * 1024 * 1024,
  maxDepth: 16,
  maxValues: 1_048_576,
  maxStringBytes: 65_536,
};

/** `tokenizer.json` and `vocab.json`: up to millions of values. Meant for a `JsonReader`, which builds no tree. */
export const TOKENIZER_JSON: JsonLimits = {
  numbers: "any",
  maxBytes: 256 * 1024 * 1024,
  maxDepth: 64,
  maxValues: 8_388_608,
  maxStringBytes: 16 * 1024 * 1024,
};
