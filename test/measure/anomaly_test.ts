import assert from "node:assert/strict";
import { staticScore } from "../../src/measure/anomaly.ts";
import { tensorFormats } from "../../src/measure/decode/mod.ts";
import { finding, type RuleId } from "../../src/model/mod.ts";
import { findingsIn, type MadeTensor } from "./evidence.ts";
import { gauss, halfBits, heavyTailed, randomBytes, seededRandom, syntheticTensor } from "./synthetic.ts";

const random = seededRandom(9);
const VALUES = 2 ** 18;

const weights = (type: string, values = VALUES) => syntheticTensor(type, values, random);

function changed(bytes: Uint8Array, change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy, new DataView(copy.buffer));
  return copy;
}

const floats = (values: Iterable<number>) => new Uint8Array(Float32Array.from(values).buffer);

/** Widened from bfloat16: the low halves are empty. */
function widened(values = VALUES): Uint8Array {
  const words = new Uint32Array(weights("F32", values).buffer);
  return new Uint8Array(words.map((word) => word & 0xffff0000).buffer);
}

function putText(bytes: Uint8Array): void {
  const text = new TextEncoder().encode("the quick brown fox jumps over the lazy dog. ");
  for (let i = 0; i < bytes.length / 4; i++) bytes[4 * i] = text[i % text.length] ?? 0;
}

/** Replaces the codes of the blocks from one share of the tensor to another, and leaves the scales. */
function randomCodes(type: string, values: number, from: number, to: number): Uint8Array {
  const format = tensorFormats().get(type);
  if (format?.kind !== "block") throw new Error(type);
  const { bytes: size, codeBytes } = format.block;
  return changed(weights(type, values), (bytes) => {
    const blocks = bytes.length / size;
    for (let block = Math.floor(from * blocks); block < to * blocks; block++) {
      bytes.set(randomBytes(codeBytes.length, random), block * size + codeBytes.at);
    }
  });
}

const layers = (count: number, scaleOf: (layer: number) => number): MadeTensor[] =>
  Array.from({ length: count }, (_, layer) => ({
    name: `blk.${layer}.attn_q.weight`,
    type: "F32",
    bytes: floats(Array.from({ length: 4096 }, () => scaleOf(layer) * gauss(random))),
    shape: [64, 64],
  }));

