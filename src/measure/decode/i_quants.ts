import { type BlockFormat, type DecodedBlock, f16, halfValue, u16, u32 } from "./block.ts";
import type { Grids } from "./grids.ts";

/**
 * The codebook formats: 256 weights of which 8 or 4 at a time are one entry of a fixed grid, with separate signs.
 * Layouts: ggml/src/ggml-common.h in https://github.com/ggml-org/llama.cpp
 */

/** The eighth sign of a group makes the number of minus signs even. */
function evenSigns(seven: number): number {
  let parity = seven;
  parity ^= parity >> 4;
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return seven | ((parity & 1) << 7);
}

/** Writes `width` weights of grid entry `entry` from weight `to` on; bit `i` of `signs` makes weight `i` negative. */
function fromGrid(
  grid: Int8Array,
  entry: number,
  width: number,
  signs: number,
  codes: Int8Array,
  to: number,
) {
  for (let i = 0; i < width; i++) {
    const level = grid[entry * width + i] ?? 0;
    codes[to + i] = (signs >> i) & 1 ? -level : level;
  }
}

function setGroup(into: DecodedBlock, group: number, scale: number): void {
  into.scales[group] = scale;
  into.offsets[group] = 0;
}

/** The scale of a group of 16 in formats that pack two 4-bit scales a byte. */
function setNibbleScales(bytes: Uint8Array, at: number, scale: number, into: DecodedBlock): void {
  for (let group = 0; group < 16; group++) {
    const nibble = ((bytes[at + (group >> 1)] ?? 0) >> (4 * (group & 1))) & 15;
    setGroup(into, group, scale * (0.5 + nibble) * 0.25);
  }
}

function iq2xxs(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 66,
    groupElements: 32,
    scale: { at: [0], kind: "f16" },
    codeBytes: { at: 2, length: 64 },
    codeRange: [-43, 43],
    unpack(bytes, at, into) {
      const scale = f16(bytes, at);
      for (let group = 0; group < 8; group++) {
        const from = at + 2 + 8 * group;
        const tail = u32(bytes, from + 4);
        setGroup(into, group, scale * (0.5 + (tail >>> 28)) * 0.25);
        for (let part = 0; part < 4; part++) {
          const signs = evenSigns((tail >>> (7 * part)) & 127);
          fromGrid(grid, bytes[from + part] ?? 0, 8, signs, into.codes, 32 * group + 8 * part);
        }
      }
    },
  };
}

function iq2xs(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 74,
    groupElements: 16,
    scale: { at: [0], kind: "f16" },
    codeBytes: { at: 2, length: 64 },
    codeRange: [-43, 43],
    unpack(bytes, at, into) {
      setNibbleScales(bytes, at + 66, f16(bytes, at), into);
      for (let part = 0; part < 32; part++) {
        const word = u16(bytes, at + 2 + 2 * part);
        fromGrid(grid, word & 511, 8, evenSigns(word >> 9), into.codes, 8 * part);
      }
    },
  };
}

function iq2s(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 82,
    groupElements: 16,
    scale: { at: [0], kind: "f16" },
    codeBytes: { at: 2, length: 72 },
    codeRange: [-43, 43],
    unpack(bytes, at, into) {
      setNibbleScales(bytes, at + 74, f16(bytes, at), into);
      for (let part = 0; part < 32; part++) {
        const high = ((bytes[at + 66 + (part >> 2)] ?? 0) >> (2 * (part & 3))) & 3;
        const entry = (bytes[at + 2 + part] ?? 0) | (high << 8);
        fromGrid(grid, entry, 8, bytes[at + 34 + part] ?? 0, into.codes, 8 * part);
      }
    },
  };
}

function iq3xxs(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 98,
    groupElements: 32,
    scale: { at: [0], kind: "f16" },
    codeBytes: { at: 2, length: 96 },
    codeRange: [-62, 62],
    unpack(bytes, at, into) {
      const scale = f16(bytes, at);
      for (let group = 0; group < 8; group++) {
        const tail = u32(bytes, at + 66 + 4 * group);
        setGroup(into, group, scale * (0.5 + (tail >>> 28)) * 0.5);
        for (let part = 0; part < 8; part++) {
          const signs = evenSigns((tail >>> (7 * (part >> 1))) & 127) >> (4 * (part & 1));
          fromGrid(grid, bytes[at + 2 + 8 * group + part] ?? 0, 4, signs, into.codes, 32 * group + 4 * part);
        }
      }
    },
  };
}

