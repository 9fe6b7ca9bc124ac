/** One tensor's place in one file, as a parser proved it: in bounds, overlapping nothing. */
export interface TensorSpan {
  readonly name: string;
  /** Type name as the format spells it: a ggml type such as `Q4_K`, a safetensors dtype such as `BF16`. */
  readonly type: string;
  /** Dimensions in the order the file lists them. Rank 0 is one element. */
  readonly shape: readonly number[];
  /** Byte offset of the first byte, from the start of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}
