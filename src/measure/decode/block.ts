/**
 * One quantised block taken apart: value `i` is `scales[g] * codes[i] + offsets[g]` with `g = floor(i / groupElements)`.
 * Every block format of ggml has this form; IQ1's shift of an eighth is folded into the codes.
 */
export interface DecodedBlock {
  readonly codes: Int8Array;
  readonly scales: Float64Array;
  readonly offsets: Float64Array;
}

/** The largest block is 256 weights, the smallest group 16. */
export function emptyBlock(): DecodedBlock {
  return { codes: new Int8Array(256), scales: new Float64Array(16), offsets: new Float64Array(16) };
}

export interface BlockFormat {
  readonly elements: number;
  readonly bytes: number;
  /** Weights that share one scale. */
  readonly groupElements: number;
  /** The stored scales of the whole block: byte offset of each and how it is written. */
  readonly scale: { readonly at: readonly number[]; readonly kind: ScaleKind };
  /** Bytes of the block that hold codes only: the rest are scales. */
  readonly codeBytes: { readonly at: number; readonly length: number };
  /** The least and greatest code that can occur. */
  readonly codeRange: readonly [least: number, greatest: number];
  unpack(bytes: Uint8Array, at: number, into: DecodedBlock): void;
}

/** `split-f16` is IQ1_M's half float, spread over the high nibbles of four words. */
export type ScaleKind = "f16" | "f32" | "e8m0" | "ue4m3" | "split-f16";

/**
 * The variance of codes that are spread evenly over all values, for formats whose codes are the whole numbers of a
 * range of at least three bits; `null` for the others, whose levels are few or uneven.
 */
export function uniformVariance({ codeRange: [least, greatest] }: BlockFormat): number | null {
  const codes = greatest - least + 1;
  return codes >= 8 && Number.isInteger(Math.log2(codes)) ? (codes * codes - 1) / 12 : null;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}

/** The value of IEEE 754 binary16 bits. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

export function f16(bytes: Uint8Array, at: number): number {
  return halfValue(u16(bytes, at));
}
