import assert from "node:assert/strict";
import { CONFIG_JSON, type JsonLimits } from "../../../src/formats/strict_json.ts";
import type { RuleId } from "../../../src/model/rules/mod.ts";
import { accepts, plain, refusal } from "./support.ts";

const INTEGERS: JsonLimits = { ...CONFIG_JSON, numbers: "integers" };
const LONE = "json/lone-surrogate";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

const sameAsPlatform: [why: string, document: string][] = [
  ["an empty object", "{}"],
  ["an empty list", "[]"],
  ["a text alone", `"a"`],
  ["an empty text alone", `""`],
  ["a number alone", "42"],
  ["a negative number alone", "-0.1"],
  ["true alone", "true"],
  ["false alone", "false"],
  ["null alone", "null"],
  ["white space around a value", " \t\r\n[ \n] \n"],
  ["white space around everything", ` { "a" : [ 1 , 2 ] , "b" : { } } `],
  ["lists in lists", "[[],[[]],[[[1]]]]"],
  ["different kinds", `[null,1,"1",{},[],true,false]`],
  ["an empty key", `{"":0}`],
  ["keys that differ in case", `{"a":1,"A":2}`],
  ["one key in two objects", `[{"a":1},{"a":2}]`],
  ["one key at two depths", `{"a":{"a":{"a":1}}}`],
  ["a key as value", `{"a":"a"}`],
  ["a key with NUL, escaped", `{"a\\u0000b":1}`],
  ["every short escape", `"\\"\\\\\\/\\b\\f\\n\\r\\t"`],
  ["escapes in both cases", `"\\u00e9\\u00E9\\uABCD\\uabcd"`],
  ["an escaped pair of surrogates", `"\\ud83e\\udd16"`],
  ["the first and last pair", `"\\ud800\\udc00\\udbff\\udfff"`],
  ["a backslash before u", `"\\\\u0061"`],
  ["an escape at the end", `"a\\\\"`],
  ["noncharacters", `"\\ufffe\\uffff\\ud83f\\udffe"`],
  ["the replacement character", `"\ufffd"`],
  ["text of one to four bytes a letter", `"aéह日🤖"`],
  ["borders of UTF-8", `"\x7f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}"`],
  ["line separators", `"\u2028\u2029"`],
  ["a byte order mark inside", `"\ufeff"`],
  ["DEL", `"\x7f"`],
  ["zero", "[0,-0,0.0,-0.0,0e0,0E+5,0e-9]"],
  ["exponents", "[1e5,1E5,1e+5,1e-5,1.5e3,-2.5E-3]"],
  ["fractions", "[0.1,-0.1,123.456,0.000001]"],
  ["the smallest and largest doubles", "[5e-324,1.7976931348623157e308,-1.7976931348623157e308]"],
  ["what underflows to zero", "[1e-400,-1e-999]"],
  ["a double of many digits", `[-0.${"0".repeat(76)}1]`],
  ["safe integers", "[9007199254740991,-9007199254740991,999999999999999,1000000000000000]"],
  ["a long text", `"${"x".repeat(100_000)}"`],
  ["a long text of other letters", `"${"日é🤖x".repeat(20_000)}"`],
  ["a key as long as a text", `{"${"k".repeat(10_000)}":1}`],
];
for (const [why, document] of sameAsPlatform) {
  Deno.test(`parseJson() reads ${why}`, () => {
    assert.deepEqual(plain(accepts(document)), JSON.parse(document));
  });
}

