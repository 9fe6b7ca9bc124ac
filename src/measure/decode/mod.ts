import { type BlockFormat, emptyBlock } from "./block.ts";
import { unpackGrids } from "./grids.ts";
import { codebookFormats } from "./i_quants.ts";
import { K_FORMATS } from "./k_quants.ts";
import { PLAIN_FORMATS } from "./plain.ts";
import { SHORT_FORMATS, type ShortFormat } from "./small_floats.ts";

/** Values of 32 or 64 bits, little-endian. A complex number counts as two. */
export interface WideFormat {
  readonly bytes: 4 | 8;
  read(view: DataView, at: number): number;
}

const F32: WideFormat = { bytes: 4, read: (view, at) => view.getFloat32(at, true) };

const WIDE_FORMATS: Readonly<Record<string, WideFormat>> = {
  F32,
  C64: F32,
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  U32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
};

/** How the bytes of a tensor type are read. */
export type TensorFormat =
  | { readonly kind: "short"; readonly short: ShortFormat }
  | { readonly kind: "wide"; readonly wide: WideFormat }
  | { readonly kind: "block"; readonly block: BlockFormat };

/** Every tensor type that can be read, under the name ggml or safetensors gives it. */
export type TensorFormats = ReadonlyMap<string, TensorFormat>;

export function tensorFormats(): TensorFormats {
  const blocks: Record<string, BlockFormat> = {
    ...PLAIN_FORMATS,
    ...K_FORMATS,
    ...codebookFormats(unpackGrids()),
  };
  return new Map<string, TensorFormat>([
    ...Object.entries(SHORT_FORMATS).map(([name, short]) => [name, { kind: "short", short }] as const),
    ...Object.entries(WIDE_FORMATS).map(([name, wide]) => [name, { kind: "wide", wide }] as const),
    ...Object.entries(blocks).map(([name, block]) => [name, { kind: "block", block }] as const),
  ]);
}

/** Element `index` of values packed `bits` bits each, lowest bits first. */
export function shortCode(bytes: Uint8Array, index: number, bits: number): number {
  const bit = index * bits;
  const at = Math.floor(bit / 8);
  const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return (word >> (bit % 8)) & ((1 << bits) - 1);
}

/**
 * The values of `bytes` one after another, in double precision. Plain and slow on purpose: the measure that all
 * fast code is held against. Whole values only; `RangeError` otherwise.
 */
export function* values(format: TensorFormat, bytes: Uint8Array): Generator<number> {
  switch (format.kind) {
    case "short":
      requireWhole(bytes.length * 8, format.short.bits);
      yield* shortValues(format.short, bytes);
      return;
    case "wide": {
      requireWhole(bytes.length, format.wide.bytes);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += format.wide.bytes) yield format.wide.read(view, at);
      return;
    }
    case "block":
      requireWhole(bytes.length, format.block.bytes);
      yield* blockValues(format.block, bytes);
  }
}

function* shortValues({ bits, table }: ShortFormat, bytes: Uint8Array): Generator<number> {
  const values = table();
  for (let i = 0; i < bytes.length * 8 / bits; i++) yield values[shortCode(bytes, i, bits)] ?? NaN;
}

function* blockValues(format: BlockFormat, bytes: Uint8Array): Generator<number> {
  const block = emptyBlock();
  for (let at = 0; at < bytes.length; at += format.bytes) {
    format.unpack(bytes, at, block);
    for (let i = 0; i < format.elements; i++) {
      const group = Math.floor(i / format.groupElements);
      yield (block.scales[group] ?? 0) * (block.codes[i] ?? 0) + (block.offsets[group] ?? 0);
    }
  }
}

function requireWhole(amount: number, unit: number): void {
  if (amount % unit !== 0) throw new RangeError(`Cannot decode ${amount}: not a multiple of ${unit}`);
}

/** Decodes a whole tensor in memory; for tests and small tensors. Throws `RangeError` for an unknown type. */
export function decodeTensorType(type: string, bytes: Uint8Array): Float32Array {
  const format = tensorFormats().get(type);
  if (format === undefined) {
    throw new RangeError(`Cannot decode tensor type ${JSON.stringify(type)}: unknown`);
  }
  return Float32Array.from(values(format, bytes));
}
