import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type MeasuredFile,
  type MeasuredTensor,
  measureFile,
  measureStretches,
  type PassRequest,
} from "../../src/engine/pass.ts";
import { WorkerPool } from "../../src/engine/workers.ts";
import { MemorySource } from "../../src/formats/source.ts";
import type { TensorSpan } from "../../src/formats/tensor.ts";
import { type TensorFormat, tensorFormats, values } from "../../src/measure/decode/mod.ts";
import { bytesOf, RUN_VALUES } from "../../src/measure/layout.ts";
import type { TensorStatistics } from "../../src/measure/statistics.ts";
import { gauss, randomBytes, seededRandom, syntheticTensor } from "../measure/synthetic.ts";

const FORMATS = tensorFormats();
const random = seededRandom(5);

interface Model {
  readonly bytes: Uint8Array;
  readonly spans: TensorSpan[];
}

/** Tensors one after another behind a header, with a gap of three bytes between them. */
function model(tensors: [type: string, bytes: Uint8Array][]): Model {
  const spans: TensorSpan[] = [];
  let offset = 33;
  for (const [index, [type, bytes]] of tensors.entries()) {
    spans.push({ name: `t.${index}`, type, shape: [], offset, sizeBytes: bytes.length });
    offset += bytes.length + 3;
  }
  const bytes = randomBytes(offset, random);
  for (const [index, span] of spans.entries()) bytes.set(tensors[index]?.[1] ?? [], span.offset);
  return { bytes, spans };
}

async function measure(
  { bytes, spans }: Model,
  more: Partial<PassRequest> = {},
  workers: WorkerPool | null = null,
): Promise<{ file: MeasuredFile; tensors: Map<string, MeasuredTensor> }> {
  const tensors = new Map<string, MeasuredTensor>();
  const file = await measureFile({
    source: new MemorySource(bytes),
    spans,
    want: "digests-and-statistics",
    onTensor: (tensor) => {
      assert.ok(!tensors.has(tensor.span.name), "each tensor is told of once");
      tensors.set(tensor.span.name, tensor);
    },
    ...more,
  }, workers);
  return { file, tensors };
}

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/** The moments of all values, read one by one in double precision. */
function naive(format: TensorFormat, bytes: Uint8Array) {
  const found = { values: 0, notANumber: 0, infinite: 0, zeros: 0, minimum: Infinity, maximum: -Infinity };
  let [sum, squares] = [0, 0];
  const finite: number[] = [];
  for (const value of values(format, bytes)) {
    found.values++;
    if (Number.isNaN(value)) found.notANumber++;
    else if (!Number.isFinite(value)) found.infinite++;
    else {
      finite.push(value);
      sum += value;
      if (value === 0) found.zeros++;
      found.minimum = Math.min(found.minimum, value);
      found.maximum = Math.max(found.maximum, value);
    }
  }
  const mean = finite.length === 0 ? 0 : sum / finite.length;
  for (const value of finite) squares += (value - mean) ** 2;
  return { ...found, mean, variance: finite.length === 0 ? 0 : squares / finite.length };
}

function assertMoments(found: TensorStatistics, expected: ReturnType<typeof naive>): void {
  const { values, notANumber, infinite, zeros } = found;
  assert.deepEqual(
    { values, notANumber, infinite, zeros },
    {
      values: expected.values,
      notANumber: expected.notANumber,
      infinite: expected.infinite,
      zeros: expected.zeros,
    },
  );
  if (values > notANumber + infinite) {
    assert.equal(found.minimum, expected.minimum + 0);
    assert.equal(found.maximum, expected.maximum + 0);
  }
  const rootMeanSquare = Math.sqrt(expected.variance + expected.mean ** 2);
  assert.ok(Math.abs(found.mean - expected.mean) <= 1e-11 * rootMeanSquare, `${found.mean} ${expected.mean}`);
  assert.ok(Math.abs(found.variance - expected.variance) <= 1e-10 * rootMeanSquare ** 2);
}

