import assert from "node:assert/strict";
import { type BlockFormat, emptyBlock } from "../../../src/measure/decode/block.ts";
import { tensorFormats, values } from "../../../src/measure/decode/mod.ts";
import {
  BLOCK_KERNELS,
  compileKernels,
  FREE_ADDRESS,
  Kernels,
  RESULT,
} from "../../../src/measure/wasm/mod.ts";
import { halfBits, seededRandom } from "../synthetic.ts";

const PAGES = 4;
const FORMATS = tensorFormats();
const TYPES = Object.keys(BLOCK_KERNELS);
const random = seededRandom(12);

function blockFormat(type: string): BlockFormat {
  const format = FORMATS.get(type);
  assert.ok(format?.kind === "block");
  return format.block;
}

interface Moments {
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly codeSum: number;
  readonly codeSumOfSquares: number;
  readonly zeros: number;
  readonly special: number;
}

/** What a kernel says of blocks at an odd address. */
function kernelSays(type: string): (blocks: Uint8Array) => Moments {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const kernel = new Kernels(compileKernels([type], [], PAGES), memory).get(type);
  const address = FREE_ADDRESS + 65;
  return (blocks) => {
    new Uint8Array(memory.buffer).set(blocks, address);
    kernel(address, address + blocks.length, FREE_ADDRESS);
    const view = new DataView(memory.buffer, FREE_ADDRESS);
    const double = (name: keyof typeof RESULT) => view.getFloat64(RESULT[name], true);
    return {
      sum: double("sum"),
      sumOfSquares: double("sumOfSquares"),
      minimum: double("minimum"),
      maximum: double("maximum"),
      codeSum: double("codeSum"),
      codeSumOfSquares: double("codeSumOfSquares"),
      zeros: view.getInt32(RESULT.zeros, true),
      special: view.getInt32(RESULT.special, true),
    };
  };
}

/** The same of a reader that takes one value at a time. Steps with a scale that is not finite are left out. */
function readerSays(type: string, blocks: Uint8Array): Moments & { sizes: number } {
  const block = blockFormat(type);
  const stepBytes = block.bytes * (BLOCK_KERNELS[type]?.blocksPerStep ?? 1);
  const found = { sum: 0, sumOfSquares: 0, codeSum: 0, codeSumOfSquares: 0, zeros: 0, special: 0, sizes: 0 };
  let [minimum, maximum] = [Infinity, -Infinity];
  const decoded = emptyBlock();
  for (let at = 0; at < blocks.length; at += stepBytes) {
    const step = blocks.subarray(at, at + stepBytes);
    if (hasSpecialScale(block, step)) {
      found.special++;
      continue;
    }
    for (const value of values({ kind: "block", block }, step)) {
      found.sum += value;
      found.sizes += Math.abs(value);
      found.sumOfSquares += value * value;
      if (value === 0) found.zeros++;
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
    }
    for (let from = 0; from < stepBytes; from += block.bytes) {
      block.unpack(step, from, decoded);
      for (const code of decoded.codes.subarray(0, block.elements)) {
        found.codeSum += code;
        found.codeSumOfSquares += code * code;
      }
    }
  }
  return { ...found, minimum, maximum };
}

function hasSpecialScale(block: BlockFormat, step: Uint8Array): boolean {
  if (block.scale.kind !== "f16") return false;
  const view = new DataView(step.buffer, step.byteOffset, step.byteLength);
  for (let from = 0; from < step.length; from += block.bytes) {
    if (block.scale.at.some((at) => (view.getUint16(from + at, true) & 0x7c00) === 0x7c00)) return true;
  }
  return false;
}

function assertSame(type: string, said: Moments, blocks: Uint8Array, why: string): void {
  const { sizes, sum, sumOfSquares, ...exact } = readerSays(type, blocks);
  const { sum: itsSum, sumOfSquares: itsSquares, ...its } = said;
  // A minimum of minus zero equals zero.
  assert.deepEqual({ ...its, minimum: its.minimum + 0, maximum: its.maximum + 0 }, {
    ...exact,
    minimum: exact.minimum + 0,
    maximum: exact.maximum + 0,
  }, why);
  assert.ok(Math.abs(itsSum - sum) <= 1e-13 * sizes, `${why}: ${itsSum} ${sum}`);
  assert.ok(
    Math.abs(itsSquares - sumOfSquares) <= 1e-12 * sumOfSquares,
    `${why}: ${itsSquares} ${sumOfSquares}`,
  );
}

const SCALES: readonly [what: string, bits: number[]][] = [
  ["of one size", [halfBits(0.01)]],
  ["of every sign", [halfBits(0.01), halfBits(-0.01), halfBits(0.02), halfBits(-0.005)]],
  ["that make whole numbers", [1, 2, 4, -1, 0.5].map(halfBits)],
  ["of zero", [0, 0x8000, halfBits(0.01)]],
  ["that are subnormal", [1, 2, 0x3ff, 0x8001, 0x83ff, 0x400]],
  ["of the greatest size", [0x7bff, 0xfbff]],
  ["as far from each other as they can be", [halfBits(1), halfBits(-1), 1, 2, 3, 4, 5]],
  ["that are not all finite", [0x7c00, 0xfc00, 0x7e00, 0x7c01, halfBits(0.01), halfBits(-0.02)]],
  ["of all kinds", Array.from({ length: 64 }, () => random() * 2 ** 16)],
];

