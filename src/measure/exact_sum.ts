const DOUBLE = new Float64Array(1);
const BITS = new BigUint64Array(DOUBLE.buffer);

/**
 * A sum of doubles without rounding: the same for every order in which they are added and every way they are split.
 * Held as a whole number of the smallest double, 2^-1074.
 */
export function toUnits(value: number): bigint {
  DOUBLE[0] = value;
  const bits = BITS[0] ?? 0n;
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return bits >> 63n ? -size : size;
}

const UNIT_EXPONENT = -1074;
const KEPT_BITS = 64;

/** The double nearest to a sum of units; the last bit may differ from correct rounding, always in the same way. */
export function fromUnits(units: bigint): number {
  const size = units < 0n ? -units : units;
  const excess = Math.max(0, size.toString(16).length * 4 - KEPT_BITS);
  const leading = Number(size >> BigInt(excess));
  // Two factors: 2^-1074 times a large number would lose it, and 2^1024 is not a double.
  const scale = excess + UNIT_EXPONENT;
  const value = scale < -1000 ? leading * 2 ** (scale + 100) * 2 ** -100 : leading * 2 ** scale;
  return units < 0n ? -value : value;
}