function iq3s(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 110,
    groupElements: 32,
    scale: { at: [0], kind: "f16" },
    codeBytes: { at: 2, length: 104 },
    codeRange: [-15, 15],
    unpack(bytes, at, into) {
      const scale = f16(bytes, at);
      for (let group = 0; group < 8; group++) {
        const nibble = ((bytes[at + 106 + (group >> 1)] ?? 0) >> (4 * (group & 1))) & 15;
        setGroup(into, group, scale * (1 + 2 * nibble));
      }
      for (let part = 0; part < 64; part++) {
        const high = ((bytes[at + 66 + (part >> 3)] ?? 0) >> (part & 7)) & 1;
        const entry = (bytes[at + 2 + part] ?? 0) | (high << 8);
        const signs = (bytes[at + 74 + (part >> 1)] ?? 0) >> (4 * (part & 1));
        fromGrid(grid, entry, 4, signs, into.codes, 4 * part);
      }
    },
  };
}

/** Eight ternary weights, all moved up or down by an eighth: eighths are what the codes count. */
function ternary(grid: Int8Array, entry: number, minus: boolean, codes: Int8Array, to: number): void {
  for (let i = 0; i < 8; i++) codes[to + i] = 8 * (grid[entry * 8 + i] ?? 0) + (minus ? -1 : 1);
}

function iq1s(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 50,
    groupElements: 32,
    scale: { at: [0], kind: "f16" },
    codeBytes: { at: 2, length: 48 },
    codeRange: [-9, 9],
    unpack(bytes, at, into) {
      const scale = f16(bytes, at);
      for (let group = 0; group < 8; group++) {
        const high = u16(bytes, at + 34 + 2 * group);
        setGroup(into, group, scale * (2 * ((high >> 12) & 7) + 1) / 8);
        for (let part = 0; part < 4; part++) {
          const entry = (bytes[at + 2 + 4 * group + part] ?? 0) | (((high >> (3 * part)) & 7) << 8);
          ternary(grid, entry, (high & 0x8000) !== 0, into.codes, 32 * group + 8 * part);
        }
      }
    },
  };
}

/** IQ1_M keeps its half float in the top nibbles of four 16-bit words of 3-bit scales. */
export function splitHalf(bytes: Uint8Array, at: number): number {
  let bits = 0;
  for (let word = 0; word < 4; word++) bits |= (u16(bytes, at + 2 * word) >> 12) << (4 * word);
  return bits;
}

function iq1m(grid: Int8Array): BlockFormat {
  return {
    elements: 256,
    bytes: 56,
    groupElements: 16,
    scale: { at: [48], kind: "split-f16" },
    codeBytes: { at: 0, length: 48 },
    codeRange: [-9, 9],
    unpack(bytes, at, into) {
      const scale = halfValue(splitHalf(bytes, at + 48));
      for (let group = 0; group < 16; group++) {
        const three = (u16(bytes, at + 48 + 2 * (group >> 2)) >> (3 * (group & 3))) & 7;
        setGroup(into, group, scale * (2 * three + 1) / 8);
      }
      for (let part = 0; part < 32; part++) {
        const high = (bytes[at + 32 + (part >> 1)] ?? 0) >> (4 * (part & 1));
        const entry = (bytes[at + part] ?? 0) | ((high & 7) << 8);
        ternary(grid, entry, (high & 8) !== 0, into.codes, 8 * part);
      }
    },
  };
}

export function codebookFormats(grids: Grids) {
  return {
    IQ1_S: iq1s(grids.iq1),
    IQ1_M: iq1m(grids.iq1),
    IQ2_XXS: iq2xxs(grids.iq2xxs),
    IQ2_XS: iq2xs(grids.iq2xs),
    IQ2_S: iq2s(grids.iq2s),
    IQ3_XXS: iq3xxs(grids.iq3xxs),
    IQ3_S: iq3s(grids.iq3s),
  };
}
