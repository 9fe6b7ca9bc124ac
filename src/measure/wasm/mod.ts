import { assemble, CONSTANTS_ADDRESS, CONSTANTS_BYTES, type Kernel } from "./assemble.ts";
import { BLOCK_KERNELS } from "./blocks.ts";
import { collect, countBlockCodes, countCodes, countField, countHalves, countRepeats } from "./histograms.ts";
import { floatMoments } from "./float_moments.ts";
import { type Magic, searchKernel } from "./search.ts";

/** The first byte of the shared memory that kernels and their constants leave free. Below 1024 is free too. */
export const FREE_ADDRESS = CONSTANTS_ADDRESS + CONSTANTS_BYTES;

const COMMON = { collect, countBlockCodes, countCodes, countField, countHalves, countRepeats, floatMoments };

/**
 * Compiles the kernels that tensors of the given types and a search for these magics need, over a shared memory of
 * `pages` pages of 64 KiB.
 */
export function compileKernels(
  types: Iterable<string>,
  magics: readonly Magic[],
  pages: number,
): WebAssembly.Module {
  const kernels: Record<string, Kernel> = { ...COMMON };
  if (magics.length > 0) kernels.search = searchKernel(magics);
  for (const type of types) {
    const block = BLOCK_KERNELS[type];
    if (block !== undefined) kernels[type] = block.kernel();
  }
  return new WebAssembly.Module(assemble(kernels, pages));
}

type Call = (...numbers: number[]) => void;

/** The kernels of a module, by name; what they take is said where each is defined. */
export class Kernels {
  readonly #exports: WebAssembly.Exports;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.#exports = new WebAssembly.Instance(module, { host: { memory } }).exports;
  }

  /** Throws `RangeError` when the module was compiled without that kernel. */
  get(name: keyof typeof COMMON | "search" | keyof typeof BLOCK_KERNELS): Call {
    const kernel = this.#exports[name];
    if (typeof kernel !== "function") throw new RangeError(`Cannot find kernel ${name}`);
    return kernel as Call;
  }
}

export { BLOCK_KERNELS };
export { RESULT } from "./results.ts";
export { type Magic, MOST_PLACES, PLACES_BYTES, SEARCH_STEP_BYTES } from "./search.ts";
