import assert from "node:assert/strict";
import { parseGguf } from "../../src/formats/gguf.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import type { RuleId } from "../../src/model/rules/mod.ts";
import { arr, gguf, str, tinyLlama, u32 } from "../make/gguf.ts";
import { GGUF_FOUND, GGUF_REFUSED } from "../vectors/gguf.ts";
import { GGUF_CLEAN } from "../vectors/gguf_clean.ts";

const parse = (bytes: Uint8Array) => parseGguf(new MemorySource(bytes));

/** The error by which a file is refused; fails when it is accepted or another error is thrown. */
function refusal(bytes: Uint8Array): FormatError {
  try {
    parse(bytes);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  assert.fail("the file was accepted");
}

for (const { row, why, bytes, rule } of GGUF_REFUSED) {
  Deno.test(`parseGguf() refuses ${why} (${row})`, () => assert.equal(refusal(bytes()).rule, rule));
}

for (const { row, why, bytes, rule } of GGUF_FOUND) {
  Deno.test(`parseGguf() reports ${why} (${row})`, () => {
    assert.ok(parse(bytes()).findings.some((found) => found.rule === rule));
  });
}

for (const { sort, why, bytes, kind, notes = [] } of GGUF_CLEAN) {
  Deno.test(`parseGguf() accepts ${sort}: ${why}`, () => {
    const file = parse(bytes());
    assert.equal(file.kind, kind);
    assert.deepEqual(file.findings.map((found) => found.rule), notes);
  });
}

Deno.test("P105: parseGguf() checks the magic before anything else", () => {
  const { rule, place } = refusal(
    new TextEncoder().encode("PK\x03\x04 and so on, up to the length of a header"),
  );
  assert.equal(rule, "gguf/magic");
  assert.deepEqual(place, { offset: 0, field: "magic" });
});

Deno.test("parseGguf() returns what was written", () => {
  const bytes = gguf({
    version: 2,
    alignment: 64,
    kv: [["general.architecture", str("llama")], ["a.b", arr("INT16", [1, -2])], ["x.n", {
      type: "UINT64",
      value: 7n,
    }]],
    tensors: [{ name: "a", type: "Q8_0", dims: [32, 2] }, { name: "b", type: "F16", dims: [3] }],
  });
  const file = parse(bytes);
  assert.deepEqual([file.version, file.alignment, file.architecture, file.split], [2, 64, "llama", null]);
  assert.deepEqual(file.metadata.get("x.n"), {
    type: "UINT64",
    value: 7n,
    offset: file.metadata.get("x.n")?.offset,
  });
  const array = file.metadata.get("a.b");
  assert.ok(
    array?.type === "ARRAY" && array.elementType === "INT16" && array.count === 2 && array.sizeBytes === 4,
  );
  const dataOffset = bytes.byteLength - 192;
  assert.equal(file.dataOffset, dataOffset);
  assert.deepEqual(file.tensors, [
    { name: "a", type: "Q8_0", shape: [32, 2], offset: dataOffset, sizeBytes: 68 },
    { name: "b", type: "F16", shape: [3], offset: dataOffset + 128, sizeBytes: 6 },
  ]);
});

Deno.test("parseGguf() says where a fault is and what the field is called", () => {
  const bytes = gguf({
    kv: [["a", u32(1)], ["tokenizer.chat_template", { type: "STRING", value: "", length: 500n }]],
  });
  const { place, message } = refusal(bytes);
  assert.equal(place.field, 'kv[1] "tokenizer.chat_template" value length');
  assert.equal(place.offset, bytes.byteLength - 8);
  assert.match(message, /500 bytes where 0 bytes are left/);
});

Deno.test("parseGguf() finds every chat template, whatever comes before it", () => {
  const bytes = gguf({
    kv: [
      ["tokenizer.ggml.tokens", arr("STRING", Array.from({ length: 150_000 }, (_, i) => `t${i}`))],
      ["tokenizer.chat_template", str("plain")],
      ["tokenizer.chat_template.tool_use", str("named")],
      ["tokenizer.chat_templates", arr("STRING", ["one", "two"])],
    ],
  });
  assert.deepEqual(parse(bytes).chatTemplates.map(({ key, text }) => [key, text]), [
    ["tokenizer.chat_template", "plain"],
    ["tokenizer.chat_template.tool_use", "named"],
    ["tokenizer.chat_templates[0]", "one"],
    ["tokenizer.chat_templates[1]", "two"],
  ]);
});

const limits: [what: string, at: (value: number) => Uint8Array, limit: number, rule: RuleId][] = [
  ["key length", (n) => gguf({ kv: [["k".repeat(n), u32(1)]] }), 65_535, "gguf/length"],
  ["tensor name", (n) => gguf({ tensors: [{ name: "n".repeat(n), dims: [1] }] }), 63, "gguf/tensor-name"],
  [
    "template size",
    (n) => gguf({ kv: [["tokenizer.chat_template", str("t".repeat(n))]] }),
    2 ** 20,
    "gguf/template-size",
  ],
  ["text size", (n) => gguf({ kv: [["general.name", str("t".repeat(n))]] }), 2 ** 24, "gguf/length"],
  ["array elements", (n) => gguf({ kv: [["a", bytesArray(n)]] }), 4_194_304, "gguf/count"],
  ["dimensions", (n) => gguf({ tensors: [{ name: "w", dims: Array(n).fill(1) }] }), 4, "gguf/tensor-rank"],
  [
    "keys",
    (n) => gguf({ kv: Array.from({ length: n }, (_, i) => [`k${i}`, u32(i)] as const) }),
    65_536,
    "gguf/count",
  ],
  [
    "tensors",
    (n) => gguf({ tensors: Array.from({ length: n }, (_, i) => ({ name: `${i}`, dims: [1] })) }),
    65_536,
    "gguf/count",
  ],
];
for (const [what, at, limit, rule] of limits) {
  Deno.test(`parseGguf() holds the limit of ${limit} for ${what}`, () => {
    parse(at(limit - 1));
    parse(at(limit));
    assert.equal(refusal(at(limit + 1)).rule, rule);
  });
}

/** An array of `n` bytes as one raw value. */
function bytesArray(n: number) {
  const bytes = new Uint8Array(12 + n);
  new DataView(bytes.buffer).setBigUint64(4, BigInt(n), true);
  return { typeId: 9, bytes };
}

Deno.test("parseGguf() refuses metadata whose texts together are too large", () => {
  const text = str("t".repeat(16 * 2 ** 20));
  const bytes = gguf({ kv: [["a", text], ["b", text]] });
  assert.equal(refusal(bytes).rule, "gguf/metadata-size");
});

Deno.test("parseGguf() reads bytes that do not begin at their buffer's start", () => {
  const bytes = tinyLlama();
  const shifted = new Uint8Array(bytes.byteLength + 13).fill(0xaa);
  shifted.set(bytes, 5);
  assert.deepEqual(parse(shifted.subarray(5, 5 + bytes.byteLength)), parse(bytes));
});

Deno.test("parseGguf() refuses every prefix of a small file", () => {
  const bytes = smallFile();
  for (let length = 0; length < bytes.byteLength; length++) refusal(bytes.subarray(0, length));
  parse(bytes);
});

Deno.test("parseGguf() survives every single-byte change of a small file", () => {
  const bytes = smallFile();
  for (let i = 0; i < bytes.byteLength; i++) {
    const original = bytes[i] ?? 0;
    for (const change of [0x01, 0x80, 0xff]) {
      bytes[i] = original ^ change;
      try {
        parse(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError, `byte ${i} ^ ${change}: ${error}`);
      }
    }
    bytes[i] = original;
  }
});

/** Ends with the last byte of its last tensor, so that no prefix is whole. */
function smallFile(): Uint8Array {
  return gguf({
    kv: [
      ["general.architecture", str("llama")],
      ["llama.attention.head_count", arr("UINT32", [1, 2])],
      ["tokenizer.ggml.tokens", arr("STRING", ["<0x00>", "b"])],
      ["tokenizer.ggml.token_type", arr("INT32", [6, 1])],
      ["tokenizer.chat_template", str("{{ messages }}")],
    ],
    tensors: [{ name: "a", dims: [3] }, { name: "b", type: "Q4_0", dims: [32, 2] }],
    lastTensor: "bare",
  });
}

Deno.test("parseGguf() takes the vocabulary of the largest models and 60,000 tensors in its stride", () => {
  const vocabulary = GGUF_CLEAN.find(({ why }) => why.startsWith("262,144"));
  assert.ok(vocabulary);
  const tensors = Array.from({ length: 60_000 }, (_, i) => ({ name: `blk.${i}.w`, dims: [3] }));
  // The budgets are 50 ms and 1 s; a busy machine gets ten times as much before this fails.
  assert.ok(fastest(vocabulary.bytes()) < 500);
  assert.ok(fastest(gguf({ tensors })) < 10_000);
});

/** Milliseconds of the fastest of three parses. */
function fastest(bytes: Uint8Array): number {
  return Math.min(...[1, 2, 3].map(() => {
    const began = performance.now();
    parse(bytes);
    return performance.now() - began;
  }));
}
