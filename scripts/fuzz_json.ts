import assert from "node:assert/strict";
import { MemorySource } from "../src/formats/source.ts";
import { type JsonLimits, JsonReader, type JsonValue, parseJson } from "../src/formats/strict_json.ts";
import { FormatError } from "../src/model/errors.ts";
import type { RuleId } from "../src/model/rules/mod.ts";
import type { Random } from "../test/make/random.ts";
import { type FuzzOptions, type FuzzResult, runCases } from "./fuzz_cases.ts";

const LIMITS: JsonLimits = {
  numbers: "any",
  maxBytes: 1e6,
  maxDepth: 12,
  maxValues: 500,
  maxStringBytes: 200,
};

/** What the grammar allows and we refuse all the same. By every other rule the text must be no JSON at all. */
const STRICTER: readonly RuleId[] = [
  "json/duplicate-key",
  "json/lone-surrogate",
  "json/number-range",
  "json/too-deep",
  "json/too-many-values",
  "json/long-string",
];

/**
 * Makes JSON, breaks most of it, and reads it. Throws when an invariant breaks: only `FormatError`, inside of the
 * document; accepted means that the platform's parser finds the same values; refused for the grammar means that it
 * refuses too; reading a few bytes at a time changes nothing.
 */
export function fuzzJson(options: FuzzOptions): FuzzResult {
  return runCases(options, (random) => readsSoundly(mutatedJson(random), 1 + random.below(9)));
}

function readsSoundly(bytes: Uint8Array, windowBytes: number): boolean {
  const whole = attempt(() => parseJson(bytes, LIMITS));
  const input = { source: new MemorySource(bytes), offset: 0, sizeBytes: bytes.byteLength };
  const inMemory = attempt(() => events(JsonReader.over(bytes, LIMITS)));
  assert.deepEqual(attempt(() => events(JsonReader.reading(input, LIMITS, windowBytes))), inMemory);
  const theirs = platformParse(bytes);
  if (whole.kind === "refused") {
    assert.deepEqual(inMemory, whole);
    assert.ok(whole.offset >= 0 && whole.offset <= bytes.byteLength, "the offset lies in the document");
    if (!STRICTER.includes(whole.rule)) assert.equal(theirs.kind, "refused", whole.message);
    return false;
  }
  assert.equal(theirs.kind, "accepted", "we accept what is no JSON");
  if (theirs.kind === "accepted") assert.deepEqual(plain(whole.value), theirs.value);
  checkWholeNumbers(bytes, whole.value);
  return true;
}

type Attempt<T> =
  | { readonly kind: "accepted"; readonly value: T }
  | {
    readonly kind: "refused";
    readonly rule: RuleId;
    readonly message: string;
    readonly offset: number;
    readonly field: string | undefined;
  };

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { kind: "accepted", value: read() };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { offset, field } = error.place;
    return { kind: "refused", rule: error.rule, message: error.message, offset: offset ?? -1, field };
  }
}

function events(reader: JsonReader): unknown[] {
  const seen: unknown[] = [];
  for (;;) {
    const event = reader.next();
    const value = event === "number"
      ? reader.number
      : event === "key" || event === "string"
      ? reader.text
      : null;
    seen.push([event, value, reader.offset, reader.endOffset]);
    if (event === "end") return seen;
  }
}

function platformParse(bytes: Uint8Array): { kind: "accepted"; value: unknown } | { kind: "refused" } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: "accepted", value: JSON.parse(text) };
  } catch {
    return { kind: "refused" };
  }
}

