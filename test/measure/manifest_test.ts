import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { measureFile } from "../../src/engine/pass.ts";
import { MemorySource } from "../../src/formats/source.ts";
import type { TensorSpan } from "../../src/formats/tensor.ts";
import {
  compareManifests,
  type Difference,
  isIntact,
  makeManifest,
  type ModelManifest,
} from "../../src/measure/manifest.ts";
import { randomBytes, seededRandom } from "./synthetic.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

const SPANS: TensorSpan[] = [
  { name: "a", type: "F16", shape: [4], offset: 16, sizeBytes: 8 },
  { name: "b", type: "U8", shape: [5], offset: 32, sizeBytes: 5 },
  { name: "c", type: "Q8_0", shape: [32], offset: 40, sizeBytes: 34 },
];

async function manifestOf(bytes: Uint8Array, spans: readonly TensorSpan[] = SPANS): Promise<ModelManifest> {
  const tensors: { span: TensorSpan; sha256: string }[] = [];
  const source = new MemorySource(bytes);
  const file = await measureFile({
    source,
    spans,
    want: "digests",
    onTensor: (tensor) => tensors.push(tensor),
  }, null);
  return makeManifest(hash, { ...file, tensors });
}

const bytes = randomBytes(80, seededRandom(1));

/** What a changed byte at an offset must be called. */
function expectedAt(offset: number): Difference {
  if (offset < 16) return { what: "header" };
  const span = SPANS.find((one) => offset >= one.offset && offset < one.offset + one.sizeBytes);
  return span === undefined ? { what: "padding" } : { what: "weights", tensor: span.name };
}

Deno.test("flipping any one bit changes the root and names what changed", async () => {
  const before = await manifestOf(bytes);
  assert.ok(isIntact(hash, before));
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const after = await manifestOf(flipped);
    assert.notEqual(after.merkle_root, before.merkle_root);
    assert.deepEqual(compareManifests(before, after), [expectedAt(bit >> 3)]);
  }
});

const [a, b, c] = SPANS;
assert.ok(a && b && c);
const structural: [what: string, spans: TensorSpan[], differences: Difference[]][] = [
  ["a tensor renamed", [a, { ...b, name: "x" }, c], [{ what: "removed", tensor: "b" }, {
    what: "added",
    tensor: "x",
  }]],
  ["a type changed", [{ ...a, type: "BF16" }, b, c], [{ what: "type", tensor: "a" }]],
  ["a shape changed", [{ ...a, shape: [2, 2] }, b, c], [{ what: "shape", tensor: "a" }]],
  ["a tensor dropped", [a, b], [{ what: "padding" }, { what: "removed", tensor: "c" }]],
  ["two names swapped", [{ ...a, name: "b" }, { ...b, name: "a" }, c], [
    { what: "order" },
    { what: "type", tensor: "b" },
    { what: "shape", tensor: "b" },
    { what: "place", tensor: "b" },
    { what: "weights", tensor: "b" },
    { what: "type", tensor: "a" },
    { what: "shape", tensor: "a" },
    { what: "place", tensor: "a" },
    { what: "weights", tensor: "a" },
  ]],
];
for (const [what, spans, differences] of structural) {
  Deno.test(`P124: ${what} changes the root and is named`, async () => {
    const before = await manifestOf(bytes);
    const after = await manifestOf(bytes, spans);
    assert.notEqual(after.merkle_root, before.merkle_root);
    assert.deepEqual(compareManifests(before, after), differences);
  });
}

Deno.test("an edited manifest is no longer intact", async () => {
  const manifest = await manifestOf(bytes);
  assert.ok(!isIntact(hash, { ...manifest, head_sha256: hash("x") }));
  assert.ok(!isIntact(hash, { ...manifest, tensors: manifest.tensors.slice(0, 2) }));
  assert.ok(!isIntact(hash, { ...manifest, tensors: [...manifest.tensors].reverse() }));
});

Deno.test("P125: the structural fingerprint is that of the architecture alone", async () => {
  const before = await manifestOf(bytes);
  const otherWeights = await manifestOf(randomBytes(80, seededRandom(2)));
  assert.equal(otherWeights.structure_sha256, before.structure_sha256);
  assert.notEqual((await manifestOf(bytes, [a, b])).structure_sha256, before.structure_sha256);
});
