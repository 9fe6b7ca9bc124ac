import type { TensorFormat } from "./decode/mod.ts";
import { BLOCK_KERNELS } from "./wasm/mod.ts";

/**
 * Values in one run. Sums are taken run by run and runs are cut at fixed values of the tensor, whatever its type: so
 * sums do not depend on how the file is read, and runs of the same weights in two formats can be compared.
 */
export const RUN_VALUES = 65_536;

/** Values at the start of each run whose mean goes into the signature: one block of the largest format. */
export const SAMPLED_VALUES = 256;

/** Bytes of `values` values of a format. `values` is a multiple of the block size. */
export function bytesOf(format: TensorFormat, values: number): number {
  switch (format.kind) {
    case "short":
      return values * format.short.bits / 8;
    case "wide":
      return values * format.wide.bytes;
    case "block":
      return values / format.block.elements * format.block.bytes;
  }
}

export function valuesIn(format: TensorFormat, bytes: number): number {
  switch (format.kind) {
    case "short":
      return bytes * 8 / format.short.bits;
    case "wide":
      return bytes / format.wide.bytes;
    case "block":
      return bytes / format.block.bytes * format.block.elements;
  }
}

/** A tensor may be cut after every run, and nowhere else. */
export function runBytes(format: TensorFormat): number {
  return bytesOf(format, RUN_VALUES);
}

/** How many blocks a kernel takes at a time; `null` when the type has no kernel of its own. */
export function kernelStep(type: string): 1 | 2 | null {
  return BLOCK_KERNELS[type]?.blocksPerStep ?? null;
}