const planted: [what: string, tensors: MadeTensor[], rule: RuleId][] = [
  ["one NaN in F16", [{
    type: "F16",
    bytes: changed(weights("F16"), (_, v) => v.setUint16(1000, 0x7e00, true)),
  }], "measure/not-a-number"],
  ["one infinity in F32", [{
    type: "F32",
    bytes: changed(weights("F32"), (_, v) => v.setUint32(8, 0x7f800000, true)),
  }], "measure/not-a-number"],
  ["one NaN in BF16", [{
    type: "BF16",
    bytes: changed(weights("BF16"), (_, v) => v.setUint16(6, 0x7fc0, true)),
  }], "measure/not-a-number"],
  ["a NaN scale in Q8_0", [{
    type: "Q8_0",
    bytes: changed(weights("Q8_0"), (_, v) => v.setUint16(34 * 77, 0x7e00, true)),
  }], "measure/special-scale"],
  ["an infinite minimum in Q4_K", [{
    type: "Q4_K",
    bytes: changed(weights("Q4_K"), (_, v) => v.setUint16(146, 0x7c00, true)),
  }], "measure/special-scale"],
  ["a zeroed matrix", [{ type: "F16", bytes: new Uint8Array(2 * VALUES) }], "measure/zero-matrix"],
  ["a zeroed matrix in Q4_K", [{ type: "Q4_K", bytes: new Uint8Array(144 * 100) }], "measure/zero-matrix"],
  [
    "a constant matrix",
    [{ type: "F32", bytes: floats(new Array<number>(VALUES).fill(0.5)) }],
    "measure/constant-matrix",
  ],
  ["a huge weight", [{
    type: "F32",
    bytes: changed(weights("F32"), (_, v) => v.setFloat32(400, 1e30, true)),
  }], "measure/extreme-value"],
  ["repeated blocks", [{
    type: "Q8_0",
    bytes: changed(weights("Q8_0"), (b) => {
      for (let i = 1; i < 200; i++) b.copyWithin(34 * i, 0, 34);
    }),
  }], "measure/repeated-blocks"],
  ["repeated lines of F16", [{
    type: "F16",
    bytes: changed(weights("F16"), (b) => {
      for (let i = 1; i < 100; i++) b.copyWithin(256 * i, 0, 256);
    }),
  }], "measure/repeated-blocks"],
  ["scales of every magnitude", [{
    type: "Q8_0",
    bytes: changed(weights("Q8_0"), (b, v) => {
      for (let i = 0; i < b.length; i += 34) {
        v.setUint16(i, halfBits(2 ** (28 * random() - 14) * (random() < 0.5 ? -1 : 1)), true);
      }
    }),
  }], "measure/scale-spread"],
  [
    "random bytes as Q8_0",
    [{ type: "Q8_0", bytes: randomBytes(34 * 4096, random) }],
    "measure/special-scale",
  ],
  [
    "random bytes as MXFP4",
    [{ type: "MXFP4", bytes: randomBytes(17 * 8192, random) }],
    "measure/scale-spread",
  ],
  ["random bytes as F16", [{ type: "F16", bytes: randomBytes(2 ** 17, random) }], "measure/not-a-number"],
  [
    "random codes under true scales",
    [{ type: "Q4_K", bytes: randomCodes("Q4_K", 2 ** 22, 0, 1) }],
    "measure/random-codes",
  ],
  [
    "a stretch of random codes in Q4_K",
    [{ type: "Q4_K", bytes: randomCodes("Q4_K", 2 ** 20, 0.5, 0.7) }],
    "measure/random-stretch",
  ],
  [
    "a stretch of random codes in Q8_0",
    [{ type: "Q8_0", bytes: randomCodes("Q8_0", 2 ** 20, 0.1, 0.25) }],
    "measure/random-stretch",
  ],
  ["text in low bytes", [{ type: "F32", bytes: changed(weights("F32"), putText) }], "measure/low-bits-text"],
  ["text in widened weights", [{ type: "F32", bytes: changed(widened(), putText) }], "measure/low-bits-text"],
  ["encrypted data in part of widened weights", [{
    type: "F32",
    bytes: changed(widened(), (b) => {
      for (let i = 0; i < b.length / 2; i += 4) b.set(randomBytes(2, random), i);
    }),
  }], "measure/low-bits-mixed"],
  ["one layer out of size", layers(16, (layer) => layer === 5 ? 4 : 0.02), "measure/role-outlier"],
  [
    "encrypted data as U8",
    [{ type: "U8", bytes: randomBytes(2 ** 20 + 2 ** 18, random) }],
    "measure/random-bytes",
  ],
];

for (const [what, tensors, rule] of planted) {
  Deno.test(`P095: ${what} is found (${rule})`, async () => {
    const found = (await findingsIn(tensors)).find((one) => one.rule === rule);
    assert.ok(found, "found");
    assert.ok(found.tensor !== undefined && found.message.includes(found.tensor), "P115: names the tensor");
    if (found.severity === "suspicious") {
      assert.ok((found.confidence ?? 0) > 0.5, "P115: says how sure it is");
    }
  });
}

const matrix = (type: string, draw = gauss): MadeTensor => ({
  type,
  bytes: syntheticTensor(type, VALUES, random, draw),
});

