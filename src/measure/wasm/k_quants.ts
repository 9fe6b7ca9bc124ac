import { type Code, get, int, loadVector, op, set } from "./assemble.ts";
import { type BlockKernel, L } from "./block_moments.ts";
import { type Blocks, scaledBlocks, shiftedBlocks } from "./block_sums.ts";
import { B } from "./group_sums.ts";
import { bytes16, bytesByLane, lanesOf, or } from "./vectors.ts";

/** Kernels of the K-quants. Layouts: ggml/src/ggml-common.h in https://github.com/ggml-org/llama.cpp */

const vec = (at: number): Code => loadVector(get(L.from), at);

/** The `width` bits from bit `lowest` on of every byte, moved so that the lowest of them is bit `to`. */
function field(bytes: Code, lowest: number, width: number, to = 0): Code {
  const by = lowest - to;
  const moved = by > 0
    ? op("i16x8.shr_u", bytes, int(by))
    : by < 0
    ? op("i16x8.shl", bytes, int(-by))
    : bytes;
  return op("v128.and", moved, bytes16(((1 << width) - 1) << to));
}

const setRaw = (first: number, ...vectors: Code[]): Code =>
  vectors.map((value, index) => set(B.raw[first + index] ?? 0, value));
const raw = (index: number): Code => get(B.raw[index] ?? 0);
const setCodes = (...vectors: Code[]): Code => vectors.map((value, index) => set(L.codes[index] ?? 0, value));

/**
 * The eight small scales and eight small minima of Q4_K and Q5_K, 6 bits each, in the twelve bytes from byte 4 on: the
 * first four of both are the low bits of the first eight bytes; the others have their low bits in the nibbles of the
 * last four and their high ones above the first.
 */
function sixBitPairs(): Code {
  const [words, nibbles] = L.spare;
  const and = (bytes: Code, ...masks: number[]) => op("v128.and", bytes, bytesByLane(...masks));
  return [
    set(nibbles, vec(0)),
    set(words, lanesOf(nibbles, 1, 1, 2, 2)),
    set(nibbles, lanesOf(nibbles, 3, 3, 3, 3)),
    set(
      B.packedScales,
      or(
        or(and(get(words), 63, 0, 63, 0), and(op("i16x8.shr_u", get(words), int(2)), 0, 0x30, 0, 0x30)),
        or(and(get(nibbles), 0, 15, 0, 0), and(op("i16x8.shr_u", get(nibbles), int(4)), 0, 0, 0, 15)),
      ),
    ),
    set(B.packedMinima, lanesOf(B.packedScales, 2, 3, 2, 3)),
  ];
}

/** Groups `first` and `first + 1` of 32: the low and the high nibbles of the same 32 bytes. */
function nibblePair(first: number, from: number): Code[] {
  const at = from + 16 * first;
  return [
    setRaw(0, vec(at), vec(at + 16)),
    setCodes(...[0, 4].flatMap((bit) => [field(raw(0), bit, 4), field(raw(1), bit, 4)])),
  ];
}

const Q4_K: Blocks = {
  bytes: 144,
  groups: 8,
  greatest: 15,
  bias: 0,
  halvesAt: 0,
  scales: sixBitPairs(),
  shared: () => [],
  codes: (first) => nibblePair(first, 16),
};

/** The fifth bits are in 32 bytes of their own: bit `g` of each is for group `g`. */
const Q5_K: Blocks = {
  bytes: 176,
  groups: 8,
  greatest: 31,
  bias: 0,
  halvesAt: 0,
  scales: sixBitPairs(),
  shared: () => setRaw(2, vec(16), vec(32)),
  codes: (first) => [
    nibblePair(first, 48),
    setCodes(
      ...L.codes.map((codes, index) =>
        or(get(codes), field(raw(2 + (index & 1)), first + (index >> 1), 1, 4))
      ),
    ),
  ],
};

/** Where groups `first` and `first + 1` of 16 are: half of the block, and which two bits of the bytes there. */
const placeOf = (first: number) => ({ part: first >> 3, quarter: (first >> 1) & 3 });