/** Sizes below and above one run, in whole blocks. */
function sizes(format: TensorFormat): number[] {
  const block = format.kind === "block" ? format.block.elements : format.kind === "short" ? 4 : 1;
  return [block, 7 * block, RUN_VALUES + 3 * block].map((count) => bytesOf(format, count));
}

for (const [type, format] of FORMATS) {
  Deno.test(`statistics of ${type} are those of a reader that takes one value at a time`, async () => {
    const contents = sizes(format).flatMap((size) => [
      randomBytes(size, random),
      syntheticTensor(type, size / bytesOf(format, 1024) * 1024, random).slice(0, size),
    ]);
    const made = model(contents.map((bytes) => [type, bytes]));
    const { tensors } = await measure(made);
    for (const [index, bytes] of contents.entries()) {
      const statistics = tensors.get(`t.${index}`)?.statistics;
      assert.ok(statistics);
      // Sums of random doubles leave the range of doubles.
      if (type !== "F64" || index % 2 === 1) assertMoments(statistics, naive(format, bytes));
    }
  });
}

Deno.test("digests are those of the file, of each tensor, of the header and of the padding", async () => {
  const made = model([["F16", randomBytes(70_000, random)], ["U8", randomBytes(9, random)], [
    "F32",
    new Uint8Array(0),
  ]]);
  const { file, tensors } = await measure(made, { want: "digests" });
  const [first, second] = made.spans;
  assert.ok(first && second);
  const part = (from: number, to: number) => made.bytes.subarray(from, to);
  assert.equal(file.sha256, sha256(made.bytes));
  assert.equal(file.headSha256, sha256(part(0, 33)));
  assert.equal(
    file.paddingSha256,
    sha256(part(first.offset + first.sizeBytes, second.offset), part(second.offset + 9, made.bytes.length)),
  );
  for (const { name, offset, sizeBytes } of made.spans) {
    assert.equal(tensors.get(name)?.sha256, sha256(part(offset, offset + sizeBytes)));
    assert.equal(tensors.get(name)?.statistics, null);
  }
});

/** Every kind of tensor, large enough that passes use their workers. */
function largeModel(): Model {
  const types = ["F32", "F16", "BF16", "Q8_0", "Q4_K", "Q6_K", "Q5_0", "I8", "IQ2_XS", "F64", "F6_E2M3"];
  return model(types.flatMap((type) => {
    const format = FORMATS.get(type);
    if (format === undefined) throw new Error(type);
    const large = syntheticTensor(type, 5 * RUN_VALUES, random).slice(0, bytesOf(format, 5 * RUN_VALUES));
    const small = randomBytes(bytesOf(format, 512), random);
    return [[type, large], [type, small]];
  }));
}

Deno.test("results do not depend on the size of reads or the number of threads", async () => {
  const made = largeModel();
  const expected = await measure(made);
  for (const chunkBytes of [4096, 600_000, 4_000_000]) {
    assert.deepEqual(await measure(made, { chunkBytes }), expected);
  }
  for (const threads of [1, 2]) {
    const pool = new WorkerPool(threads);
    try {
      for (let run = 0; run < 3; run++) assert.deepEqual(await measure(made, {}, pool), expected);
    } finally {
      pool.close();
    }
  }
});

