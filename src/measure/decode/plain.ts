import { type BlockFormat, type DecodedBlock, f16, u16, u32 } from "./block.ts";

/**
 * The block formats with one scale for 32 to 256 weights. Layouts: ggml/src/ggml-common.h in
 * https://github.com/ggml-org/llama.cpp
 */

/** Low nibbles are the first half of the block, high nibbles the second. */
function nibbles(bytes: Uint8Array, at: number, count: number, codes: Int8Array, to: number): void {
  for (let i = 0; i < count; i++) {
    const byte = bytes[at + i] ?? 0;
    codes[to + i] = byte & 15;
    codes[to + count + i] = byte >> 4;
  }
}

function addFifthBits(bits: number, codes: Int8Array): void {
  for (let i = 0; i < 32; i++) codes[i] = (codes[i] ?? 0) | (((bits >>> i) & 1) << 4);
}

function shift(codes: Int8Array, count: number, by: number): void {
  for (let i = 0; i < count; i++) codes[i] = (codes[i] ?? 0) + by;
}

function setScale(into: DecodedBlock, scale: number, offset = 0): void {
  into.scales[0] = scale;
  into.offsets[0] = offset;
}

const Q4_0: BlockFormat = {
  elements: 32,
  bytes: 18,
  groupElements: 32,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 2, length: 16 },
  codeRange: [-8, 7],
  unpack(bytes, at, into) {
    nibbles(bytes, at + 2, 16, into.codes, 0);
    shift(into.codes, 32, -8);
    setScale(into, f16(bytes, at));
  },
};

const Q4_1: BlockFormat = {
  elements: 32,
  bytes: 20,
  groupElements: 32,
  scale: { at: [0, 2], kind: "f16" },
  codeBytes: { at: 4, length: 16 },
  codeRange: [0, 15],
  unpack(bytes, at, into) {
    nibbles(bytes, at + 4, 16, into.codes, 0);
    setScale(into, f16(bytes, at), f16(bytes, at + 2));
  },
};

const Q5_0: BlockFormat = {
  elements: 32,
  bytes: 22,
  groupElements: 32,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 2, length: 20 },
  codeRange: [-16, 15],
  unpack(bytes, at, into) {
    nibbles(bytes, at + 6, 16, into.codes, 0);
    addFifthBits(u32(bytes, at + 2), into.codes);
    shift(into.codes, 32, -16);
    setScale(into, f16(bytes, at));
  },
};

const Q5_1: BlockFormat = {
  elements: 32,
  bytes: 24,
  groupElements: 32,
  scale: { at: [0, 2], kind: "f16" },
  codeBytes: { at: 4, length: 20 },
  codeRange: [0, 31],
  unpack(bytes, at, into) {
    nibbles(bytes, at + 8, 16, into.codes, 0);
    addFifthBits(u32(bytes, at + 4), into.codes);
    setScale(into, f16(bytes, at), f16(bytes, at + 2));
  },
};

function signedBytes(bytes: Uint8Array, at: number, count: number, codes: Int8Array): void {
  for (let i = 0; i < count; i++) codes[i] = bytes[at + i] ?? 0;
}

const Q8_0: BlockFormat = {
  elements: 32,
  bytes: 34,
  groupElements: 32,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 2, length: 32 },
  codeRange: [-128, 127],
  unpack(bytes, at, into) {
    signedBytes(bytes, at + 2, 32, into.codes);
    setScale(into, f16(bytes, at));
  },
};

/** The second half float is the scale times the sum of the codes, kept for dot products. */
const Q8_1: BlockFormat = {
  elements: 32,
  bytes: 36,
  groupElements: 32,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 4, length: 32 },
  codeRange: [-128, 127],
  unpack(bytes, at, into) {
    signedBytes(bytes, at + 4, 32, into.codes);
    setScale(into, f16(bytes, at));
  },
};

/** The sixteen 16-bit sums after the codes are kept for dot products. */
const Q8_K: BlockFormat = {
  elements: 256,
  bytes: 292,
  groupElements: 256,
  scale: { at: [0], kind: "f32" },
  codeBytes: { at: 4, length: 256 },
  codeRange: [-128, 127],
  unpack(bytes, at, into) {
    signedBytes(bytes, at + 4, 256, into.codes);
    setScale(into, new DataView(bytes.buffer, bytes.byteOffset + at, 4).getFloat32(0, true));
  },
};

/** One bit a weight: set is plus, clear is minus. */
const Q1_0: BlockFormat = {
  elements: 128,
  bytes: 18,
  groupElements: 128,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 2, length: 16 },
  codeRange: [-1, 1],
  unpack(bytes, at, into) {
    for (let i = 0; i < 128; i++) into.codes[i] = ((bytes[at + 2 + (i >> 3)] ?? 0) >> (i & 7)) & 1 ? 1 : -1;
    setScale(into, f16(bytes, at));
  },
};

const Q2_0: BlockFormat = {
  elements: 64,
  bytes: 18,
  groupElements: 64,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 2, length: 16 },
  codeRange: [-1, 2],
  unpack(bytes, at, into) {
    for (let i = 0; i < 64; i++) {
      into.codes[i] = (((bytes[at + 2 + (i >> 2)] ?? 0) >> (2 * (i & 3))) & 3) - 1;
    }
    setScale(into, f16(bytes, at));
  },
};

