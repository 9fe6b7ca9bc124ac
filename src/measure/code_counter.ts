import type { CodeCounts } from "./partial.ts";
import { countCodes, countHalves, WORDS_AT_ONCE } from "./histogram.ts";
import type { Kernels } from "./wasm/mod.ts";

const TABLE_BYTES = 65_536 * 4;

/** Bytes of shared memory that one counter works in: two tables, a list of what is in one, and how long that is. */
export const COUNTER_BYTES = 4 * TABLE_BYTES + 8;

/** How often each 16-bit code occurs, in two tables of 32-bit counters in shared memory. */
export class CodeCounter {
  readonly #first: Uint32Array;
  readonly #second: Uint32Array;
  readonly #words: Uint32Array;
  readonly #list: number;
  readonly #size: number;

  /** `address`: {@link COUNTER_BYTES} of `memory` for this counter alone, at a multiple of 4. */
  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly kernels: Kernels,
    private readonly address: number,
  ) {
    this.#first = new Uint32Array(memory.buffer, address, 65_536);
    this.#second = new Uint32Array(memory.buffer, this.#secondAddress, 65_536);
    this.#words = new Uint32Array(memory.buffer);
    this.#list = address + 2 * TABLE_BYTES;
    this.#size = address + 4 * TABLE_BYTES;
  }

  get #secondAddress(): number {
    return this.address + TABLE_BYTES;
  }

  /** Every code of [from, to) into the first table; the length is even. */
  codes(from: number, to: number): void {
    const kernel = this.kernels.get("countCodes");
    if (from % 2 !== 0) return kernel(from, to, this.address);
    const begin = Math.min(to, from + from % 4);
    const end = wholeSteps(begin, to);
    kernel(from, begin, this.address);
    countCodes(this.#words, begin / 4, end / 4, this.#first);
    kernel(end, to, this.address);
  }

  /** Of every 32-bit word of [from, to) the low half into the first table, the high half into the second. */
  halves(from: number, to: number): void {
    const kernel = this.kernels.get("countHalves");
    const end = from % 4 === 0 ? wholeSteps(from, to) : from;
    countHalves(this.#words, from / 4, end / 4, this.#first, this.#second);
    kernel(end, to, this.address, this.#secondAddress);
  }

  /** Into the first table, of every block of `size` bytes in [from, to), `length` bytes from its byte `at` on. */
  blockCodes(from: number, to: number, size: number, at: number, length: number): void {
    this.kernels.get("countBlockCodes")(from, to, size, at, length, this.address);
  }

  /** Into the second table, of every block of `size` bytes in [from, to), the 16 bits at its byte `at`, ANDed with `mask`. */
  field(from: number, to: number, size: number, at: number, mask: number): void {
    this.kernels.get("countField")(from, to, size, at, mask, this.#secondAddress);
  }

  /** One code into the second table. */
  one(code: number): void {
    this.#second[code] = (this.#second[code] ?? 0) + 1;
  }

  /** What both tables hold, which are empty then. */
  take(): { readonly first: CodeCounts; readonly second: CodeCounts } {
    return { first: this.#collect(this.address), second: this.#collect(this.#secondAddress) };
  }

  #collect(table: number): CodeCounts {
    this.kernels.get("collect")(table, this.#list, this.#size);
    const [size = 0] = new Uint32Array(this.memory.buffer, this.#size, 1);
    const pairs = new Uint32Array(this.memory.buffer, this.#list, 2 * size);
    const codes = new Uint16Array(size);
    const counts = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      codes[i] = pairs[2 * i] ?? 0;
      counts[i] = pairs[2 * i + 1] ?? 0;
    }
    return { codes, counts };
  }
}

/** Where the last whole step of words ends that begins at `from`. */
function wholeSteps(from: number, to: number): number {
  return to - (to - from) % (4 * WORDS_AT_ONCE);
}
