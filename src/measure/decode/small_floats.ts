import { halfValue } from "./block.ts";

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

/** The value of bfloat16 bits. */
function brainFloatValue(code: number): number {
  const word = new Uint32Array([code << 16]);
  return new Float32Array(word.buffer)[0] ?? NaN;
}

/** A type whose values have at most 16 bits: all of them fit in a table. */
export interface ShortFormat {
  readonly bits: 4 | 6 | 8 | 16;
  value(code: number): number;
}

export const SHORT_FORMATS: Readonly<Record<string, ShortFormat>> = {
  F16: { bits: 16, value: halfValue },
  BF16: { bits: 16, value: brainFloatValue },
  I16: { bits: 16, value: (code) => (code << 16) >> 16 },
  U16: { bits: 16, value: (code) => code },
  I8: { bits: 8, value: (code) => (code << 24) >> 24 },
  U8: { bits: 8, value: (code) => code },
  BOOL: { bits: 8, value: (code) => code },
  F8_E4M3: { bits: 8, value: small(4, 3, 7, "finite") },
  F8_E5M2: { bits: 8, value: small(5, 2, 15, "ieee") },
  F8_E4M3FNUZ: { bits: 8, value: small(4, 3, 8, "finite-unsigned-zero") },
  F8_E5M2FNUZ: { bits: 8, value: small(5, 2, 16, "finite-unsigned-zero") },
  F8_E8M0: { bits: 8, value: (code) => code === 255 ? NaN : 2 ** (code - 127) },
  F6_E2M3: { bits: 6, value: small(2, 3, 1, "none") },
  F6_E3M2: { bits: 6, value: small(3, 2, 3, "none") },
  F4: { bits: 4, value: small(2, 1, 1, "none") },
};
