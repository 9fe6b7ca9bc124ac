import { CONFIG_JSON, parseJson } from "../formats/strict_json.ts";
import { FormatError, type RuleId } from "../model/mod.ts";
import { MAX_SIGNATURE_BYTES } from "./files.ts";

const LIMITS = {
  ...CONFIG_JSON,
  maxBytes: MAX_SIGNATURE_BYTES,
  maxStringBytes: MAX_SIGNATURE_BYTES,
  maxDepth: 24,
};

/** A JSON text that two readers cannot understand differently, as plain data. Throws `FormatError` under `rule`. */
export function readJsonText(bytes: Uint8Array, rule: RuleId, what: string): unknown {
  try {
    parseJson(bytes, LIMITS);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(rule, `${what} is not strict JSON: ${cause.message}`, {}, { cause });
  }
  return JSON.parse(new TextDecoder().decode(bytes));
}
