import assert from "node:assert/strict";
import { fuzzJson } from "../../../scripts/fuzz_json.ts";
import { MemorySource } from "../../../src/formats/source.ts";
import {
  CONFIG_JSON,
  type JsonLimits,
  JsonReader,
  type JsonValue,
  parseJson,
} from "../../../src/formats/strict_json.ts";
import { FormatError } from "../../../src/model/errors.ts";
import type { RuleId } from "../../../src/model/rules/mod.ts";
import { encoded, plain, refusal } from "./support.ts";

const limits: [
  what: string,
  limits: Partial<JsonLimits>,
  documents: [string, string, string],
  rule: RuleId,
][] = [
  ["bytes", { maxBytes: 4 }, ["123", "1234", "12345"], "json/too-large"],
  ["depth", { maxDepth: 3 }, ["[[]]", `[{"a":[]}]`, "[[[[]]]]"], "json/too-deep"],
  ["values", { maxValues: 3 }, ["[1]", `{"a":1,"b":2}`, "[1,2,3]"], "json/too-many-values"],
  ["a text", { maxStringBytes: 3 }, [`"12"`, `"123"`, `"1234"`], "json/long-string"],
  ["a text of more bytes than letters", { maxStringBytes: 3 }, [`"é"`, `"日"`, `"éé"`], "json/long-string"],
  ["a key", { maxStringBytes: 3 }, [`{"12":1}`, `{"123":1}`, `{"1234":1}`], "json/long-string"],
  [
    "a number",
    {},
    [511, 512, 513].map((n) => "1".repeat(n)) as [string, string, string],
    "json/number-range",
  ],
  [
    "white space",
    {},
    [-1, 0, 1].map((n) => " ".repeat(2 ** 20 + n) + "1") as [string, string, string],
    "json/whitespace-run",
  ],
];
for (const [what, limit, [below, exactly, above], rule] of limits) {
  Deno.test(`parseJson() keeps the limit of ${what}: below, at, above`, () => {
    const all = { ...CONFIG_JSON, ...limit };
    parseJson(encoded(below), all);
    parseJson(encoded(exactly), all);
    assert.equal(refusal(above, all).rule, rule);
    const source = new MemorySource(encoded(above));
    const reader = () => JsonReader.reading({ source, offset: 0, sizeBytes: source.sizeBytes }, all, 2);
    assert.throws(() => drain(reader()), (error) => error instanceof FormatError && error.rule === rule);
  });
}

Deno.test("JsonReader holds at most a million keys", () => {
  const keys = (count: number) =>
    `{${Array.from({ length: count }, (_, i) => `"${i.toString(36)}":0`).join()}}`;
  const many = { ...CONFIG_JSON, maxBytes: 2 ** 26, maxValues: 2 ** 24 };
  drain(JsonReader.over(encoded(keys(2 ** 20)), many));
  assert.throws(
    () => drain(JsonReader.over(encoded(keys(2 ** 20 + 1)), many)),
    (error) => error instanceof FormatError && error.rule === "json/too-many-values",
  );
});

const places: [document: string, offset: number, field: string][] = [
  [`{"a":[1,{"b c":tru}]}`, 15, `$.a[1]["b c"]`],
  [`[1,2,x]`, 5, "$[2]"],
  [`{"a":1,"a":2}`, 7, "$.a"],
  [`{"a":"\\ud800"}`, 6, "$.a"],
  [`["é\n"]`, 4, "$[0]"],
  [`{"w\\u0000":x}`, 11, `$["w\\u0000"]`],
  [`{"${"k".repeat(200)}":x}`, 204, `$["${"k".repeat(120)}…"]`],
  [`[] x`, 3, "$"],
];
for (const [document, offset, field] of places) {
  Deno.test(`parseJson() names byte and field of what is wrong in ${document.slice(0, 30)}`, () => {
    assert.deepEqual(refusal(document).place, { offset, field });
  });
}

Deno.test("JsonReader counts offsets from the start of the file", () => {
  const bytes = encoded(`12345678{"a": x}tail`);
  const reader = JsonReader.reading(
    { source: new MemorySource(bytes), offset: 8, sizeBytes: 8 },
    CONFIG_JSON,
  );
  assert.throws(() => drain(reader), (error) => error instanceof FormatError && error.place.offset === 14);
});

Deno.test("JsonReader tells events, values and where they lie", () => {
  const reader = JsonReader.over(encoded(` {"k\\n": [-7, "v", true]}`), CONFIG_JSON);
  const seen: unknown[] = [];
  for (let event = reader.next(); event !== "end"; event = reader.next()) {
    const value = event === "number"
      ? reader.number
      : event === "key" || event === "string"
      ? reader.text
      : null;
    seen.push([event, value, reader.offset]);
  }
  assert.deepEqual(seen, [
    ["{", null, 1],
    ["key", "k\n", 2],
    ["[", null, 9],
    ["number", -7, 10],
    ["string", "v", 14],
    ["true", null, 19],
    ["]", null, 23],
    ["}", null, 24],
  ]);
});

Deno.test("parseJson() reads a part of a larger buffer", () => {
  const larger = encoded(`[[[{"a":"é"}]]]`);
  assert.deepEqual(plain(parseJson(larger.subarray(3, larger.byteLength - 3), CONFIG_JSON)), { a: "é" });
});

const sample = `{"a":[1,-2.5,"\\u00e9\\ud83e\\udd16é日🤖",true,false,null],"b":{"c":{}}}`;

Deno.test("parseJson() refuses every prefix of a document", () => {
  const bytes = encoded(sample);
  for (let length = 0; length < bytes.byteLength; length++) {
    refusal(bytes.subarray(0, length));
  }
});

Deno.test("parseJson() agrees with the platform about every change of a single byte", () => {
  const bytes = encoded(sample);
  for (let index = 0; index < bytes.byteLength; index++) {
    for (let value = 0; value < 256; value++) {
      const changed = bytes.slice();
      changed[index] = value;
      agreesWithPlatform(changed);
    }
  }
});

Deno.test("fuzz: 2,000 JSON documents break no invariant", () => {
  const { accepted, refused } = fuzzJson({ seed: 1, cases: 2000 });
  assert.ok(accepted > 400 && refused > 400, `${accepted} accepted, ${refused} refused`);
});

function drain(reader: JsonReader): void {
  while (reader.next() !== "end");
}

function agreesWithPlatform(bytes: Uint8Array): void {
  let ours: JsonValue;
  try {
    ours = parseJson(bytes, CONFIG_JSON);
  } catch (error) {
    if (error instanceof FormatError) return;
    throw error;
  }
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  assert.deepEqual(plain(ours), JSON.parse(text));
}