/** Five ternary digits a byte, stored as a fraction of 256; the last four bytes hold four digits each. */
const TQ1_0: BlockFormat = {
  elements: 256,
  bytes: 54,
  groupElements: 256,
  scale: { at: [52], kind: "f16" },
  codeBytes: { at: 0, length: 52 },
  codeRange: [-1, 1],
  unpack(bytes, at, into) {
    let to = 0;
    for (const [from, count, digits] of [[0, 32, 5], [32, 16, 5], [48, 4, 4]] as const) {
      for (let digit = 0, power = 1; digit < digits; digit++, power *= 3) {
        for (let i = 0; i < count; i++) {
          const fraction = ((bytes[at + from + i] ?? 0) * power) & 255;
          into.codes[to++] = ((fraction * 3) >> 8) - 1;
        }
      }
    }
    setScale(into, f16(bytes, at + 52));
  },
};

const TQ2_0: BlockFormat = {
  elements: 256,
  bytes: 66,
  groupElements: 256,
  scale: { at: [64], kind: "f16" },
  codeBytes: { at: 0, length: 64 },
  codeRange: [-1, 2],
  unpack(bytes, at, into) {
    for (let i = 0; i < 256; i++) {
      const byte = bytes[at + 32 * (i >> 7) + (i & 31)] ?? 0;
      into.codes[i] = ((byte >> (2 * ((i >> 5) & 3))) & 3) - 1;
    }
    setScale(into, f16(bytes, at + 64));
  },
};

/** The sixteen levels of the non-linear 4-bit formats. */
const IQ4_LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const;

/** Twice the values of a 4-bit float with two exponent bits, so that they are whole; scales are halved for it. */
const E2M1_DOUBLED = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] as const;

export const FOUR_BIT_LEVELS = { iq4: IQ4_LEVELS, e2m1Doubled: E2M1_DOUBLED } as const;

function levels(table: readonly number[], codes: Int8Array, count: number): void {
  for (let i = 0; i < count; i++) codes[i] = table[codes[i] ?? 0] ?? 0;
}

const IQ4_NL: BlockFormat = {
  elements: 32,
  bytes: 18,
  groupElements: 32,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 2, length: 16 },
  codeRange: [-127, 113],
  unpack(bytes, at, into) {
    nibbles(bytes, at + 2, 16, into.codes, 0);
    levels(IQ4_LEVELS, into.codes, 32);
    setScale(into, f16(bytes, at));
  },
};

const IQ4_XS: BlockFormat = {
  elements: 256,
  bytes: 136,
  groupElements: 32,
  scale: { at: [0], kind: "f16" },
  codeBytes: { at: 8, length: 128 },
  codeRange: [-127, 113],
  unpack(bytes, at, into) {
    const scale = f16(bytes, at);
    const high = u16(bytes, at + 2);
    for (let group = 0; group < 8; group++) {
      const low = ((bytes[at + 4 + (group >> 1)] ?? 0) >> (4 * (group & 1))) & 15;
      into.scales[group] = scale * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
      into.offsets[group] = 0;
      nibbles(bytes, at + 8 + 16 * group, 16, into.codes, 32 * group);
    }
    levels(IQ4_LEVELS, into.codes, 256);
  },
};

/** Half of 2^(exponent - 127); ggml reads the exponent 255 as a number too. */
function halfOfE8M0(exponent: number): number {
  return 2 ** (exponent - 128);
}

const MXFP4: BlockFormat = {
  elements: 32,
  bytes: 17,
  groupElements: 32,
  scale: { at: [0], kind: "e8m0" },
  codeBytes: { at: 1, length: 16 },
  codeRange: [-12, 12],
  unpack(bytes, at, into) {
    nibbles(bytes, at + 1, 16, into.codes, 0);
    levels(E2M1_DOUBLED, into.codes, 32);
    setScale(into, halfOfE8M0(bytes[at] ?? 0));
  },
};

/** Half of an unsigned 8-bit float with four exponent bits; its not-a-number counts as zero. */
function halfOfUE4M3(bits: number): number {
  if (bits === 0 || bits === 0x7f) return 0;
  const exponent = (bits >> 3) & 15;
  const fraction = bits & 7;
  return exponent ? (8 + fraction) * 2 ** (exponent - 11) : fraction * 2 ** -10;
}

const NVFP4: BlockFormat = {
  elements: 64,
  bytes: 36,
  groupElements: 16,
  scale: { at: [0, 1, 2, 3], kind: "ue4m3" },
  codeBytes: { at: 4, length: 32 },
  codeRange: [-12, 12],
  unpack(bytes, at, into) {
    for (let group = 0; group < 4; group++) {
      into.scales[group] = halfOfUE4M3(bytes[at + group] ?? 0);
      into.offsets[group] = 0;
      nibbles(bytes, at + 4 + 8 * group, 8, into.codes, 16 * group);
    }
    levels(E2M1_DOUBLED, into.codes, 64);
  },
};

export const PLAIN_FORMATS = {
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q8_1,
  Q8_K,
  Q1_0,
  Q2_0,
  TQ1_0,
  TQ2_0,
  IQ4_NL,
  IQ4_XS,
  MXFP4,
  NVFP4,
};
