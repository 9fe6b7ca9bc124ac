import { CONFIG_JSON, type JsonEvent, type JsonLimits, JsonReader, TOKENIZER_JSON } from "../strict_json.ts";
import type { ByteSource } from "../source.ts";

/** Vocabularies: the largest published one has 33 MB and 1.8 million values. */
export const VOCABULARY_LIMITS: JsonLimits = { ...TOKENIZER_JSON, maxBytes: 128 * 1024 * 1024 };
/** Speech models list 65,000 added tokens in tokenizer_config.json, 12 MB of them. */
const TOKENIZER_CONFIG_LIMITS: JsonLimits = {
  ...CONFIG_JSON,
  maxBytes: 32 * 1024 * 1024,
  maxValues: 2 * 1024 * 1024,
};

/** How large a configuration may be that is read event by event. */
export function configurationLimits(path: string): JsonLimits {
  return path.endsWith("tokenizer_config.json") ? TOKENIZER_CONFIG_LIMITS : CONFIG_JSON;
}
/** The keys of an open object are in memory, to see one that comes twice. Published vocabularies have 5 MB of them. */
const MAX_KEY_BYTES = 16 * 1024 * 1024;

/** Reads a whole document strictly and keeps nothing of it. */
export function proveJson(source: ByteSource, limits: JsonLimits): void {
  const reader = readerOf(source, limits);
  let keyBytes = 0;
  for (let event = reader.next(); event !== "end"; event = reader.next()) {
    if (event !== "key") continue;
    keyBytes += reader.textBytes;
    if (keyBytes > MAX_KEY_BYTES) {
      reader.refuse("json/too-many-values", `keys of more than ${MAX_KEY_BYTES} bytes`);
    }
  }
}

export function readerOf(source: ByteSource, limits: JsonLimits): JsonReader {
  return JsonReader.reading({ source, offset: 0, sizeBytes: source.sizeBytes }, limits);
}

/** A value that is no object or list, and where it stands. */
export interface JsonScalar {
  readonly event: Exclude<JsonEvent, "{" | "}" | "[" | "]" | "key" | "end">;
  /** The text of a string; empty for every other scalar. */
  readonly text: string;
  /** For a number. */
  readonly number: number | bigint;
  /** Keys and indices from the top to the value. Reused by the next value. */
  readonly path: readonly (string | number)[];
  readonly offset: number;
}

/** Gives every scalar of a document in order. Nothing is kept but the path to the one that is current. */
export function* scalarsIn(source: ByteSource, limits: JsonLimits): Generator<JsonScalar> {
  const reader = readerOf(source, limits);
  const path: (string | number)[] = [];
  for (let event = reader.next(); event !== "end"; event = reader.next()) {
    if (event === "key") path[path.length - 1] = reader.text;
    else if (event === "}" || event === "]") path.pop();
    else {
      step(path);
      if (event === "{") path.push("");
      else if (event === "[") path.push(-1);
      else {
        const text = event === "string" ? reader.text : "";
        yield { event, text, number: reader.number, path, offset: reader.offset };
      }
    }
  }
}

/** Moves on to the next element where the innermost container is a list. */
function step(path: (string | number)[]): void {
  const last = path.at(-1);
  if (typeof last === "number") path[path.length - 1] = last + 1;
}

/** Where a value is, as `$.component[0]`. */
export function fieldOf(path: readonly (string | number)[]): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_]\w{0,63}$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 80))}]`;
  });
  return `$${steps.join("")}`;
}
