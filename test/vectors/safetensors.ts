import type { RuleId } from "../../src/model/rules/mod.ts";
import { at, F32, rawHeader, safetensors, type TensorSpec, U8, W } from "../make/safetensors.ts";

/** A hostile or broken safetensors file and the rule that must name what is wrong with it. */
export interface SafetensorsVector {
  /** Row of the attack catalogue it stands for; `own` for those we added. */
  readonly row: string;
  readonly why: string;
  readonly bytes: () => Uint8Array;
  readonly rule: RuleId;
}

const ONE = new Uint8Array(1);
const MIB = 1024 * 1024;

const header = (text: string, data: Uint8Array = ONE) => () => rawHeader(text, data);
const entry = (fields: string, data: Uint8Array = ONE) => header(`{"w":{${fields}}}`, data);
const shape = (text: string, data: Uint8Array = ONE) => entry(`"dtype":"U8","shape":${text},"data_offsets":[0,1]`, data);
const offsets = (text: string) => entry(`"dtype":"U8","shape":[1],"data_offsets":${text}`);
const dtype = (text: string) => entry(`"dtype":${text},"shape":[1],"data_offsets":[0,1]`);
const metadata = (text: string) => header(`{"__metadata__":${text}}`, new Uint8Array(0));
const sized = (type: string, dims: readonly number[], end: number) => () => safetensors({ w: { dtype: type, shape: dims, span: [0, end] } });
const ascii = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const pickle = Uint8Array.of(0x80, 0x04, 0x95, 0, 0, 0, 0, 0, 0, 0, 0x63, ...ascii("no_such_module\nnothing\n"), 0x2e);
const zip = Uint8Array.of(...ascii("PK\x05\x06"), ...new Uint8Array(18));