const BYTES: readonly [what: string, draw: () => number][] = [
  ["random", () => random() * 256],
  ["mostly zero", () => random() < 0.9 ? 0 : random() * 256],
  ["of few kinds", () => [0, 0x11, 0x80, 0xff, 0x7f, 0x44][Math.floor(random() * 6)] ?? 0],
  ["zero", () => 0],
  ["as great as they can be", () => 0xff],
];

/** Blocks with such scales in them; each run of bytes of codes and small scales is drawn anew. */
function blocksOf(type: string, count: number, scales: readonly number[], draws: readonly (() => number)[]) {
  const block = blockFormat(type);
  const bytes = new Uint8Array(count * block.bytes);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += block.bytes) {
    const { at: codesAt, length } = block.codeBytes;
    const of = () => draws[Math.floor(random() * draws.length)] ?? (() => 0);
    const [codes, others] = [of(), of()];
    for (let i = 0; i < block.bytes; i++) {
      bytes[at + i] = i >= codesAt && i < codesAt + length ? codes() : others();
    }
    if (block.scale.kind !== "f16") continue;
    for (const field of block.scale.at) {
      view.setUint16(at + field, scales[Math.floor(random() * scales.length)] ?? 0, true);
    }
  }
  return bytes;
}

for (const type of TYPES) {
  Deno.test(`the kernel of ${type} says what a reader of single values says of scales and codes of all kinds`, () => {
    const says = kernelSays(type);
    for (const [scalesAre, scales] of SCALES) {
      for (const [bytesAre, draw] of [...BYTES, ["of all kinds", null] as const]) {
        const draws = draw === null ? BYTES.map(([, each]) => each) : [draw];
        const blocks = blocksOf(type, 64, scales, draws);
        assertSame(type, says(blocks), blocks, `scales ${scalesAre}, bytes ${bytesAre}`);
      }
    }
  });
}

/** The K-quants: block formats with small scales beside the half floats. */
const K_TYPES = TYPES.filter((type) => type.endsWith("_K"));

/** Finds blocks of a format by drawing bytes: nothing else need be known of its layout. */
function* drawnBlocks(
  type: string,
  scale: readonly number[],
): Generator<[Uint8Array, ReturnType<typeof emptyBlock>]> {
  const block = blockFormat(type);
  const decoded = emptyBlock();
  for (let i = 0; i < 20_000; i++) {
    const bytes = blocksOf(type, 1, scale, [() => random() * 256]);
    block.unpack(bytes, 0, decoded);
    yield [bytes, decoded];
  }
}

for (const type of K_TYPES) {
  const block = blockFormat(type);
  const groups = block.elements / block.groupElements;

  Deno.test(`the kernel of ${type} misses no extreme, whatever group has it and by however little`, () => {
    const says = kernelSays(type);
    const common = halfBits(0.25);
    const seen = new Set<string>();
    for (let trial = 0; trial < 400; trial++) {
      const blocks = blocksOf(type, 24, [common, common + 1, common - 1, common | 0x8000], [
        BYTES[0]?.[1] ?? random,
      ]);
      assertSame(type, says(blocks), blocks, `trial ${trial}`);
      for (const which of extremesOf(block, blocks)) seen.add(which);
    }
    assert.equal(seen.size, 2 * groups, "every group had the least and the greatest value of a later block");
  });

  if (block.scale.at.length === 2) {
    Deno.test(`the kernel of ${type} counts zeros at every code, in every group`, () => {
      const says = kernelSays(type);
      const [least, greatest] = block.codeRange;
      const seen = new Set<string>();
      for (const [bytes, { scales, offsets }] of drawnBlocks(type, [1, 2, 0.5, 0.25, 4].map(halfBits))) {
        assertSame(type, says(bytes), bytes, "zeros");
        for (let group = 0; group < groups; group++) {
          const root = -(offsets[group] ?? 0) / (scales[group] ?? 0);
          if (Number.isInteger(root) && root >= least && root <= greatest) {
            seen.add(`code ${root}`).add(`group ${group}`);
          }
        }
      }
      assert.equal(seen.size, greatest - least + 1 + groups);
    });
  }
}

/** Which groups of a later block have the least or the greatest value of all. */
function extremesOf(block: BlockFormat, blocks: Uint8Array): string[] {
  const all = [...values({ kind: "block", block }, blocks)];
  const of = (what: string, value: number) => {
    const at = all.indexOf(value);
    return at < block.elements ? [] : [`${what} ${Math.floor(at % block.elements / block.groupElements)}`];
  };
  return [...of("least", Math.min(...all)), ...of("greatest", Math.max(...all))];
}

Deno.test("sums of K-quants hold the greatest small scales and codes there can be, in a run of them", () => {
  for (const type of K_TYPES) {
    const says = kernelSays(type);
    const fills = [0x00, 0xff, 0x80, 0x7f].map((fill) => () => fill);
    const run = blocksOf(type, 65_536 / blockFormat(type).elements, [halfBits(1)], fills);
    assertSame(type, says(run), run, type);
  }
});
