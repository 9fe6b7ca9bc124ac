/** What the largest exponent of a small float means. */
type Special =
  /** As in IEEE 754: infinity, and not-a-number with a fraction. */
  | "ieee"
  /** No infinity; only all ones is not-a-number. */
  | "finite"
  /** No infinity and no negative zero: the code of minus zero is not-a-number. */
  | "finite-unsigned-zero"
  /** Every code is a number. */
  | "none";

interface SmallFloat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  readonly special: Special;
}

/**
 * The value of a float of at most eight bits: sign, exponent, fraction.
 * OCP 8-bit Floating Point Specification (E4M3, E5M2), OCP Microscaling Formats (E2M1, E2M3, E3M2), and the
 * FNUZ variants of ONNX.
 */
function smallFloatValue(code: number, format: SmallFloat): number {
  const { exponentBits, fractionBits, bias, special } = format;
  const signBit = 1 << (exponentBits + fractionBits);
  const fraction = code & ((1 << fractionBits) - 1);
  const largest = (1 << exponentBits) - 1;
  const exponent = (code >> fractionBits) & largest;
  const sign = code & signBit ? -1 : 1;
  if (special === "finite-unsigned-zero" && code === signBit) return NaN;
  if (exponent === largest && special === "ieee") return fraction ? NaN : sign * Infinity;
  if (exponent === largest && special === "finite" && fraction === (1 << fractionBits) - 1) return NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * ((1 << fractionBits) + fraction) * 2 ** (exponent - bias - fractionBits);
}

function small(exponentBits: number, fractionBits: number, bias: number, special: Special) {
  return (code: number) => smallFloatValue(code, { exponentBits, fractionBits, bias, special });
}

/** A type whose values have at most 16 bits: all of them fit in a table. */
export interface ShortFormat {
  readonly bits: 4 | 6 | 8 | 16;
  /** The value of every code. */
  table(): Float64Array;
}

function byFormula(bits: ShortFormat["bits"], value: (code: number) => number): ShortFormat {
  return { bits, table: () => Float64Array.from({ length: 2 ** bits }, (_, code) => value(code)) };
}

/** All 16-bit codes in order, to be seen as another type. */
function allCodes(): ArrayBuffer {
  const codes = new Uint16Array(65_536);
  for (let code = 0; code < codes.length; code++) codes[code] = code;
  return codes.buffer;
}

/** The upper half of a 32-bit float. */
function brainFloats(): Float64Array {
  const words = new Uint32Array(65_536);
  for (let code = 0; code < words.length; code++) words[code] = code << 16;
  return new Float64Array(new Float32Array(words.buffer));
}

export const SHORT_FORMATS: Readonly<Record<string, ShortFormat>> = {
  F16: { bits: 16, table: () => new Float64Array(new Float16Array(allCodes())) },
  BF16: { bits: 16, table: brainFloats },
  I16: { bits: 16, table: () => new Float64Array(new Int16Array(allCodes())) },
  U16: { bits: 16, table: () => new Float64Array(new Uint16Array(allCodes())) },
  I8: byFormula(8, (code) => (code << 24) >> 24),
  U8: byFormula(8, (code) => code),
  BOOL: byFormula(8, (code) => code),
  F8_E4M3: byFormula(8, small(4, 3, 7, "finite")),
  F8_E5M2: byFormula(8, small(5, 2, 15, "ieee")),
  F8_E4M3FNUZ: byFormula(8, small(4, 3, 8, "finite-unsigned-zero")),
  F8_E5M2FNUZ: byFormula(8, small(5, 2, 16, "finite-unsigned-zero")),
  F8_E8M0: byFormula(8, (code) => code === 255 ? NaN : 2 ** (code - 127)),
  F6_E2M3: byFormula(6, small(2, 3, 1, "none")),
  F6_E3M2: byFormula(6, small(3, 2, 3, "none")),
  F4: byFormula(4, small(2, 1, 1, "none")),
};
