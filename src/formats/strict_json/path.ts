const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_KEY_SHOWN = 120;

/** An object or array that is open while its contents are read. */
export class Frame {
  /** Every key so far, for an object; null for an array. */
  readonly keys: Set<string> | null;
  /** The key whose value is being read. */
  key: string | null = null;
  /** Index of the element being read; -1 before the first. */
  index = -1;

  constructor(shape: "object" | "array") {
    this.keys = shape === "object" ? new Set() : null;
  }

  /** Whether `key` is new to this object. */
  enter(key: string): boolean {
    const keys = this.keys;
    if (keys === null) throw new TypeError("An array has no keys");
    const before = keys.size;
    this.key = key;
    return keys.add(key).size > before;
  }
}

/** Where a value is, as `$.shape[0]` or `$["model.layers.0.weight"].dtype`. */
export function pathOf(frames: readonly Frame[]): string {
  return "$" + frames.map(step).join("");
}

function step(frame: Frame): string {
  if (frame.keys === null) return frame.index < 0 ? "" : `[${frame.index}]`;
  if (frame.key === null) return "";
  if (PLAIN_KEY.test(frame.key) && frame.key.length <= MAX_KEY_SHOWN) return `.${frame.key}`;
  const isShort = frame.key.length <= MAX_KEY_SHOWN;
  return `[${JSON.stringify(isShort ? frame.key : frame.key.slice(0, MAX_KEY_SHOWN) + "…")}]`;
}
