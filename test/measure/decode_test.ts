import assert from "node:assert/strict";
import { decodeTensorType } from "../../src/measure/decode/mod.ts";

interface GoldenVector {
  readonly type: string;
  readonly bytes: string;
  readonly values: string;
}

function vectors(name: string): GoldenVector[] {
  return JSON.parse(Deno.readTextFileSync(new URL(`./golden/${name}`, import.meta.url)));
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [(a[i] ?? 0) - meanA, (b[i] ?? 0) - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

for (const file of ["random.json", "llama_quantize.json"]) {
  for (const { type, bytes, values } of vectors(file)) {
    Deno.test(`decodeTensorType() reads ${type} as the gguf package does (${file})`, () => {
      const decoded = decodeTensorType(type, fromBase64(bytes));
      const expected = new Float32Array(fromBase64(values).buffer);
      assert.equal(decoded.length, expected.length);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = expected.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (decoded[i] ?? NaN))),
        0,
      );
      const alike = correlation(decoded, expected);
      console.log(`${type}: correlation ${alike.toFixed(9)}, largest error ${error} of ${largest}`);
      assert.ok(error <= 2 ** -22 * largest);
      assert.ok(alike > 1 - 1e-12);
    });
  }
}

/** One block each whose values follow from the layout by hand, for types the gguf package does not decode. */
const byHand: [type: string, bytes: number[], first: number[]][] = [
  ["Q1_0", [0x00, 0x40, 0b101, ...new Array<number>(15).fill(0)], [2, -2, 2, -2]],
  ["Q2_0", [0x00, 0x40, 0b11_10_01_00, ...new Array<number>(15).fill(0)], [-2, 0, 2, 4]],
  ["Q8_1", [0x00, 0x40, 0, 0, 3, 0xff, ...new Array<number>(30).fill(0)], [6, -2, 0]],
  ["Q8_K", [0, 0, 0, 0x40, 3, 0xff, ...new Array<number>(286).fill(0)], [6, -2, 0]],
  ["F8_E4M3", [0x38, 0xb8, 0x7e, 0x01], [1, -1, 448, 2 ** -9]],
  ["F8_E5M2", [0x3c, 0xfb, 0x7c, 0x01], [1, -57344, Infinity, 2 ** -16]],
  ["F8_E4M3FNUZ", [0x40, 0x80, 0x7f], [1, NaN, 240]],
  ["F8_E5M2FNUZ", [0x40, 0x80, 0x7f], [1, NaN, 57344]],
  ["F8_E8M0", [127, 128, 255], [1, 2, NaN]],
  ["F4", [0xf1, 0x72], [0.5, -6, 1, 6]],
  ["F6_E2M3", [0b01_001000, 0b0000_1000, 0], [1, -0.125, 0, 0]],
  ["BOOL", [0, 1], [0, 1]],
  ["I16", [0xff, 0xff], [-1]],
  ["U16", [0xff, 0xff], [65535]],
  ["I64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]],
  ["BF16", [0x80, 0x3f, 0x80, 0x7f], [1, Infinity]],
];
for (const [type, bytes, first] of byHand) {
  Deno.test(`decodeTensorType() reads ${type} as its layout says`, () => {
    const decoded = decodeTensorType(type, Uint8Array.from(bytes));
    assert.deepEqual([...decoded.slice(0, first.length)], first.map(Math.fround));
  });
}

Deno.test("decodeTensorType() refuses half a block and unknown types", () => {
  assert.throws(() => decodeTensorType("Q4_0", new Uint8Array(17)), RangeError);
  assert.throws(() => decodeTensorType("Q4_9", new Uint8Array(18)), RangeError);
});