const refused: [why: string, document: string | Uint8Array, rule: RuleId][] = [
  ["nothing", "", "json/truncated"],
  ["white space only", " \n", "json/truncated"],
  ["an open list", "[1", "json/truncated"],
  ["an open list after a comma", "[1,", "json/truncated"],
  ["an open object", "{", "json/truncated"],
  ["an object cut after its key", `{"a"`, "json/truncated"],
  ["an object cut after the colon", `{"a":`, "json/truncated"],
  ["an open text", `["a`, "json/truncated"],
  ["a text cut in an escape", `["a\\`, "json/truncated"],
  ["a quote that is escaped", `"\\"`, "json/truncated"],
  ["a cut true", "tru", "json/truncated"],
  ["a cut number", "[-", "json/syntax"],
  ["a cut fraction", "1.", "json/syntax"],
  ["a cut exponent", "1e", "json/syntax"],
  ["a comma after the last element", "[1,]", "json/syntax"],
  ["a comma after the last member", `{"a":1,}`, "json/syntax"],
  ["a comma only", "[,]", "json/syntax"],
  ["two commas", "[1,,2]", "json/syntax"],
  ["a comma first", "[,1]", "json/syntax"],
  ["no comma in a list", "[1 2]", "json/syntax"],
  ["no comma in an object", `{"a":1 "b":2}`, "json/syntax"],
  ["a colon in a list", `["a":1]`, "json/syntax"],
  ["a comma for a colon", `{"a",1}`, "json/syntax"],
  ["two colons", `{"a"::1}`, "json/syntax"],
  ["no value", `{"a":}`, "json/syntax"],
  ["a key without quotes", "{a:1}", "json/syntax"],
  ["a key that is a number", "{1:1}", "json/syntax"],
  ["single quotes", "['a']", "json/syntax"],
  ["a list closed as object", "[1}", "json/syntax"],
  ["an object closed as list", `{"a":1]`, "json/syntax"],
  ["a line comment", "[1//\n]", "json/syntax"],
  ["a block comment", "[/**/1]", "json/syntax"],
  ["a hash comment", "#\n1", "json/syntax"],
  ["True", "[True]", "json/syntax"],
  ["None", "[None]", "json/syntax"],
  ["undefined", "undefined", "json/syntax"],
  ["a word that begins as null", "[nulls]", "json/syntax"],
  ["a word like null", "[nul!]", "json/syntax"],
  ["NaN", "[NaN]", "json/syntax"],
  ["Infinity", "[Infinity]", "json/syntax"],
  ["-Infinity", "[-Infinity]", "json/syntax"],
  ["a leading zero", "[012]", "json/syntax"],
  ["a negative leading zero", "[-012]", "json/syntax"],
  ["two zeros", "[00]", "json/syntax"],
  ["a leading plus", "[+1]", "json/syntax"],
  ["a leading point", "[.5]", "json/syntax"],
  ["a negative leading point", "[-.5]", "json/syntax"],
  ["a fraction without digits before an exponent", "[1.e5]", "json/syntax"],
  ["two points", "[1.2.3]", "json/syntax"],
  ["two signs", "[--1]", "json/syntax"],
  ["a sign in the middle", "[1-2]", "json/syntax"],
  ["two exponents", "[1e2e3]", "json/syntax"],
  ["a fraction in the exponent", "[1e2.5]", "json/syntax"],
  ["a hexadecimal number", "[0x1]", "json/syntax"],
  ["an underscore in a number", "[1_000]", "json/syntax"],
  ["a letter after a number", "[1a]", "json/syntax"],
  ["a number in fullwidth digits", "[１]", "json/syntax"],
  ["a no-break space", "[\u00a01]", "json/syntax"],
  ["a form feed", "[\f1]", "json/syntax"],
  ["a NUL between values", "[1,\0 2]", "json/syntax"],
  ["an unknown escape", `["\\x41"]`, "json/syntax"],
  ["an escaped single quote", `["\\'"]`, "json/syntax"],
  ["an escaped line break", `["a\\\nb"]`, "json/syntax"],
  ["an escape in capitals", `["\\U0041"]`, "json/syntax"],
  ["three digits after \\u", `["\\u004"]`, "json/syntax"],
  ["other letters after \\u", `["\\u00g0"]`, "json/syntax"],
  ["a sign after \\u", `["\\u+041"]`, "json/syntax"],
  ["a pair whose second escape is cut", `["\\ud83e\\udd1"]`, "json/syntax"],
  ["an escape outside of a text", `["a",\\n]`, "json/syntax"],
  ["UTF-16 with its mark", latin1("\xff\xfe[\0]\0"), "json/syntax"],
  ["a second value", "{}{}", "json/trailing-text"],
  ["a value after a comma", "1,2", "json/trailing-text"],
  ["a bracket too many", "[1]]", "json/trailing-text"],
  ["a comment behind", "{} //", "json/trailing-text"],
  ["a NUL behind", "{}\0", "json/trailing-text"],
  ["a byte order mark behind", "{}\ufeff", "json/trailing-text"],
  ["a byte order mark", "\ufeff{}", "json/byte-order-mark"],
  ["a bare line break in a text", `["a\nb"]`, "json/control-character"],
  ["a bare tab in a text", `["a\tb"]`, "json/control-character"],
  ["a bare NUL in a key", `{"a\0":1}`, "json/control-character"],
  ["a continuation alone", latin1(`["\x80"]`), "json/not-utf8"],
  ["0xff", latin1(`["\xff"]`), "json/not-utf8"],
  ["Latin-1", latin1(`["caf\xe9"]`), "json/not-utf8"],
  ["a character cut by the quote", latin1(`["\xe6\x97"]`), "json/not-utf8"],
  ["an overlong slash", latin1(`["\xc0\xaf"]`), "json/not-utf8"],
  ["an overlong form of three bytes", latin1(`["\xe0\x80\xaf"]`), "json/not-utf8"],
  ["an overlong form of four bytes", latin1(`["\xf0\x8f\xbf\xbf"]`), "json/not-utf8"],
  ["a surrogate", latin1(`["\xed\xa0\x80"]`), "json/not-utf8"],
  ["a pair of surrogates in six bytes", latin1(`["\xed\xa0\xbe\xed\xb4\x96"]`), "json/not-utf8"],
  ["above U+10FFFF", latin1(`["\xf4\x90\x80\x80"]`), "json/not-utf8"],
  ["a form of five bytes", latin1(`["\xf8\x88\x80\x80\x80"]`), "json/not-utf8"],
  ["a key that is not UTF-8", latin1(`{"\xff":1}`), "json/not-utf8"],
  ["a high surrogate alone", `["\\ud83e"]`, LONE],
  ["a low surrogate alone", `["\\udd16"]`, LONE],
  ["surrogates in the wrong order", `["\\udd16\\ud83e"]`, LONE],
  ["two high surrogates", `["\\ud83e\\ud83e\\udd16"]`, LONE],
  ["a high surrogate before a letter", `["\\ud83ea"]`, LONE],
  ["a high surrogate before another escape", `["\\ud83e\\n"]`, LONE],
  ["a high surrogate in a key", `{"\\ud83e":1}`, LONE],
  ["a key twice", `{"a":1,"a":1}`, "json/duplicate-key"],
  ["a key twice, once escaped", `{"w":1,"\\u0077":2}`, "json/duplicate-key"],
  ["a key twice, a pair escaped", `{"🤖":1,"\\ud83e\\udd16":2}`, "json/duplicate-key"],
  ["a key twice, far apart", `{"a":[{"b":{}}],"c":2,"a":3}`, "json/duplicate-key"],
  ["__proto__ twice", `{"__proto__":1,"__proto__":2}`, "json/duplicate-key"],
  ["an empty key twice", `{"":1,"":2}`, "json/duplicate-key"],
  ["a number beyond any double", "[1e309]", "json/number-range"],
  ["a negative number beyond any double", "[-1e999]", "json/number-range"],
  ["a number of 513 characters", `[${"1".repeat(513)}]`, "json/number-range"],
  ["a million digits", "1".repeat(1_000_000), "json/number-range"],
  ["100,000 lists in each other", "[".repeat(100_000), "json/too-deep"],
  ["100,000 objects in each other", `{"a":`.repeat(100_000), "json/too-deep"],
  ["1 MiB and a byte of spaces", `[${" ".repeat(2 ** 20 + 1)}]`, "json/whitespace-run"],
];
for (const [why, document, rule] of refused) {
  Deno.test(`parseJson() refuses ${why} (${rule})`, () => {
    const error = refusal(document);
    assert.equal(error.rule, rule, error.message);
  });
}

