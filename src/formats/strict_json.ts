/**
 * A JSON reader for hostile bytes: RFC 8259 and nothing beside it, and nothing two readers could understand
 * differently. Refused although the grammar allows it: one key twice (also when one spelling is escaped), lone
 * surrogates, a byte order mark, numbers no double can hold, and whatever is above the limits of the caller.
 */
export {
  CONFIG_JSON,
  type JsonInput,
  type JsonLimits,
  TENSOR_INDEX_JSON,
  TOKENIZER_JSON,
} from "./strict_json/limits.ts";
export { type JsonEvent, JsonReader } from "./strict_json/reader.ts";
export { type JsonObject, type JsonValue, parseJson } from "./strict_json/tree.ts";
