import { type Finding, finding } from "../../model/finding.ts";
import type { Cursor } from "../cursor.ts";
import { CHAT_TEMPLATE_PREFIX, isKey } from "./keys.ts";
import { MAX_HEADER_BYTES, MAX_TEMPLATE_BYTES } from "./limits.ts";
import { type GgufScalar, type GgufValue, type Metadata, SCALAR_BYTES, VALUE_TYPES } from "./value.ts";
import type { ScalarType, ValueType } from "./value.ts";

const MAX_KEY_BYTES = 65_535;
const MAX_STRING_BYTES = 16 * 1024 * 1024;
/** Vocabularies of today reach 262,144 tokens, merge lists about 514,000. */
const MAX_ARRAY_ELEMENTS = 4_194_304;
/** Keys and single texts together; arrays are not kept in memory and do not count. */
const MAX_KEPT_TEXT_BYTES = 32 * 1024 * 1024;

const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LENIENT_UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

export interface ReadMetadata {
  readonly metadata: Metadata;
  readonly findings: readonly Finding[];
}

/** Reads `count` key-value pairs from the cursor. Unknown keys are welcome; their form and values are checked. */
export function readMetadata(cursor: Cursor, count: number): ReadMetadata {
  const metadata = new Map<string, GgufValue>();
  const findings: Finding[] = [];
  let keptBytes = 0;
  for (let i = 0; i < count; i++) {
    const begin = cursor.offset;
    const key = readKey(cursor, i);
    if (metadata.has(key)) {
      cursor.refuse("gguf/key-duplicate", `Key "${key}" occurs twice`, "key", { offset: begin });
    }
    cursor.within(() => `kv[${i}] "${key}"`);
    const value = readValue(cursor, key, findings);
    metadata.set(key, value);
    keptBytes += value.type === "ARRAY" ? key.length : cursor.offset - begin;
    if (keptBytes > MAX_KEPT_TEXT_BYTES) {
      const message = `Keys and texts of the metadata take more than ${MAX_KEPT_TEXT_BYTES} bytes`;
      cursor.refuse("gguf/metadata-size", message, "value", { offset: begin });
    }
    checkHeaderSize(cursor);
  }
  return { metadata, findings };
}

/** Refuses when what was read so far is more than a header may be. */
export function checkHeaderSize(cursor: Cursor): void {
  if (cursor.offset <= MAX_HEADER_BYTES) return;
  cursor.refuse("gguf/metadata-size", `The header takes more than ${MAX_HEADER_BYTES} bytes`, "header");
}

function readKey(cursor: Cursor, index: number): string {
  cursor.within(() => `kv[${index}]`);
  const offset = cursor.offset;
  const bytes = cursor.string(MAX_KEY_BYTES, "key");
  const key = LENIENT_UTF8.decode(bytes);
  if (!isKey(key)) {
    const message = `Key ${JSON.stringify(key.slice(0, 100))} is not lower-case words joined by dots`;
    cursor.refuse("gguf/key-form", message, "key", { offset });
  }
  return key;
}

function readValue(cursor: Cursor, key: string, findings: Finding[]): GgufValue {
  const type = readType(cursor, "value type");
  if (type !== "ARRAY") return readScalar(cursor, key, type, findings);
  const typeOffset = cursor.offset;
  const elementType = readType(cursor, "array element type");
  if (elementType === "ARRAY") {
    cursor.refuse("gguf/array-nested", `Array "${key}" holds arrays`, "array element type", {
      offset: typeOffset,
    });
  }
  const elementBytes = SCALAR_BYTES[elementType];
  const count = cursor.count(MAX_ARRAY_ELEMENTS, elementBytes, "array count");
  const offset = cursor.offset;
  let longestBytes = elementBytes;
  if (elementType === "STRING") longestBytes = cursor.skipStrings(count, MAX_STRING_BYTES);
  else if (elementType === "BOOL") checkBooleans(cursor, count);
  else cursor.skip(count * elementBytes, "array");
  return { type, elementType, count, offset, sizeBytes: cursor.offset - offset, longestBytes };
}

function readType(cursor: Cursor, field: string): ValueType {
  const offset = cursor.offset;
  const id = cursor.u32(field);
  return VALUE_TYPES[id] ??
    cursor.refuse("gguf/value-type", `There is no value type ${id}`, field, { offset });
}

function readScalar(cursor: Cursor, key: string, type: ScalarType, findings: Finding[]): GgufScalar {
  const offset = cursor.offset;
  switch (type) {
    case "UINT8":
      return { type, offset, value: cursor.u8("value") };
    case "INT8":
      return { type, offset, value: cursor.i8("value") };
    case "UINT16":
      return { type, offset, value: cursor.u16("value") };
    case "INT16":
      return { type, offset, value: cursor.i16("value") };
    case "UINT32":
      return { type, offset, value: cursor.u32("value") };
    case "INT32":
      return { type, offset, value: cursor.i32("value") };
    case "FLOAT32":
      return { type, offset, value: cursor.f32("value") };
    case "FLOAT64":
      return { type, offset, value: cursor.f64("value") };
    case "UINT64":
      return { type, offset, value: cursor.u64("value") };
    case "INT64":
      return { type, offset, value: cursor.i64("value") };
    case "BOOL":
      return { type, offset, value: readBool(cursor) };
    case "STRING":
      return { type, offset, value: readText(cursor, key, findings) };
  }
}

function readBool(cursor: Cursor): boolean {
  const offset = cursor.offset;
  const byte = cursor.u8("value");
  if (byte > 1) cursor.refuse("gguf/bool", `A boolean is ${byte}, neither 0 nor 1`, "value", { offset });
  return byte === 1;
}

function readText(cursor: Cursor, key: string, findings: Finding[]): string {
  const offset = cursor.offset;
  const length = cursor.length(MAX_STRING_BYTES, "value length");
  if (length > MAX_TEMPLATE_BYTES && key.startsWith(CHAT_TEMPLATE_PREFIX)) {
    const message = `Chat template "${key}" is ${length} bytes, above the limit of ${MAX_TEMPLATE_BYTES}`;
    cursor.refuse("gguf/template-size", message, "value length", { offset });
  }
  const bytes = cursor.bytes(length, "value");
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    cursor.refuse("gguf/text-nul", `Text "${key}" holds a NUL byte`, "value", { offset: offset + 8 + nul });
  }
  const text = decodeUtf8(bytes);
  if (text !== null) return text;
  if (isExecutedText(key)) {
    cursor.refuse("gguf/template-encoding", `Text "${key}" is not valid UTF-8`, "value", { offset });
  }
  findings.push(finding("gguf/text-encoding", `Text "${key}" is not valid UTF-8`, { offset, field: key }));
  return LENIENT_UTF8.decode(bytes);
}

/** Texts by which an engine decides what it does, as opposed to those a person reads. */
function isExecutedText(key: string): boolean {
  return key.startsWith(CHAT_TEMPLATE_PREFIX) || key.startsWith("tokenizer.") ||
    key === "general.architecture" ||
    key === "general.type";
}

function checkBooleans(cursor: Cursor, count: number): void {
  for (let i = 0; i < count; i++) readBool(cursor);
}

/** The text, or `null` when it is not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) return null;
    throw cause;
  }
}