/** `parseSafetensors()` throws. */
export const SAFETENSORS_REFUSED: readonly SafetensorsVector[] = [
  { row: "C1", why: "an empty file", bytes: () => new Uint8Array(0), rule: "safetensors/too-short" },
  { row: "C1", why: "seven bytes", bytes: () => new Uint8Array(7), rule: "safetensors/too-short" },
  { row: "C2", why: "a header of 2^40 bytes", bytes: () => rawHeader("{}", ONE, 2n ** 40n), rule: "safetensors/header-length" },
  { row: "C2", why: "a header one byte longer than the file", bytes: () => rawHeader("{}", ONE, 4n), rule: "safetensors/header-length" },
  { row: "C4", why: "a header of 2^64-1 bytes", bytes: () => rawHeader("{}", ONE, 2n ** 64n - 1n), rule: "safetensors/header-length" },
  { row: "own", why: "a header of 2^63 bytes", bytes: () => rawHeader("{}", ONE, 2n ** 63n), rule: "safetensors/header-length" },
  { row: "own", why: "no header at all", bytes: header("", ONE), rule: "json/truncated" },
  { row: "own", why: "a length that cuts the header", bytes: () => rawHeader(`{"w":${W}}`, ONE, 20n), rule: "json/truncated" },
  { row: "C5", why: "a name that is not UTF-8", bytes: () => rawHeader(latin1(`{"w\xff":${W}}`), ONE), rule: "json/not-utf8" },
  { row: "C5", why: "a name in overlong UTF-8", bytes: () => rawHeader(latin1(`{"w\xc0\xaf":${W}}`), ONE), rule: "json/not-utf8" },
  { row: "C5", why: "a surrogate in UTF-8", bytes: () => rawHeader(latin1(`{"w\xed\xa0\x80":${W}}`), ONE), rule: "json/not-utf8" },
  { row: "C5", why: "a byte order mark", bytes: header(`\ufeff{"w":${W}}`), rule: "json/byte-order-mark" },
  { row: "C5", why: "a header in UTF-16", bytes: () => rawHeader(latin1("\xff\xfe{\0}\0")), rule: "json/syntax" },
  { row: "C7", why: "a list as header", bytes: header("[]", new Uint8Array(0)), rule: "safetensors/header-not-object" },
  { row: "own", why: "null as header", bytes: header("null", new Uint8Array(0)), rule: "safetensors/header-not-object" },
  { row: "C7", why: "more than 1 MiB before the header", bytes: () => safetensors({ w: F32(4) }, { leading: " ".repeat(MIB + 1) }), rule: "json/whitespace-run" },
  { row: "C8", why: "NUL padding", bytes: () => safetensors({ w: F32(4) }, { padding: "\0\0\0" }), rule: "json/trailing-text" },
  { row: "C8", why: "text after the header", bytes: () => safetensors({ w: F32(4) }, { padding: "  #!/bin/false" }), rule: "json/trailing-text" },
  { row: "C8", why: "a form feed after the header", bytes: () => safetensors({ w: F32(4) }, { padding: " \f" }), rule: "json/trailing-text" },
  { row: "C8", why: "a second header", bytes: header(`{}{"w":${W}}`), rule: "json/trailing-text" },
  { row: "C8", why: "padding of more than 1 MiB", bytes: () => safetensors({ w: F32(4) }, { padding: MIB + 1 }), rule: "json/whitespace-run" },
  { row: "C10", why: "two tensors that share bytes", bytes: () => safetensors({ a: at(0, 16), b: at(8, 24) }), rule: "safetensors/hole-or-overlap" },
  { row: "C10", why: "a thousand tensors over the same bytes", bytes: () => safetensors(many(1000, () => at(0, 64))), rule: "safetensors/hole-or-overlap" },
  { row: "C10", why: "a tensor inside another", bytes: () => safetensors({ a: at(0, 16), b: at(4, 8) }), rule: "safetensors/hole-or-overlap" },
  { row: "own", why: "a hole between two tensors", bytes: () => safetensors({ a: at(0, 8), b: at(9, 16) }), rule: "safetensors/hole-or-overlap" },
  { row: "own", why: "a hole before the first tensor", bytes: () => safetensors({ a: at(8, 16) }), rule: "safetensors/hole-or-overlap" },
  { row: "own", why: "an empty tensor inside another", bytes: () => safetensors({ a: at(0, 16), b: at(8, 8) }), rule: "safetensors/hole-or-overlap" },
  { row: "C11", why: "an end before the begin", bytes: offsets("[1,0]"), rule: "safetensors/data-offsets" },
  { row: "C11", why: "a negative begin", bytes: offsets("[-1,1]"), rule: "safetensors/data-offsets" },
  { row: "own", why: "one offset", bytes: offsets("[0]"), rule: "safetensors/data-offsets" },
  { row: "own", why: "three offsets", bytes: offsets("[0,1,1]"), rule: "safetensors/data-offsets" },
  { row: "own", why: "no offsets", bytes: offsets("[]"), rule: "safetensors/data-offsets" },
  { row: "own", why: "an offset for both", bytes: offsets("1"), rule: "safetensors/data-offsets" },
  { row: "C13", why: "less data than the tensors claim", bytes: () => safetensors({ w: F32(4) }).slice(0, -1), rule: "safetensors/out-of-bounds" },
  { row: "C13", why: "no data", bytes: header(`{"w":${W}}`, new Uint8Array(0)), rule: "safetensors/out-of-bounds" },
  { row: "own", why: "34 bytes after the last tensor", bytes: () => safetensors({ w: F32(4) }, { tail: 34 }), rule: "safetensors/unclaimed-bytes" },
  { row: "own", why: "one byte after the last tensor", bytes: () => safetensors({ w: F32(4) }, { tail: 1 }), rule: "safetensors/unclaimed-bytes" },
  { row: "own", why: "an archive after the last tensor", bytes: () => safetensors({ w: F32(4) }, { tail: zip }), rule: "safetensors/unclaimed-bytes" },
  { row: "own", why: "data without a tensor", bytes: () => safetensors({}, { tail: 8 }), rule: "safetensors/unclaimed-bytes" },
  { row: "C14", why: "more bytes than shape and dtype say", bytes: sized("F32", [4], 20), rule: "safetensors/size-mismatch" },
  { row: "C14", why: "fewer bytes than shape and dtype say", bytes: sized("F32", [4], 15), rule: "safetensors/size-mismatch" },
  { row: "C14", why: "no bytes for a shape with values", bytes: sized("F32", [4], 0), rule: "safetensors/size-mismatch" },
  { row: "C14", why: "bytes for a shape without values", bytes: sized("F32", [4, 0], 16), rule: "safetensors/size-mismatch" },
  { row: "own", why: "half a byte of F4", bytes: sized("F4", [3], 2), rule: "safetensors/partial-byte" },
  { row: "own", why: "F6 that does not fill its bytes", bytes: sized("F6_E2M3", [5], 4), rule: "safetensors/partial-byte" },
  { row: "own", why: "dimensions that wrap 64 bits", bytes: shape("[4294967296,4294967296,4294967296]"), rule: "safetensors/size-overflow" },
  { row: "own", why: "dimensions that wrap to the right size", bytes: shape("[4294967296,4294967296,1]"), rule: "safetensors/size-overflow" },
  { row: "own", why: "bits that overflow where values do not", bytes: shape("[9007199254740991]"), rule: "safetensors/size-overflow" },
  { row: "own", why: "an overflow hidden behind a zero", bytes: () => safetensors({ w: { dtype: "U8", shape: [2 ** 30, 2 ** 30, 0], span: [0, 0] } }), rule: "safetensors/size-overflow" },
  { row: "C16", why: "a dimension of 2^53+1", bytes: shape("[9007199254740993]"), rule: "json/unsafe-integer" },
  { row: "C16", why: "a dimension of 2^53", bytes: shape("[9007199254740992]"), rule: "json/unsafe-integer" },
  { row: "C16", why: "a dimension of 2^53+1 behind a zero", bytes: () => rawHeader(`{"w":{"dtype":"U8","shape":[0,9007199254740993],"data_offsets":[0,0]}}`), rule: "json/unsafe-integer" },
  { row: "C16", why: "an offset of 2^64", bytes: offsets("[0,18446744073709551616]"), rule: "json/unsafe-integer" },
  { row: "C17", why: "the dimension 1e0", bytes: shape("[1e0]"), rule: "json/number-form" },
  { row: "C17", why: "the dimension 1.0", bytes: shape("[1.0]"), rule: "json/number-form" },
  { row: "C17", why: "the offset -0", bytes: offsets("[-0,1]"), rule: "json/number-form" },
  { row: "C17", why: "a dimension in quotes", bytes: shape(`["1"]`), rule: "safetensors/shape" },
  { row: "C17", why: "an offset in quotes", bytes: offsets(`["0",1]`), rule: "safetensors/data-offsets" },
  { row: "own", why: "the dimension 01", bytes: shape("[01]"), rule: "json/syntax" },
  { row: "own", why: "the dimension +1", bytes: shape("[+1]"), rule: "json/syntax" },
  { row: "own", why: "the dimension NaN", bytes: shape("[NaN]"), rule: "json/syntax" },
  { row: "own", why: "a negative dimension", bytes: shape("[-1]"), rule: "safetensors/shape" },
  { row: "own", why: "two negative dimensions", bytes: shape("[-1,-1]"), rule: "safetensors/shape" },
  { row: "own", why: "a shape that is a number", bytes: shape("1"), rule: "safetensors/shape" },
  { row: "own", why: "the dimension true", bytes: shape("[true]"), rule: "safetensors/shape" },
  { row: "own", why: "a list as dimension", bytes: shape("[[1]]"), rule: "safetensors/shape" },
  { row: "own", why: "65 dimensions", bytes: shape(`[${Array(65).fill(1).join()}]`), rule: "safetensors/shape" },
  { row: "own", why: "one name twice", bytes: header(`{"w":${W},"w":${W}}`), rule: "json/duplicate-key" },
  { row: "C19", why: "one name twice, once escaped", bytes: header(`{"w":${W},"\\u0077":${W}}`), rule: "json/duplicate-key" },
  { row: "C19", why: "one field twice, once escaped", bytes: entry(`"dtype":"U8","shape":[1],"data_offsets":[0,1],"sh\\u0061pe":[2]`), rule: "json/duplicate-key" },
  { row: "C20", why: "__metadata__ twice", bytes: header(`{"__metadata__":{},"__metadata__":{}}`, new Uint8Array(0)), rule: "json/duplicate-key" },
  { row: "C20", why: "one metadata key twice", bytes: metadata(`{"a":"1","\\u0061":"2"}`), rule: "json/duplicate-key" },
  { row: "own", why: "a number in __metadata__", bytes: metadata(`{"step":1}`), rule: "safetensors/metadata-form" },
  { row: "own", why: "an object in __metadata__", bytes: metadata(`{"a":{"b":"c"}}`), rule: "safetensors/metadata-form" },
  { row: "own", why: "null in __metadata__", bytes: metadata(`{"a":null}`), rule: "safetensors/metadata-form" },
  { row: "own", why: "null for __metadata__", bytes: metadata("null"), rule: "safetensors/metadata-form" },
  { row: "own", why: "a tensor called __metadata__", bytes: header(`{"__metadata__":${W}}`), rule: "safetensors/metadata-form" },
  { row: "C22", why: "one text of more than 16 MiB", bytes: () => safetensors({}, { metadata: { a: "x".repeat(16 * MIB + 1) } }), rule: "json/long-string" },
  { row: "C22", why: "metadata of more than 20 MiB", bytes: () => safetensors({}, { metadata: Object.fromEntries(["a", "b", "c"].map((key) => [key, "x".repeat(7 * MIB)])) }), rule: "safetensors/index-size" },
  { row: "C23", why: "dtype F3", bytes: dtype(`"F3"`), rule: "safetensors/dtype" },
  { row: "C23", why: "dtype f32 in small letters", bytes: dtype(`"f32"`), rule: "safetensors/dtype" },
  { row: "own", why: "a dtype named like a method of objects", bytes: dtype(`"constructor"`), rule: "safetensors/dtype" },
  { row: "own", why: "no dtype name", bytes: dtype(`""`), rule: "safetensors/dtype" },
  { row: "own", why: "a dtype that is an object", bytes: dtype(`{"U8":null}`), rule: "safetensors/dtype" },
  { row: "C25", why: "a field that holds data", bytes: entry(`"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":"TVqQAAMAAAAEAAAA"`), rule: "safetensors/tensor-entry" },
  { row: "own", why: "a field called __proto__", bytes: entry(`"dtype":"U8","shape":[1],"data_offsets":[0,1],"__proto__":{}`), rule: "safetensors/tensor-entry" },
  { row: "own", why: "no dtype", bytes: entry(`"shape":[1],"data_offsets":[0,1]`), rule: "safetensors/tensor-entry" },
  { row: "own", why: "no shape", bytes: entry(`"dtype":"U8","data_offsets":[0,1]`), rule: "safetensors/tensor-entry" },
  { row: "own", why: "no offsets field", bytes: entry(`"dtype":"U8","shape":[1]`), rule: "safetensors/tensor-entry" },
  { row: "own", why: "a tensor described by a list", bytes: header(`{"w":["U8",[1],[0,1]]}`), rule: "safetensors/tensor-entry" },
  { row: "own", why: "a tensor described by null", bytes: header(`{"w":null}`, new Uint8Array(0)), rule: "safetensors/tensor-entry" },
  { row: "C28", why: "a million empty tensors", bytes: () => emptyTensors(1_000_000), rule: "safetensors/too-many-tensors" },
  { row: "C28", why: "one tensor too many", bytes: () => emptyTensors(150_001), rule: "safetensors/too-many-tensors" },
  { row: "own", why: "ever new shapes that fill the memory", bytes: () => deepShapes(40_000), rule: "safetensors/index-size" },
  { row: "C29", why: "lists nested 100,000 deep in an extra field", bytes: entry(`"dtype":"U8","x":${"[".repeat(100_000)}`), rule: "safetensors/tensor-entry" },
  { row: "C29", why: "lists nested 100,000 deep in the shape", bytes: shape("[".repeat(100_000)), rule: "safetensors/shape" },
  { row: "C29", why: "objects nested 100,000 deep", bytes: header(`{"a":`.repeat(100_000)), rule: "safetensors/tensor-entry" },
  { row: "C31", why: "a pickle", bytes: () => pickle, rule: "safetensors/header-length" },
  { row: "C31", why: "an archive", bytes: () => zip, rule: "safetensors/header-length" },
  { row: "own", why: "a NUL in a name", bytes: header(`{"w\\u0000x":${W}}`), rule: "safetensors/tensor-name" },
  { row: "own", why: "a line break in a name", bytes: header(`{"w\\nx":${W}}`), rule: "safetensors/tensor-name" },
  { row: "own", why: "a bare line break in a name", bytes: header(`{"w\nx":${W}}`), rule: "json/control-character" },
  { row: "own", why: "half a character in a name", bytes: header(`{"\\ud83d":${W}}`), rule: "json/lone-surrogate" },
  { row: "own", why: "a comment", bytes: header(`{/* */"w":${W}}`), rule: "json/syntax" },
  { row: "own", why: "a comma too many", bytes: header(`{"w":${W},}`), rule: "json/syntax" },
  { row: "own", why: "names in single quotes", bytes: header(`{'w':${W}}`), rule: "json/syntax" },
];

