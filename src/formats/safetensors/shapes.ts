/** Slots for shapes seen before; a model has few different ones. */
const SLOTS = 1024;

/** Gives tensors of one shape the same list, so that many tensors do not keep many copies of it. */
export class ShapePool {
  readonly #seen: (readonly number[] | null)[] = Array(SLOTS).fill(null);
  readonly #onCopy: (shape: readonly number[]) => void;

  /** `onCopy` is called before a list is kept that was not kept before; it may throw. */
  constructor(onCopy: (shape: readonly number[]) => void) {
    this.#onCopy = onCopy;
  }

  /** A list equal to `shape` that nobody changes. */
  shared(shape: readonly number[]): readonly number[] {
    let slot = shape.length;
    for (const dimension of shape) slot = (Math.imul(slot, 31) + dimension) >>> 0;
    slot %= SLOTS;
    const seen = this.#seen[slot] ?? null;
    if (seen !== null && isSame(seen, shape)) return seen;
    this.#onCopy(shape);
    const copy = shape.slice();
    this.#seen[slot] = copy;
    return copy;
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}
