import { Cursor } from "../cursor.ts";
import type { ByteSource } from "../source.ts";
import { GGUF_CURSOR_RULES } from "./limits.ts";
import type { GgufArray } from "./value.ts";

/** Walks a text array of a parsed file. Each element is valid until the next one is asked for. */
export function* arrayTexts(source: ByteSource, array: GgufArray): Generator<Uint8Array> {
  if (array.elementType !== "STRING") {
    throw new TypeError(`Cannot read an array of ${array.elementType} as texts`);
  }
  const cursor = new Cursor(source, GGUF_CURSOR_RULES, array.offset);
  for (let i = 0; i < array.count; i++) yield cursor.string(array.longestBytes, "text");
}
