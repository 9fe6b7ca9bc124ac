import { MemorySource } from "../../../src/formats/source.ts";
import { CONFIG_JSON, JsonReader, type JsonValue, parseJson } from "../../../src/formats/strict_json.ts";
import { FormatError } from "../../../src/model/errors.ts";

export const encoded = (text: string) => new TextEncoder().encode(text);
const bytesOf = (document: string | Uint8Array) =>
  typeof document === "string" ? encoded(document) : document;

/** The error with which a document is refused. */
export function refusal(document: string | Uint8Array, limits = CONFIG_JSON): FormatError {
  try {
    parseJson(bytesOf(document), limits);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error("The document was accepted");
}

/** Read as values from memory, and as events from windows of every small size. */
export function accepts(document: string | Uint8Array, limits = CONFIG_JSON): JsonValue {
  const bytes = bytesOf(document);
  const input = { source: new MemorySource(bytes), offset: 0, sizeBytes: bytes.byteLength };
  for (const windowBytes of [1, 2, 3, 5, 8]) {
    const reader = JsonReader.reading(input, limits, windowBytes);
    while (reader.next() !== "end");
  }
  return parseJson(bytes, limits);
}

/** The value with the prototypes that the platform's parser gives. */
export function plain(value: JsonValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
