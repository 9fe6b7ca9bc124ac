import assert from "node:assert/strict";
import { CodeCounter, COUNTER_BYTES } from "../../src/measure/code_counter.ts";
import type { CodeCounts } from "../../src/measure/partial.ts";
import { compileKernels, FREE_ADDRESS, Kernels } from "../../src/measure/wasm/mod.ts";
import { seededRandom } from "./synthetic.ts";

const PAGES = 24;
const DATA = FREE_ADDRESS + COUNTER_BYTES + 4096;
const LENGTHS = [0, 2, 4, 14, 16, 18, 30, 32, 50, 1024, 1026];

function counterOver(bytes: Uint8Array): CodeCounter {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  new Uint8Array(memory.buffer).set(bytes, DATA);
  return new CodeCounter(memory, new Kernels(compileKernels([], [], PAGES), memory), FREE_ADDRESS);
}

const plain = ({ codes, counts }: CodeCounts) =>
  new Map([...codes].map((code, index) => [code, counts[index] ?? 0]));

/** How often each value occurs, by code. */
function tally(values: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => a - b));
}

/** Bytes that repeat often enough for every count to matter. */
function someBytes(): Uint8Array {
  const random = seededRandom(7);
  return Uint8Array.from({ length: 2048 }, () => Math.floor(random() * 5) * 63);
}

for (const shift of [0, 1, 2, 3, 4, 5, 6, 7]) {
  Deno.test(`codes are counted exactly wherever they begin (${shift} bytes behind a word)`, () => {
    const bytes = someBytes();
    const view = new DataView(bytes.buffer);
    const counter = counterOver(bytes);
    for (const length of LENGTHS) {
      counter.codes(DATA + shift, DATA + shift + length);
      const codes = Array.from({ length: length / 2 }, (_, i) => view.getUint16(shift + 2 * i, true));
      const { first, second } = counter.take();
      assert.deepEqual(plain(first), tally(codes), `${length} bytes`);
      assert.equal(second.codes.length, 0);
    }
  });

  Deno.test(`halves are counted exactly wherever they begin (${shift} bytes behind a word)`, () => {
    const bytes = someBytes();
    const view = new DataView(bytes.buffer);
    const counter = counterOver(bytes);
    for (const length of LENGTHS.filter((one) => one % 4 === 0)) {
      counter.halves(DATA + shift, DATA + shift + length);
      const words = Array.from({ length: length / 4 }, (_, i) => view.getUint32(shift + 4 * i, true));
      const { first, second } = counter.take();
      assert.deepEqual(plain(first), tally(words.map((word) => word & 0xffff)), `low, ${length} bytes`);
      assert.deepEqual(plain(second), tally(words.map((word) => word >>> 16)), `high, ${length} bytes`);
    }
  });
}
