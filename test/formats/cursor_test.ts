import assert from "node:assert/strict";
import { Cursor, type CursorRules } from "../../src/formats/cursor.ts";
import { type ByteSource, MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import type { RuleId } from "../../src/model/rules/mod.ts";

const RULES: CursorRules = { truncated: "gguf/truncated", count: "gguf/count", length: "gguf/length" };
const cursorOver = (bytes: Uint8Array, offset = 0) => new Cursor(new MemorySource(bytes), RULES, offset);

function u64(value: bigint, more = 0): Uint8Array {
  const bytes = new Uint8Array(8 + more);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

function refusal(act: () => unknown): FormatError {
  try {
    act();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  assert.fail("nothing was refused");
}

Deno.test("Cursor reads every kind of number, little-endian, from any place in a buffer", () => {
  const buffer = new ArrayBuffer(60);
  const view = new DataView(buffer, 3);
  view.setUint8(0, 200);
  view.setInt8(1, -5);
  view.setUint16(2, 65_000, true);
  view.setInt16(4, -300, true);
  view.setUint32(6, 4_000_000_000, true);
  view.setInt32(10, -7, true);
  view.setBigUint64(14, 2n ** 64n - 1n, true);
  view.setBigInt64(22, -(2n ** 63n), true);
  view.setFloat32(30, 0.5, true);
  view.setFloat64(34, Math.PI, true);
  const c = cursorOver(new Uint8Array(buffer, 3, 42));
  const read = [
    c.u8(""),
    c.i8(""),
    c.u16(""),
    c.i16(""),
    c.u32(""),
    c.i32(""),
    c.u64(""),
    c.i64(""),
    c.f32(""),
  ];
  assert.deepEqual(read, [200, -5, 65_000, -300, 4e9, -7, 2n ** 64n - 1n, -(2n ** 63n), 0.5]);
  assert.equal(c.f64(""), Math.PI);
  assert.deepEqual([c.offset, c.remaining], [42, 0]);
});

const counts: [why: string, value: bigint, present: number, rule: RuleId | null][] = [
  ["below the limit", 9n, 18, null],
  ["at the limit", 10n, 20, null],
  ["above the limit", 11n, 22, "gguf/count"],
  ["of more items than bytes are left", 10n, 19, "gguf/truncated"],
  ["beyond 53 bits", 2n ** 53n, 20, "gguf/count"],
  ["of 2^64-1", 2n ** 64n - 1n, 20, "gguf/count"],
];
for (const [why, value, present, rule] of counts) {
  Deno.test(`Cursor.count() ${rule === null ? "returns" : "refuses"} a count ${why}`, () => {
    const read = () => cursorOver(u64(value, present)).count(10, 2, "items");
    if (rule === null) assert.equal(read(), Number(value));
    else assert.equal(refusal(read).rule, rule);
  });
}

const lengths: [why: string, value: bigint, present: number, rule: RuleId | null][] = [
  ["below the limit", 9n, 9, null],
  ["at the limit", 10n, 10, null],
  ["above the limit", 11n, 11, "gguf/length"],
  ["longer than what is left", 10n, 9, "gguf/truncated"],
  ["of 2^63", 2n ** 63n, 9, "gguf/length"],
];
for (const [why, value, present, rule] of lengths) {
  Deno.test(`Cursor.length() ${rule === null ? "returns" : "refuses"} a length ${why}`, () => {
    const read = () => cursorOver(u64(value, present)).length(10, "text length");
    if (rule === null) assert.equal(read(), Number(value));
    else assert.equal(refusal(read).rule, rule);
  });
}

Deno.test("Cursor says where a refused field is and what it belongs to", () => {
  const c = cursorOver(u64(5n, 2), 0);
  c.within(() => "kv[3]");
  const { place, message } = refusal(() => c.length(100, "value length"));
  assert.deepEqual(place, { offset: 0, field: "kv[3] value length" });
  assert.equal(message, "kv[3] value length needs 5 bytes where 2 bytes are left");
});

const beyond: [why: string, read: (c: Cursor) => unknown][] = [
  ["a number", (c) => c.u32("x")],
  ["bytes", (c) => c.bytes(4, "x")],
  ["bytes larger than the window", (c) => c.bytes(2 ** 40, "x")],
  ["a skip", (c) => c.skip(4, "x")],
];
for (const [why, read] of beyond) {
  Deno.test(`Cursor refuses ${why} beyond the end`, () => {
    const c = cursorOver(new Uint8Array(3));
    assert.deepEqual(refusal(() => read(c)).place, { offset: 0, field: "x" });
    assert.equal(c.offset, 0);
  });
}

Deno.test("Cursor.skipStrings() skips texts of every length and names the one it refuses", () => {
  const texts = [u64(0n), u64(3n, 3), u64(300_000n, 300_000), u64(1n, 1), u64(9n, 2)];
  const bytes = Uint8Array.from(texts.flatMap((text) => [...text]));
  const c = cursorOver(bytes);
  c.skipStrings(4, 300_000);
  assert.equal(c.remaining, 10);
  assert.deepEqual(refusal(() => cursorOver(bytes).skipStrings(5, 300_000)).place, {
    offset: bytes.byteLength - 10,
    field: "[4] length",
  });
  assert.equal(refusal(() => cursorOver(bytes).skipStrings(3, 299_999)).rule, "gguf/length");
});

Deno.test("Cursor reads across its window, in few reads", () => {
  const bytes = new Uint8Array(1_000_003).map((_, i) => i % 251);
  const memory = new MemorySource(bytes);
  let reads = 0;
  const counting: ByteSource = {
    sizeBytes: bytes.byteLength,
    read: (offset, into) => (reads++, memory.read(offset, into)),
  };
  const c = new Cursor(counting, RULES);
  for (let i = 0; i < 600_000; i += 3) {
    assert.deepEqual([...c.bytes(3, "")], [i % 251, (i + 1) % 251, (i + 2) % 251]);
  }
  c.skip(10_000, "");
  assert.deepEqual(c.bytes(300_000, ""), bytes.subarray(610_000, 910_000));
  assert.equal(c.u8(""), 910_000 % 251);
  assert.ok(reads < 10, `${reads} reads`);
});

Deno.test("Cursor reads from sources that give less than was asked", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const memory = new MemorySource(bytes);
  const slow: ByteSource = {
    sizeBytes: 100,
    read: (offset, into) => memory.read(offset, into.subarray(0, 7)),
  };
  assert.deepEqual(new Cursor(slow, RULES).bytes(100, ""), bytes);
});

Deno.test("Cursor does not blame the artifact when its file got shorter", () => {
  const shrunk: ByteSource = { sizeBytes: 100, read: () => 0 };
  assert.throws(() => new Cursor(shrunk, RULES).u8(""), (error) => !(error instanceof FormatError));
});
