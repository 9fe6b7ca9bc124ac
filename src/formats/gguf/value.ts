import type { TensorSpan } from "../tensor.ts";
import type { Finding } from "../../model/finding.ts";

/**
 * Types of metadata values by their number in the file.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export const VALUE_TYPES = [
  "UINT8",
  "INT8",
  "UINT16",
  "INT16",
  "UINT32",
  "INT32",
  "FLOAT32",
  "BOOL",
  "STRING",
  "ARRAY",
  "UINT64",
  "INT64",
  "FLOAT64",
] as const;
export type ValueType = typeof VALUE_TYPES[number];
export type ScalarType = Exclude<ValueType, "ARRAY">;

/** Fewest bytes one value takes: a string is at least its length. */
export const SCALAR_BYTES: Readonly<Record<ScalarType, number>> = {
  UINT8: 1,
  INT8: 1,
  UINT16: 2,
  INT16: 2,
  UINT32: 4,
  INT32: 4,
  FLOAT32: 4,
  BOOL: 1,
  STRING: 8,
  UINT64: 8,
  INT64: 8,
  FLOAT64: 8,
};

/** One metadata value. `offset` is where its bytes begin, counted from the start of the file. */
export type GgufValue = GgufScalar | GgufArray;

export type GgufScalar =
  & { readonly offset: number }
  & (
    | {
      readonly type: "UINT8" | "INT8" | "UINT16" | "INT16" | "UINT32" | "INT32" | "FLOAT32" | "FLOAT64";
      readonly value: number;
    }
    | { readonly type: "UINT64" | "INT64"; readonly value: bigint }
    | { readonly type: "BOOL"; readonly value: boolean }
    | { readonly type: "STRING"; readonly value: string }
  );

/** An array stays in the file: `offset` and `sizeBytes` are those of its elements. Read it with {@link arrayTexts}. */
export interface GgufArray {
  readonly type: "ARRAY";
  readonly elementType: ScalarType;
  readonly count: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Bytes of the longest element. */
  readonly longestBytes: number;
}

export type Metadata = ReadonlyMap<string, GgufValue>;

/** What a GGUF file is for. A shard of a split set is `split`, whatever the whole set is. */
export type GgufKind =
  | "model"
  | "vocabulary"
  | "lora"
  | "mmproj"
  | "control-vector"
  | "imatrix"
  | "split";

/** One shard's place in its set. `no` counts from 0. */
export interface GgufSplit {
  readonly no: number;
  readonly count: number;
  /** Tensors of the whole set, where the shard says so. */
  readonly tensorCount: number | null;
}

export interface ChatTemplate {
  /** The metadata key, with `[i]` for an element of an array. */
  readonly key: string;
  readonly text: string;
  /** Where the value begins, from the start of the file. */
  readonly offset: number;
}

export interface GgufFile {
  readonly version: 2 | 3;
  readonly metadata: Metadata;
  /** In file order, which is the order of their offsets. */
  readonly tensors: readonly TensorSpan[];
  readonly alignment: number;
  /** Where tensor data begins; the end of the header for a file without tensors. */
  readonly dataOffset: number;
  readonly kind: GgufKind;
  readonly architecture: string | null;
  readonly split: GgufSplit | null;
  readonly chatTemplates: readonly ChatTemplate[];
  /** What the content says although the structure holds: at the severity of each rule. */
  readonly findings: readonly Finding[];
}