const wholeNumbers: [document: string, rule: RuleId | null][] = [
  ["0", null],
  ["-1", null],
  ["9007199254740991", null],
  ["-9007199254740991", null],
  ["9007199254740992", "json/unsafe-integer"],
  ["9007199254740993", "json/unsafe-integer"],
  ["-9007199254740992", "json/unsafe-integer"],
  ["18446744073709551615", "json/unsafe-integer"],
  ["1e3", "json/number-form"],
  ["1.0", "json/number-form"],
  ["-0", "json/number-form"],
  ["0.0", "json/number-form"],
  ["1e999", "json/number-form"],
  ["01", "json/syntax"],
];
for (const [document, rule] of wholeNumbers) {
  Deno.test(`parseJson() for whole numbers ${rule === null ? "reads" : "refuses"} ${document}`, () => {
    if (rule === null) assert.equal(accepts(document, INTEGERS), Number(document));
    else assert.equal(refusal(document, INTEGERS).rule, rule);
  });
}

Deno.test("parseJson() rounds no whole number: beyond 2^53 - 1 it is a bigint", () => {
  const document = "[9007199254740993,-18446744073709551616,1000000000000000019884624838656]";
  assert.deepEqual(accepts(document), [
    9007199254740993n,
    -18446744073709551616n,
    1000000000000000019884624838656n,
  ]);
});

Deno.test("parseJson() gives objects that have the document's keys only", () => {
  const value = accepts(`{"__proto__":{"polluted":1},"constructor":2}`);
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  const object: Record<string, unknown> = { ...accepts("{}") as object };
  assert.equal(Reflect.get(accepts("{}") as object, "constructor"), undefined);
  assert.equal(Reflect.get(accepts("{}") as object, "__proto__"), undefined);
  assert.equal(Reflect.get(value, "polluted"), undefined);
  assert.equal(object["polluted"], undefined);
});
