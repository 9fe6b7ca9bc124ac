import { DTYPE_BITS } from "../../src/formats/safetensors/dtypes.ts";

/** One tensor as it is to be written. Offsets are given out in order unless `span` says otherwise. */
export interface TensorSpec {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** `data_offsets` as they are written, whatever the layout would be. */
  readonly span?: readonly [begin: number, end: number];
  /** The tensor's bytes; zeros when absent. */
  readonly data?: Uint8Array;
}

/** How the file departs from the plain layout. */
export interface FileSpec {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes after the last tensor: a count of zeros, or these. */
  readonly tail?: number | Uint8Array;
  /** Text after the header's JSON, within the header length: `n` stands for `n` spaces. */
  readonly padding?: number | string;
  /** Text before the header's JSON. */
  readonly leading?: string;
}

export const F32 = (...shape: number[]): TensorSpec => ({ dtype: "F32", shape });
export const U8 = (...shape: number[]): TensorSpec => ({ dtype: "U8", shape });

/** Bytes from `begin` to `end` of the data, wherever that is. */
export function at(begin: number, end: number): TensorSpec {
  return { dtype: "U8", shape: [end - begin], span: [begin, end] };
}

/** The entry of a one-byte tensor at offset 0, for headers written by hand. */
export const W = `{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`;

/** A whole file; the data section reaches to the last byte that any tensor claims. */
export function safetensors(tensors: Readonly<Record<string, TensorSpec>>, file: FileSpec = {}): Uint8Array {
  const entries: string[] = file.metadata === undefined
    ? []
    : [`"__metadata__":${JSON.stringify(file.metadata)}`];
  const parts: { begin: number; data: Uint8Array }[] = [];
  let next = 0;
  let dataBytes = 0;
  for (const [name, { dtype, shape, span, data }] of Object.entries(tensors)) {
    const [begin, end] = span ?? [next, next + sizeOf(dtype, shape)];
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    if (data !== undefined) parts.push({ begin, data });
    next = end;
    dataBytes = Math.max(dataBytes, end);
  }
  const tail = typeof file.tail === "number" ? new Uint8Array(file.tail) : file.tail ?? new Uint8Array(0);
  const data = new Uint8Array(dataBytes + tail.byteLength);
  for (const part of parts) data.set(part.data, part.begin);
  data.set(tail, dataBytes);
  const padding = typeof file.padding === "number" ? " ".repeat(file.padding) : file.padding ?? "";
  return rawHeader(`${file.leading ?? ""}{${entries.join(",")}}${padding}`, data);
}

/** Length, header and data exactly as given; `length` overrides the true length of the header. */
export function rawHeader(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  length?: bigint,
): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.byteLength + data.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.byteLength), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.byteLength);
  return bytes;
}

function sizeOf(dtype: string, shape: readonly number[]): number {
  return Math.ceil(shape.reduce((product, n) => product * n, DTYPE_BITS.get(dtype) ?? 8) / 8);
}
