/** Random numbers that are the same for the same seed on every machine: a 32-bit mixer (mulberry32). */
export class Random {
  #state: number;
  #spare: number | null = null;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to 2^32 - 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer from 0 to `limit - 1`; `limit` is at least 1. */
  below(limit: number): number {
    return Math.floor(this.u32() / 2 ** 32 * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick from an empty list");
    return item;
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** Normally distributed with mean 0 (Box-Muller, two at a time). */
  gauss(deviation: number): number {
    if (this.#spare !== null) {
      const value = this.#spare * deviation;
      this.#spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((this.u32() + 1) / 2 ** 32));
    const angle = 2 * Math.PI * this.u32() / 2 ** 32;
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle) * deviation;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u32();
    return bytes;
  }

  gaussians(length: number, deviation: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = this.gauss(deviation);
    return values;
  }
}