/** `parseSafetensors()` accepts and says what a person should look at. */
export const SAFETENSORS_SUSPICIOUS: readonly SafetensorsVector[] = [
  { row: "C7", why: "white space before the header", bytes: () => safetensors({ w: F32(4) }, { leading: "\t\n" }), rule: "safetensors/header-start" },
  { row: "C8", why: "tabs in the padding", bytes: () => safetensors({ w: F32(4) }, { padding: "  \t " }), rule: "safetensors/header-padding" },
  { row: "C8", why: "a line end in the padding", bytes: () => safetensors({ w: F32(4) }, { padding: "\r\n" }), rule: "safetensors/header-padding" },
  { row: "C22", why: "metadata of more than 1 MiB", bytes: () => safetensors({ w: F32(4) }, { metadata: { a: "x".repeat(MIB) } }), rule: "safetensors/large-metadata" },
  { row: "C28", why: "65,537 empty tensors", bytes: () => emptyTensors(65_537), rule: "safetensors/empty-tensors" },
];

export function many(count: number, spec: (index: number) => TensorSpec): Record<string, TensorSpec> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, spec(i)]));
}

/** Written at once: the builder is not made for hundreds of thousands of tensors. */
export function emptyTensors(count: number): Uint8Array {
  const rest = `":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
  return rawHeader(`{${Array.from({ length: count }, (_, i) => `"${i}${rest}`).join()}}`);
}

function deepShapes(count: number): Uint8Array {
  const ones = Array<number>(62).fill(1);
  return safetensors(many(count, (i) => U8(i, ...ones, 0)));
}
