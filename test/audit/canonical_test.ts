import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { canonicalJson } from "../../src/audit/mod.ts";
import { sealLine, sealWith } from "../../src/audit/entry.ts";
import type { Json } from "../../src/model/mod.ts";

const GOLDEN: [why: string, data: Record<string, string>, hash: string][] = [
  [
    "plain names",
    { filename: "m.gguf", sha256: "0".repeat(64) },
    "6f4b3e8e0b1ba6405effdb7c9155f293da6f717e6dce3b9f7cffa7b64fe545c4",
  ],
  [
    "a name beyond ASCII",
    { filename: "é.gguf" },
    "c5c90f669563f0ca3c1feefa4f00b9f82071724b1c3feca8352d72c405f39d4d",
  ],
];
for (const [why, data, hash] of GOLDEN) {
  Deno.test(`P076: golden vector of the audit chain: sealLine() gives the published hash with ${why}`, () => {
    const fact = { timestamp: "2026-03-08T14:30:00+00:00", event: "promoted", data: canonicalJson(data) };
    assert.equal(sealLine(fact, "", sealWith(undefined)).hash, hash);
    const hashed = canonicalJson({ data, event: "promoted", prev_hash: "", timestamp: fact.timestamp });
    assert.equal(createHash("sha256").update(hashed).digest("hex"), hash);
  });
}

const SPELLED: [value: Json, text: string][] = [
  [null, "null"],
  [true, "true"],
  [0, "0"],
  [-0, "0"],
  [Number.MAX_SAFE_INTEGER, "9007199254740991"],
  [Number.MIN_SAFE_INTEGER, "-9007199254740991"],
  [[], "[]"],
  [{}, "{}"],
  [[1, [false, "x"]], '[1,[false,"x"]]'],
  [{ b: 1, a: 2, B: 3, "": 4 }, '{"":4,"B":3,"a":2,"b":1}'],
  [{ "10": 1, "9": 2 }, '{"10":1,"9":2}'],
  // By UTF-16 unit the emoji would come first.
  [{ "\uff5e": 1, "\u{1f600}": 2, "\ue000": 3 }, '{"\\ue000":3,"\\uff5e":1,"\\ud83d\\ude00":2}'],
  ['"\\/', '"\\"\\\\/"'],
  ["\b\f\n\r\t\0\x1f\x7f", '"\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f"'],
  ["é\u2028\u{1f600}", '"\\u00e9\\u2028\\ud83d\\ude00"'],
];
for (const [value, text] of SPELLED) {
  Deno.test(`canonicalJson() spells ${text}`, () => assert.equal(canonicalJson(value), text));
}

const deep = (levels: number): Json => levels === 0 ? 1 : [deep(levels - 1)];
const REFUSED: [why: string, value: Json][] = [
  ["a fraction", 0.1],
  ["an integer above 2^53", 2 ** 53],
  ["infinity", Infinity],
  ["not a number", NaN],
  ["half a surrogate pair", "\ud83d"],
  ["half a surrogate pair in a key", { "\ude00": 1 }],
  ["more than 32 levels", deep(33)],
  ["a fraction inside", { a: [{ b: 1.5 }] }],
];
for (const [why, value] of REFUSED) {
  Deno.test(`canonicalJson() refuses ${why}`, () => assert.throws(() => canonicalJson(value), TypeError));
}

Deno.test("canonicalJson() takes 32 levels", () => {
  assert.equal(canonicalJson(deep(32)), "[".repeat(32) + "1" + "]".repeat(32));
});
