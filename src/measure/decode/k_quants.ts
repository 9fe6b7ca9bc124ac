import { type BlockFormat, type DecodedBlock, f16 } from "./block.ts";

/**
 * The K-quants: 256 weights, a half float scale (and minimum) for all, small whole-number scales for groups of 16 or
 * 32. Layouts: ggml/src/ggml-common.h in https://github.com/ggml-org/llama.cpp
 */

/** Eight 6-bit scales and eight 6-bit minima in twelve bytes (Q4_K, Q5_K). */
function sixBitPairs(
  bytes: Uint8Array,
  at: number,
  into: DecodedBlock,
  scale: number,
  minimum: number,
): void {
  const byte = (i: number) => bytes[at + i] ?? 0;
  for (let g = 0; g < 8; g++) {
    const s = g < 4 ? byte(g) & 63 : (byte(g + 4) & 15) | ((byte(g - 4) >> 6) << 4);
    const m = g < 4 ? byte(g + 4) & 63 : (byte(g + 4) >> 4) | ((byte(g) >> 6) << 4);
    into.scales[g] = scale * s;
    into.offsets[g] = -minimum * m;
  }
}

/** Two bits a weight: byte `i` of each half holds weights `i`, `i + 32`, `i + 64` and `i + 96` of that half. */
function twoBits(bytes: Uint8Array, at: number, weight: number): number {
  return ((bytes[at + 32 * (weight >> 7) + (weight & 31)] ?? 0) >> (2 * ((weight >> 5) & 3))) & 3;
}

/** Four bits a weight: byte `i` of each run of 32 holds weights `i` and `i + 32` of 64. */
function fourBits(bytes: Uint8Array, at: number, weight: number): number {
  return ((bytes[at + 32 * (weight >> 6) + (weight & 31)] ?? 0) >> (4 * ((weight >> 5) & 1))) & 15;
}

/** One bit a weight: byte `i` of 32 holds weight `i` of every group of 32, lowest group in the lowest bit. */
function oneBit(bytes: Uint8Array, at: number, weight: number): number {
  return ((bytes[at + (weight & 31)] ?? 0) >> (weight >> 5)) & 1;
}

const Q2_K: BlockFormat = {
  elements: 256,
  bytes: 84,
  groupElements: 16,
  scale: { at: [80, 82], kind: "f16" },
  codeBytes: { at: 16, length: 64 },
  codeRange: [0, 3],
  unpack(bytes, at, into) {
    const scale = f16(bytes, at + 80);
    const minimum = f16(bytes, at + 82);
    for (let group = 0; group < 16; group++) {
      const pair = bytes[at + group] ?? 0;
      into.scales[group] = scale * (pair & 15);
      into.offsets[group] = -minimum * (pair >> 4);
    }
    for (let i = 0; i < 256; i++) into.codes[i] = twoBits(bytes, at + 16, i);
  },
};

/** Sixteen 6-bit scales: low nibbles in eight bytes, high pairs of bits in four. */
function q3Scale(bytes: Uint8Array, at: number, group: number): number {
  const low = ((bytes[at + (group & 7)] ?? 0) >> (4 * (group >> 3))) & 15;
  const high = ((bytes[at + 8 + (group & 3)] ?? 0) >> (2 * (group >> 2))) & 3;
  return (low | (high << 4)) - 32;
}

const Q3_K: BlockFormat = {
  elements: 256,
  bytes: 110,
  groupElements: 16,
  scale: { at: [108], kind: "f16" },
  codeBytes: { at: 0, length: 96 },
  codeRange: [-4, 3],
  unpack(bytes, at, into) {
    const scale = f16(bytes, at + 108);
    for (let group = 0; group < 16; group++) {
      into.scales[group] = scale * q3Scale(bytes, at + 96, group);
      into.offsets[group] = 0;
    }
    for (let i = 0; i < 256; i++) {
      into.codes[i] = twoBits(bytes, at + 32, i) + 4 * oneBit(bytes, at, i) - 4;
    }
  },
};

const Q4_K: BlockFormat = {
  elements: 256,
  bytes: 144,
  groupElements: 32,
  scale: { at: [0, 2], kind: "f16" },
  codeBytes: { at: 16, length: 128 },
  codeRange: [0, 15],
  unpack(bytes, at, into) {
    sixBitPairs(bytes, at + 4, into, f16(bytes, at), f16(bytes, at + 2));
    for (let i = 0; i < 256; i++) into.codes[i] = fourBits(bytes, at + 16, i);
  },
};

const Q5_K: BlockFormat = {
  elements: 256,
  bytes: 176,
  groupElements: 32,
  scale: { at: [0, 2], kind: "f16" },
  codeBytes: { at: 16, length: 160 },
  codeRange: [0, 31],
  unpack(bytes, at, into) {
    sixBitPairs(bytes, at + 4, into, f16(bytes, at), f16(bytes, at + 2));
    for (let i = 0; i < 256; i++) {
      into.codes[i] = fourBits(bytes, at + 48, i) + 16 * oneBit(bytes, at + 16, i);
    }
  },
};

const Q6_K: BlockFormat = {
  elements: 256,
  bytes: 210,
  groupElements: 16,
  scale: { at: [208], kind: "f16" },
  codeBytes: { at: 0, length: 192 },
  codeRange: [-32, 31],
  unpack(bytes, at, into) {
    const scale = f16(bytes, at + 208);
    for (let group = 0; group < 16; group++) {
      into.scales[group] = scale * (((bytes[at + 192 + group] ?? 0) << 24) >> 24);
      into.offsets[group] = 0;
    }
    for (let i = 0; i < 256; i++) {
      const low = (bytes[at + 64 * (i >> 7) + (i & 63)] ?? 0) >> (4 * ((i >> 6) & 1));
      into.codes[i] = ((low & 15) | (twoBits(bytes, at + 128, i) << 4)) - 32;
    }
  },
};

export const K_FORMATS = { Q2_K, Q3_K, Q4_K, Q5_K, Q6_K };