Deno.test("stretches are hashed in the place of tensors, however they are read and by however many threads", async () => {
  const made = largeModel();
  const { length } = made.bytes;
  const stretches = [[0, 0], [5, 1_000_000], [1_000_005, 3], [1_000_020, 0], [1_000_020, length - 1_000_020]]
    .map(([offset = 0, sizeBytes = 0]) => ({ offset, sizeBytes }));
  const digests = stretches.map(({ offset, sizeBytes }) =>
    sha256(made.bytes.subarray(offset, offset + sizeBytes))
  );
  const { tensors } = await measure(made);
  const statistics = new Map([...tensors].map(([name, tensor]) => [name, tensor.statistics]));
  for (const [threads, chunkBytes] of [[0, 4096], [0, 600_000], [1, 600_000], [2, 4_000_000]] as const) {
    const pool = threads === 0 ? null : new WorkerPool(threads);
    const whole = createHash("sha256");
    const found = new Map<string, TensorStatistics | null>();
    const onTensor = ({ span, statistics }: Omit<MeasuredTensor, "sha256">) =>
      void found.set(span.name, statistics);
    const source = new MemorySource(made.bytes);
    const request = { source, spans: made.spans, stretches, whole, onTensor, chunkBytes };
    assert.deepEqual(await measureStretches(request, pool), digests);
    assert.deepEqual(found, statistics);
    assert.equal(whole.digest("hex"), sha256(made.bytes));
    pool?.close();
  }
});

Deno.test("an observer sees every byte once, in order", async () => {
  const made = model([["F16", randomBytes(700_000, random)]]);
  const seen = createHash("sha256");
  let next = 0;
  await measure(made, {
    observer: {
      magics: [],
      feed(chunk, offset) {
        assert.equal(offset, next);
        next += chunk.length;
        seen.update(chunk);
      },
    },
  });
  assert.equal(seen.digest("hex"), sha256(made.bytes));
});

Deno.test("an observer is shown where magics begin, whoever measured", async () => {
  const made = largeModel();
  for (const at of [0, 4095, 4096, 999_999, made.bytes.length - 5]) made.bytes.set([9, 8, 7, 6, 5], at);
  const expected = [...made.bytes.keys()].filter((at) => made.bytes[at] === 9 && made.bytes[at + 1] === 8);
  for (const threads of [0, 1, 2]) {
    const pool = threads === 0 ? null : new WorkerPool(threads);
    const shown: number[] = [];
    await measure(made, {
      chunkBytes: 600_000,
      observer: {
        magics: [[[9], [8]]],
        feed(chunk, offset, places) {
          assert.ok(places !== null);
          for (const place of places) if (place + 1 < chunk.length) shown.push(offset + place);
        },
      },
    }, pool);
    pool?.close();
    assert.deepEqual(shown, expected, `${threads}`);
  }
});

Deno.test("a pass tells how far it is and stops when it is asked to", async () => {
  const made = model([["F16", new Uint8Array(bytesOf(FORMATS.get("F16") ?? never(), 2 ** 23))]]);
  const controller = new AbortController();
  const reason = new Error("stop");
  const pass = measure(made, { signal: controller.signal, onProgress: () => controller.abort(reason) });
  await assert.rejects(pass, reason);
});

function never(): never {
  throw new Error("no such type");
}

Deno.test("a file that ends before its tensors is not measured", async () => {
  const made = model([["F16", randomBytes(1000, random)]]);
  const source = { sizeBytes: made.bytes.length, read: () => 0 };
  await assert.rejects(measure(made, { source }), /the file ends at byte 0/);
});

Deno.test("spans of unknown type or that overlap are the caller's mistake", async () => {
  const span = { name: "a", type: "Q9_9", shape: [], offset: 0, sizeBytes: 2 };
  const bytes = new Uint8Array(4);
  await assert.rejects(measure({ bytes, spans: [span] }), RangeError);
  const overlapping = [{ ...span, type: "F16" }, { ...span, name: "b", type: "F16", offset: 1 }];
  await assert.rejects(measure({ bytes, spans: overlapping }), RangeError);
});

Deno.test("5,000 small tensors are measured in seconds", async () => {
  const small = Float32Array.from({ length: 8 }, () => gauss(random));
  const made = model(new Array<[string, Uint8Array]>(5_000).fill(["F32", new Uint8Array(small.buffer)]));
  const began = performance.now();
  const { tensors } = await measure(made);
  assert.equal(tensors.size, 5_000);
  assert.ok(performance.now() - began < 10_000);
});
