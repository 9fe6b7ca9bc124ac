import assert from "node:assert/strict";
import {
  compareFingerprints,
  distance,
  makeFingerprint,
  type WeightFingerprint,
} from "../../src/measure/fingerprint.ts";
import { evidenceOf } from "./evidence.ts";
import { gauss, halfBits, seededRandom } from "./synthetic.ts";

const TENSORS = 8;
const VALUES = 4 * 65_536;

function weights(seed: number): Float32Array[] {
  const random = seededRandom(seed);
  return Array.from(
    { length: TENSORS },
    () => Float32Array.from({ length: VALUES }, () => 0.02 * gauss(random)),
  );
}

type Encode = (values: Float32Array) => Uint8Array;

const asF32: Encode = (values) => new Uint8Array(values.slice().buffer);
const asF16: Encode = (values) => new Uint8Array(Float16Array.from(values).buffer);

/** Blocks of 32 with one half float scale. */
function quantised(
  codeBytes: number,
  limit: number,
  put: (codes: number[], into: Uint8Array) => void,
): Encode {
  return (values) => {
    const size = 2 + codeBytes;
    const bytes = new Uint8Array(values.length / 32 * size);
    const view = new DataView(bytes.buffer);
    for (let block = 0; block < values.length / 32; block++) {
      const part = values.subarray(32 * block, 32 * block + 32);
      const scale = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / limit;
      view.setUint16(block * size, halfBits(scale), true);
      put(
        [...part].map((value) => Math.round(value / scale)),
        bytes.subarray(block * size + 2, (block + 1) * size),
      );
    }
    return bytes;
  };
}

const asQ8: Encode = quantised(32, 127, (codes, into) => into.set(codes.map((code) => code & 255)));
const asQ4: Encode = quantised(16, 7, (codes, into) => {
  for (let i = 0; i < 16; i++) into[i] = ((codes[i] ?? 0) + 8) | (((codes[i + 16] ?? 0) + 8) << 4);
});

async function fingerprint(
  model: readonly Float32Array[],
  type: string,
  encode: Encode,
): Promise<WeightFingerprint> {
  const tensors = model.map((values, layer) => ({
    name: `blk.${layer}.w.weight`,
    type,
    bytes: encode(values),
  }));
  return makeFingerprint(await evidenceOf(tensors));
}

const model = weights(1);

Deno.test("P168: a model is recognised in every type it is stored in", async () => {
  const source = await fingerprint(model, "F16", asF16);
  const cases: [string, Encode, string, number][] = [
    ["F16", asF16, "same-weights", 1e-9],
    ["F32", asF32, "requantised", 1e-5],
    ["Q8_0", asQ8, "requantised", 1e-3],
    ["Q4_0", asQ4, "requantised", 0.03],
  ];
  for (const [type, encode, relation, limit] of cases) {
    const compared = compareFingerprints(source, await fingerprint(model, type, encode));
    assert.equal(compared.relation, relation, type);
    assert.ok((compared.distance ?? 1) <= limit, `${type}: ${compared.distance}`);
    assert.equal(compared.tensors.length, TENSORS);
  }
});

Deno.test("P168: other weights of the same shape and size are unrelated", async () => {
  const source = await fingerprint(model, "F16", asF16);
  const other = compareFingerprints(source, await fingerprint(weights(2), "F16", asF16));
  assert.equal(other.relation, "unrelated");
  assert.ok((other.distance ?? 0) > 0.3);
});

Deno.test("a fine-tuned model is the same or related, by how far it went", async () => {
  const source = await fingerprint(model, "F16", asF16);
  const other = weights(3);
  const tuned = (share: number) =>
    model.map((values, i) => values.map((value, at) => value + share * (other[i]?.[at] ?? 0)));
  assert.equal(
    compareFingerprints(source, await fingerprint(tuned(0.05), "F16", asF16)).relation,
    "same-weights",
  );
  assert.equal(compareFingerprints(source, await fingerprint(tuned(0.7), "F16", asF16)).relation, "related");
});

Deno.test("models without common tensors are incomparable, and the names say why", async () => {
  const source = await fingerprint(model.slice(0, 1), "F16", asF16);
  const renamed = { ...source, tensors: source.tensors.map((tensor) => ({ ...tensor, name: "other" })) };
  const compared = compareFingerprints(source, renamed);
  assert.equal(compared.relation, "incomparable");
  assert.equal(distance(source, renamed), null);
  assert.deepEqual([compared.onlyInFirst, compared.onlyInSecond], [["blk.0.w.weight"], ["other"]]);
});