const Q2_K: Blocks = {
  bytes: 84,
  groups: 16,
  greatest: 3,
  bias: 0,
  halvesAt: 80,
  scales: [
    set(B.packedScales, vec(0)),
    set(B.packedMinima, field(get(B.packedScales), 4, 4)),
    set(B.packedScales, field(get(B.packedScales), 0, 4)),
  ],
  shared: (first) => setRaw(0, vec(16 + 32 * placeOf(first).part), vec(32 + 32 * placeOf(first).part)),
  codes: (first) => {
    const { quarter } = placeOf(first);
    return setCodes(field(raw(0), 2 * quarter, 2), field(raw(1), 2 * quarter, 2));
  },
};

/** Sixteen 6-bit scales less 32: low nibbles in eight bytes, high pairs of bits in four. */
function scalesOfQ3K(): Code {
  const [packed, low, pairs] = L.spare;
  const and = (bytes: Code, ...masks: number[]) => op("v128.and", bytes, bytesByLane(...masks));
  const shifted = (bytes: number, by: number) => op("i16x8.shr_u", get(bytes), int(by));
  const highBits = [
    and(op("i16x8.shl", get(pairs), int(4)), 0x30, 0, 0, 0),
    and(op("i16x8.shl", get(pairs), int(2)), 0, 0x30, 0, 0),
    and(get(pairs), 0, 0, 0x30, 0),
    and(shifted(pairs, 2), 0, 0, 0, 0x30),
  ].reduce(or);
  return [
    set(packed, vec(92)),
    set(low, lanesOf(packed, 1, 2, 1, 2)),
    set(pairs, lanesOf(packed, 3, 3, 3, 3)),
    set(
      B.packedScales,
      op(
        "i8x16.sub",
        or(or(and(get(low), 15, 15, 0, 0), and(shifted(low, 4), 0, 0, 15, 15)), highBits),
        bytes16(32),
      ),
    ),
  ];
}

/** The third bits are in 32 bytes of their own: bit `p` of each is for pair `p` of groups. */
const Q3_K: Blocks = {
  bytes: 110,
  groups: 16,
  greatest: 7,
  bias: 4,
  halvesAt: 108,
  scales: scalesOfQ3K(),
  shared: (first) => {
    const at = 32 + 32 * placeOf(first).part;
    return setRaw(0, vec(at), vec(at + 16), vec(0), vec(16));
  },
  codes: (first) => {
    const { quarter } = placeOf(first);
    const codes = (side: number) =>
      or(field(raw(side), 2 * quarter, 2), field(raw(2 + side), first >> 1, 1, 2));
    return setCodes(codes(0), codes(1));
  },
};

const Q6_K: Blocks = {
  bytes: 210,
  groups: 16,
  greatest: 63,
  bias: 32,
  halvesAt: 208,
  scales: set(B.packedScales, vec(192)),
  shared: (first) => {
    const [low, high] = [64 * placeOf(first).part, 128 + 32 * placeOf(first).part];
    return setRaw(0, vec(low), vec(low + 16), vec(low + 32), vec(low + 48), vec(high), vec(high + 16));
  },
  codes: (first) => {
    const { quarter } = placeOf(first);
    const codes = (side: number) =>
      or(
        field(raw(2 * (quarter & 1) + side), quarter < 2 ? 0 : 4, 4),
        field(raw(4 + side), 2 * quarter, 2, 4),
      );
    return setCodes(codes(0), codes(1));
  },
};

/** By tensor type. */
export const K_KERNELS: Readonly<Record<string, BlockKernel>> = {
  Q2_K: { blocksPerStep: 1, kernel: () => shiftedBlocks(Q2_K) },
  Q3_K: { blocksPerStep: 1, kernel: () => scaledBlocks(Q3_K, 32) },
  Q4_K: { blocksPerStep: 1, kernel: () => shiftedBlocks(Q4_K) },
  Q5_K: { blocksPerStep: 1, kernel: () => shiftedBlocks(Q5_K) },
  Q6_K: { blocksPerStep: 1, kernel: () => scaledBlocks(Q6_K, 128) },
};
