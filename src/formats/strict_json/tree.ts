import type { JsonLimits } from "./limits.ts";
import { type JsonEvent, JsonReader } from "./reader.ts";

/** A document as values. Whole numbers beyond 2^53 - 1 are `bigint`, so that nothing is rounded. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject;

/** Has the keys of the document and nothing else: no `constructor`, and `__proto__` is a key like any other. */
export type JsonObject = { readonly [key: string]: JsonValue };

type Open =
  | { readonly kind: "object"; readonly value: { [key: string]: JsonValue }; key: string }
  | { readonly kind: "array"; readonly value: JsonValue[] };

/**
 * What every object inherits from. It is empty and inherits from nothing; a prototype of `null` itself would make
 * each object four times as large.
 */
const NOTHING: object = Object.freeze(Object.create(null));

/** Reads a whole document into values. Throws only `FormatError`; see {@link JsonReader}. */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): JsonValue {
  const reader = JsonReader.over(bytes, limits);
  const parents: Open[] = [];
  const first = reader.next();
  let open = container(first);
  if (open === null) return finished(reader, scalar(first, reader));
  for (;;) {
    const event = reader.next();
    if (event === "key") {
      if (open.kind === "object") open.key = reader.text;
    } else if (event === "}" || event === "]") {
      const parent = parents.pop();
      if (parent === undefined) return finished(reader, open.value);
      open = parent;
    } else {
      const inner = container(event);
      put(open, inner?.value ?? scalar(event, reader));
      if (inner !== null) {
        parents.push(open);
        open = inner;
      }
    }
  }
}

function container(event: JsonEvent): Open | null {
  if (event === "{") return { kind: "object", value: Object.create(NOTHING), key: "" };
  return event === "[" ? { kind: "array", value: [] } : null;
}

function put(into: Open, value: JsonValue): void {
  if (into.kind === "array") into.value.push(value);
  else into.value[into.key] = value;
}

function scalar(event: JsonEvent, reader: JsonReader): JsonValue {
  switch (event) {
    case "string":
      return reader.text;
    case "number":
      return reader.number;
    case "true":
      return true;
    case "false":
      return false;
    case "null":
      return null;
    default:
      throw new TypeError(`Cannot happen: ${event} where a value is due`);
  }
}

/** The value, once nothing but white space was found behind it. */
function finished(reader: JsonReader, value: JsonValue): JsonValue {
  reader.next();
  return value;
}
