import type { CursorRules } from "../cursor.ts";

export const GGUF_CURSOR_RULES: CursorRules = {
  truncated: "gguf/truncated",
  count: "gguf/count",
  length: "gguf/length",
};

/** Most metadata keys; published models have fewer than a hundred. */
export const MAX_KEYS = 65_536;
export const MAX_TENSORS = 65_536;
/** Most bytes from the start of the file to the end of the tensor list. */
export const MAX_HEADER_BYTES = 512 * 1024 * 1024;
/** Largest chat template; real ones are a few thousand characters. */
export const MAX_TEMPLATE_BYTES = 1024 * 1024;
export const DEFAULT_ALIGNMENT = 32;
export const MIN_ALIGNMENT = 8;
export const MAX_ALIGNMENT = 65_536;
