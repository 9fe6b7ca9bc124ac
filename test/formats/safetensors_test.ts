import assert from "node:assert/strict";
import { fuzzSafetensors } from "../../scripts/fuzz_safetensors.ts";
import { parseSafetensors, type SafetensorsFile } from "../../src/formats/safetensors.ts";
import { DTYPE_BITS } from "../../src/formats/safetensors/dtypes.ts";
import { type ByteSource, MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import { isRuleId } from "../../src/model/rules/mod.ts";
import { SAFETENSORS_RULES } from "../../src/model/rules/safetensors.ts";
import { at, F32, rawHeader, safetensors, U8, W } from "../make/safetensors.ts";
import { emptyTensors, SAFETENSORS_REFUSED, SAFETENSORS_SUSPICIOUS } from "../vectors/safetensors.ts";
import { SAFETENSORS_CLEAN } from "../vectors/safetensors_clean.ts";

const parse = (bytes: Uint8Array) => parseSafetensors(new MemorySource(bytes));

function refusal(bytes: Uint8Array): FormatError {
  try {
    parse(bytes);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error("The file was accepted");
}

function outcome(bytes: Uint8Array): "accepted" | "refused" {
  try {
    parse(bytes);
    return "accepted";
  } catch (error) {
    if (error instanceof FormatError) return "refused";
    throw error;
  }
}

const small = safetensors({ a: F32(2), "b.c": U8(3), s: F32() }, { metadata: { format: "pt" }, padding: 3 });

for (const { row, why, bytes, rule } of SAFETENSORS_REFUSED) {
  Deno.test(`P106 parseSafetensors() refuses ${why} (${row}, ${rule})`, () => {
    const error = refusal(bytes());
    assert.equal(error.rule, rule, error.message);
    const { offset } = error.place;
    assert.ok(offset !== undefined && offset >= 0, "the refusal names an offset");
  });
}

for (const { row, why, bytes, rule } of SAFETENSORS_SUSPICIOUS) {
  Deno.test(`parseSafetensors() accepts ${why} and says so (${row}, ${rule})`, () => {
    assert.deepEqual(parse(bytes()).findings.map((f) => f.rule), [rule]);
  });
}

for (const { sort, why, bytes } of SAFETENSORS_CLEAN) {
  Deno.test(`parseSafetensors() accepts ${sort}: ${why}`, () => {
    assert.deepEqual(parse(bytes()).findings, []);
  });
}

Deno.test("every safetensors rule has a file that shows it", () => {
  const shown = new Set([...SAFETENSORS_REFUSED, ...SAFETENSORS_SUSPICIOUS].map(({ rule }) => rule));
  const missing = Object.keys(SAFETENSORS_RULES).filter((rule) => isRuleId(rule) && !shown.has(rule));
  assert.deepEqual(missing, ["safetensors/header-limit"], "that one needs 100 MB and has its own test");
});

Deno.test("parseSafetensors() tells where each tensor lies", () => {
  const headerBytes = Number(new DataView(small.buffer).getBigUint64(0, true));
  const dataOffset = 8 + headerBytes;
  const expected: SafetensorsFile = {
    tensors: [
      { name: "a", type: "F32", shape: [2], offset: dataOffset, sizeBytes: 8 },
      { name: "b.c", type: "U8", shape: [3], offset: dataOffset + 8, sizeBytes: 3 },
      { name: "s", type: "F32", shape: [], offset: dataOffset + 11, sizeBytes: 4 },
    ],
    metadata: new Map([["format", "pt"]]),
    headerBytes,
    dataOffset,
    findings: [],
  };
  assert.deepEqual(parse(small), expected);
});

Deno.test("parseSafetensors() gives tensors in file order, those without bytes before their neighbour", () => {
  const file = parse(safetensors({ c: at(4, 8), b: at(0, 4), empty: at(4, 4), last: at(8, 8) }));
  assert.deepEqual(file.tensors.map((t) => t.name), ["b", "empty", "c", "last"]);
});

Deno.test("parseSafetensors() knows the size of all 22 dtypes", () => {
  assert.equal(DTYPE_BITS.size, 22);
  for (const [dtype, bits] of DTYPE_BITS) {
    const [tensor] = parse(safetensors({ w: { dtype, shape: [8] } })).tensors;
    assert.equal(tensor?.sizeBytes, bits);
  }
});

Deno.test("a refusal names the byte, the field and the tensor", () => {
  const text = `{"model.w":{"dtype":"U8","shape":[1,-2],"data_offsets":[0,1]}}`;
  const error = refusal(rawHeader(text, new Uint8Array(1)));
  assert.deepEqual(error.place, {
    offset: 8 + text.indexOf("-2"),
    field: `$["model.w"].shape[1]`,
    tensor: "model.w",
  });
  assert.equal(error.message, `$["model.w"].shape[1]: -2 is below zero`);
});

Deno.test("a hole is named by its first byte", () => {
  const bytes = safetensors({ a: at(0, 8), b: at(9, 16) });
  assert.deepEqual(refusal(bytes).place, {
    offset: bytes.byteLength - 8,
    field: "data_offsets",
    tensor: "b",
  });
});

const limits: [what: string, below: () => Uint8Array, at: () => Uint8Array, above: () => Uint8Array][] = [
  ["tensors", () => emptyTensors(149_999), () => emptyTensors(150_000), () => emptyTensors(150_001)],
  ["dimensions", () => rank(63), () => rank(64), () => rank(65)],
  ["padding", () => padded(2 ** 20 - 1), () => padded(2 ** 20), () => padded(2 ** 20 + 1)],
  ["one text", () => text(2 ** 24 - 1), () => text(2 ** 24), () => text(2 ** 24 + 1)],
  ["kept text", () => texts(-1), () => texts(0), () => texts(1)],
];
for (const [what, below, exactly, above] of limits) {
  Deno.test(`parseSafetensors() keeps the limit of ${what}: below, at, above`, () => {
    assert.deepEqual([below, exactly, above].map((make) => outcome(make())), [
      "accepted",
      "accepted",
      "refused",
    ]);
  });
}

Deno.test("parseSafetensors() keeps the limit of the header: below, at, above", () => {
  const outcomes = [99_999_999, 100_000_000, 100_000_001].map((length) => {
    try {
      parseSafetensors(new HeaderOfSpaces(length));
      return "accepted";
    } catch (error) {
      assert.ok(error instanceof FormatError);
      return error.rule;
    }
  });
  assert.deepEqual(outcomes, ["json/whitespace-run", "json/whitespace-run", "safetensors/header-limit"]);
});

Deno.test("parseSafetensors() reads no tensor data and little more than the header", () => {
  const bytes = safetensors({ w: U8(2 ** 24) });
  let asked = 0;
  const source: ByteSource = {
    sizeBytes: bytes.byteLength,
    read(offset, into) {
      asked += into.byteLength;
      return new MemorySource(bytes).read(offset, into);
    },
  };
  const { headerBytes } = parseSafetensors(source);
  assert.equal(asked, 8 + headerBytes);
});

Deno.test("parseSafetensors() blames the disk, not the file, when bytes vanish while it reads", () => {
  const source: ByteSource = { sizeBytes: 100, read: () => 0 };
  assert.throws(() => parseSafetensors(source), (error) => !(error instanceof FormatError));
});

Deno.test("parseSafetensors() reads a part of a larger buffer", () => {
  const larger = new Uint8Array(small.byteLength + 64).fill(0x7b);
  larger.set(small, 13);
  assert.deepEqual(parse(larger.subarray(13, 13 + small.byteLength)), parse(small));
});

Deno.test("parseSafetensors() refuses every prefix of a file", () => {
  for (let length = 0; length < small.byteLength; length++) {
    assert.equal(outcome(small.subarray(0, length)), "refused", `the first ${length} bytes`);
  }
});

Deno.test("parseSafetensors() accepts or refuses every change of a single byte of the header", () => {
  const dataOffset = parse(small).dataOffset;
  for (let index = 0; index < dataOffset; index++) {
    for (let value = 0; value < 256; value++) {
      const bytes = small.slice();
      bytes[index] = value;
      outcome(bytes);
    }
  }
});

Deno.test("what the builder writes is what the parser reads", () => {
  const shapes = [[], [1], [2, 3], [0, 5], [4, 1, 2]];
  const specs = [...DTYPE_BITS.keys()].flatMap((dtype, i) =>
    shapes.map((shape, j) => [`${dtype}.${j}`, { dtype, shape: [...shape, 8 + i % 2 * 4] }] as const)
  );
  const read = parse(safetensors(Object.fromEntries(specs))).tensors;
  assert.deepEqual(read.map(({ name, type, shape }) => [name, { dtype: type, shape }]), specs);
});

Deno.test("fuzz: 2,000 safetensors files break no invariant", () => {
  const { cases, accepted, refused } = fuzzSafetensors({ seed: 1, cases: 2000 });
  assert.equal(cases, accepted + refused);
  assert.ok(accepted > 200 && refused > 200, `${accepted} accepted, ${refused} refused`);
});

function rank(dimensions: number): Uint8Array {
  return safetensors({ w: U8(...Array<number>(dimensions).fill(1)) });
}

function padded(spaces: number): Uint8Array {
  return rawHeader(`{"w":${W}}${" ".repeat(spaces)}`, new Uint8Array(1));
}

function text(length: number): Uint8Array {
  return safetensors({}, { metadata: { a: "x".repeat(length) } });
}

/** Metadata that takes `extra` bytes more than may be kept: two entries, each a key of one letter. */
function texts(extra: number): Uint8Array {
  const half = 10 * 2 ** 20 - 64 - 1;
  return safetensors({}, { metadata: { a: "x".repeat(half), b: "x".repeat(half + extra) } });
}

/** A file of nothing but white space that claims to be a header, made up as it is read. */
class HeaderOfSpaces implements ByteSource {
  readonly sizeBytes: number;

  constructor(readonly headerBytes: number) {
    this.sizeBytes = 8 + headerBytes;
  }

  read(offset: number, into: Uint8Array): number {
    into.fill(0x20);
    if (offset === 0) {
      new DataView(into.buffer, into.byteOffset).setBigUint64(0, BigInt(this.headerBytes), true);
    }
    return into.byteLength;
  }
}