/** Legitimate tensors that look like one of the plants. */
const clean: [what: string, tensors: MadeTensor[]][] = [
  ...["F64", "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q6_K", "IQ4_NL", "MXFP4"].flatMap((
    type,
  ): [string, MadeTensor[]][] => [
    [`normal weights in ${type}`, [matrix(type)]],
    [`heavy-tailed weights in ${type}`, [matrix(type, heavyTailed)]],
  ]),
  ["evenly spread weights in F32", [{
    type: "F32",
    bytes: floats(Array.from({ length: VALUES }, () => random() - 0.5)),
  }]],
  ["a norm of ones", [{
    name: "blk.0.attn_norm.weight",
    type: "F32",
    shape: [4096],
    bytes: floats(new Array<number>(4096).fill(1)),
  }]],
  ["a bias of zeros", [{
    name: "blk.0.attn_q.bias",
    type: "F32",
    shape: [4096],
    bytes: new Uint8Array(16384),
  }]],
  ["a router bias of zeros", [{
    name: "blk.3.exp_probs_b.bias",
    type: "F32",
    shape: [256],
    bytes: new Uint8Array(1024),
  }]],
  ["an untrained LoRA matrix", [{
    name: "layers.0.q_proj.lora_B.weight",
    type: "F32",
    bytes: new Uint8Array(65536),
  }]],
  ["a mask of minus infinity", [{
    name: "h.0.attn.masked_bias",
    type: "F32",
    bytes: floats(Array.from({ length: 4096 }, (_, i) => i % 2 ? -Infinity : 0)),
  }]],
  ["rope frequencies", [{
    name: "rope_freqs.weight",
    type: "F32",
    shape: [64],
    bytes: floats(Array.from({ length: 64 }, (_, i) => 10_000 ** (-i / 64))),
  }]],
  ["position numbers", [{
    name: "embeddings.position_ids",
    type: "I64",
    shape: [1, 512],
    bytes: new Uint8Array(BigInt64Array.from({ length: 512 }, (_, i) => BigInt(i)).buffer),
  }]],
  ["embeddings with unused rows of zeros", [{
    name: "token_embd.weight",
    type: "F16",
    bytes: changed(weights("F16"), (b) => b.fill(0, 0, b.length / 4)),
  }]],
  ["Q4_0 rows of zeros, which repeat with a zero scale", [{
    type: "Q4_0",
    bytes: changed(weights("Q4_0"), (b) => {
      for (let i = 0; i < 18 * 512; i += 18) b.set([0, 0x80, ...new Array<number>(16).fill(0x88)], i);
    }),
  }]],
  ["weights widened from BF16", [{ type: "F32", bytes: widened() }]],
  ["weights widened from F16", [{
    type: "F32",
    bytes: floats(Float16Array.from({ length: VALUES }, () => 0.02 * gauss(random))),
  }]],
  ["layers that grow threefold", layers(24, (layer) => 0.02 * (1 + layer / 12))],
  ["a first layer five times the others", layers(24, (layer) => layer === 0 ? 0.1 : 0.02)],
  ["a model of few layers", layers(4, (layer) => 0.01 * 4 ** layer)],
  ["small tensors", [{ type: "Q8_0", shape: [2, 32], bytes: weights("Q8_0", 1024) }]],
  ["an empty tensor", [{ type: "F32", shape: [0, 4], bytes: new Uint8Array(0) }]],
];
for (const [what, tensors] of clean) {
  Deno.test(`no false alarm for ${what}`, async () => assert.deepEqual(await findingsIn(tensors), []));
}

Deno.test("a pruned matrix is noted, not refused", async () => {
  const bytes = changed(weights("F16"), (b) => b.fill(0, 0, 0.6 * b.length));
  const found = await findingsIn([{ type: "F16", bytes }]);
  assert.deepEqual(found.map((one) => [one.rule, one.severity]), [["measure/mostly-zero", "info"]]);
});

Deno.test("P095: the score is 0 without findings and counts suspicious ones only", () => {
  const suspicious = (confidence: number) => finding("measure/zero-matrix", "x", { confidence });
  assert.equal(staticScore([]), 0);
  assert.equal(staticScore([finding("measure/mostly-zero", "x"), finding("measure/special-scale", "x")]), 0);
  assert.equal(staticScore([suspicious(0.5), suspicious(0.5)]), 0.75);
});