/** The value as the platform's parser would give it. */
function plain(value: JsonValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Where whole numbers are due, what is accepted has the same values and nothing that could be rounded. */
function checkWholeNumbers(bytes: Uint8Array, expected: JsonValue): void {
  const strict = attempt(() => parseJson(bytes, { ...LIMITS, numbers: "integers" }));
  if (strict.kind === "accepted") assert.deepEqual(strict.value, expected);
  else assert.ok(["json/number-form", "json/unsafe-integer"].includes(strict.rule), strict.message);
}

const NUMBERS = [
  "0",
  "-0",
  "1",
  "-1",
  "12",
  "007",
  "1.5",
  "1.",
  ".5",
  "1e3",
  "1E+2",
  "1e",
  "-",
  "1e999",
  "NaN",
];
const LARGE = [
  "9007199254740991",
  "9007199254740992",
  "-9007199254740993",
  "18446744073709551616",
  "123456789012345",
];
const TEXTS = [
  "",
  "a",
  "key",
  "é",
  "日本",
  "🤖",
  "\\n",
  "\\u0061",
  "\\ud83e\\udd16",
  "\\ud83e",
  "\\x",
  "\\u00g0",
];
const KEYS = ["a", "b", "\\u0061", "__proto__", "constructor", "é", "0", "", "long".repeat(12)];
const SPACES = ["", "", "", " ", "\n", "\t", "\r\n", "  \n  "];
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "null",
  "tru",
  "/**/",
  "\u00a0",
  "\ufeff",
  "\0",
  "1",
  "\x1f",
];
/** Almost UTF-8: too long, a surrogate, too large, cut. */
const FALSE_CHARACTERS = [[0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [
  0xe6,
  0x97,
]];

/** A document that is mostly right: now and then a part is left to chance, then bytes are changed. */
function mutatedJson(random: Random): Uint8Array {
  const text = random.oneIn(200) ? "[".repeat(30) : value(random, 0) + random.pick(SPACES);
  const mutations = random.oneIn(2) ? 0 : 1 + random.below(3);
  let bytes = new TextEncoder().encode(text);
  for (let i = 0; i < mutations; i++) bytes = mutateText(random, bytes);
  return bytes;
}

function value(random: Random, depth: number): string {
  const space = random.pick(SPACES);
  switch (random.below(depth > 4 ? 4 : 7)) {
    case 0:
      return space + random.pick(random.oneIn(20) ? NUMBERS : ["0", "1", "-2", "3.25", "1e3", "-0"]);
    case 1:
      return space + (random.oneIn(4) ? random.pick(LARGE) : `${random.u32()}`);
    case 2:
      return space + string(random, TEXTS);
    case 3:
      return space + random.pick(["true", "false", "null"]);
    case 4:
      return `${space}[${list(random, () => value(random, depth + 1))}${random.pick(SPACES)}]`;
    default: {
      let next = 0;
      const key = () => random.oneIn(30) ? string(random, KEYS) : `"${random.pick(KEYS)}${next++}"`;
      return `${space}{${list(random, () => `${key()}${random.pick(SPACES)}:${value(random, depth + 1)}`)}}`;
    }
  }
}

function list(random: Random, item: () => string): string {
  return Array.from({ length: random.below(5) }, item).join(random.pick([",", ",", " ,", ", "]));
}

function string(random: Random, texts: readonly string[]): string {
  const parts = random.oneIn(25) ? texts : texts.slice(0, 9);
  return `"${Array.from({ length: random.below(4) }, () => random.pick(parts)).join("")}"`;
}

/** One change of the bytes: a bit, a byte, a cut, a piece of grammar put in, a part taken out. */
export function mutateText(random: Random, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.byteLength + 1);
  const before = bytes.subarray(0, at);
  switch (random.below(7)) {
    case 0:
      return Uint8Array.of(...before, (bytes[at] ?? 0) ^ (1 << random.below(8)), ...bytes.subarray(at + 1));
    case 1:
      return Uint8Array.of(...before, random.below(256), ...bytes.subarray(at + 1));
    case 2:
      return bytes.slice(0, at);
    case 3:
      return Uint8Array.of(
        ...before,
        ...new TextEncoder().encode(random.pick(PIECES)),
        ...bytes.subarray(at),
      );
    case 4:
      return Uint8Array.of(...before, ...random.pick(FALSE_CHARACTERS), ...bytes.subarray(at));
    case 5:
      return Uint8Array.of(...before, ...bytes.subarray(at + 1 + random.below(8)));
    default:
      return Uint8Array.of(...before, ...bytes.subarray(random.below(at + 1)));
  }
}
