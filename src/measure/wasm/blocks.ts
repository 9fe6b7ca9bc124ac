import { FOUR_BIT_LEVELS } from "../decode/plain.ts";
import {
  type Code,
  get,
  int,
  type Kernel,
  load,
  loadHalfVector,
  loadVector,
  long,
  op,
  set,
  shuffle,
  vector,
} from "./assemble.ts";
import {
  addPair,
  blockKernel,
  bytes16,
  type Grouping,
  half,
  L,
  pair,
  unlessSpecial,
} from "./block_moments.ts";

/**
 * Vector kernels for the block formats that most models use; the others are unpacked by src/measure/decode. Each
 * works on two groups at a time: formats with one group a block take two blocks in a step.
 */
export interface BlockKernel {
  readonly blocksPerStep: 1 | 2;
  /** Built when it is asked for: most files have tensors of a few types. */
  kernel(): Kernel;
}

const vec = (at: number): Code => loadVector(get(L.from), at);
const byte = (at: number): Code => load("i32.load8_u", get(L.from), at);
const lowNibbles = (bytes: Code): Code => op("v128.and", bytes, bytes16(15));
const highNibbles = (bytes: Code): Code => op("i8x16.shr_u", bytes, int(4));
const less = (codes: Code, by: number): Code => op("i8x16.sub", codes, bytes16(by));
const setCodes = (vectors: readonly Code[]): Code =>
  vectors.map((value, index) => set(L.codes[index] ?? L.spare[0], value));
const lookUp = (levels: readonly number[], indices: Code): Code =>
  op("i8x16.swizzle", vector(levels.map((level) => level & 255)), indices);
const both = (value: Code): Code => op("f64x2.splat", value);

/** Two blocks of one group of 32 each: the codes of the block that starts at `at`, and what its values are. */
function singles(
  bytes: number,
  form: Grouping["form"],
  range: Grouping["range"],
  codes: (at: number) => Code[],
) {
  const shifted = form === "shifted";
  const halves = [0, bytes].flatMap((at) => shifted ? [at, at + 2] : [at]);
  const step = () =>
    unlessSpecial(halves, [
      set(L.a, pair(half(0), half(bytes))),
      shifted ? set(L.b, pair(half(2), half(bytes + 2))) : [],
      setCodes([...codes(0), ...codes(bytes)]),
      addPair({ elements: 32, form, range }),
    ]);
  return { blocksPerStep: 2, kernel: () => blockKernel(2 * bytes, step()) } as const;
}

const BIT_OF_BYTE = [1, 2, 4, 8, 16, 32, 64, 128];
const EACH_BIT = vector([...BIT_OF_BYTE, ...BIT_OF_BYTE]);

/** 16 where bit `i` of the two bytes at `at` is set, for the 16 codes of one vector. */
function fifthBits(at: number): Code {
  const spread = shuffle(
    loadHalfVector(get(L.from), at),
    bytes16(0),
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
  );
  const isSet = op("i8x16.eq", op("v128.and", spread, EACH_BIT), EACH_BIT);
  return op("v128.and", isSet, bytes16(16));
}

const nibbles = (at: number): [Code, Code] => [lowNibbles(vec(at)), highNibbles(vec(at))];
const withFifth = (at: number, bits: number): Code[] =>
  nibbles(at).map((four, index) => op("v128.or", four, fifthBits(bits + 2 * index)));

/** Half of 2^(e - 127), from the exponent bits of a double. */
const halfOfE8M0 = (at: number): Code =>
  op(
    "f64.reinterpret_i64",
    op("i64.shl", op("i64.extend_i32_u", op("i32.add", byte(at), int(1023 - 128))), long(52)),
  );

const fourBitFloats = (at: number): Code[] =>
  nibbles(at).map((indices) => lookUp(FOUR_BIT_LEVELS.e2m1Doubled, indices));

const MXFP4: BlockKernel = {
  blocksPerStep: 2,
  kernel: () =>
    blockKernel(34, [
      set(L.a, pair(halfOfE8M0(0), halfOfE8M0(17))),
      setCodes([...fourBitFloats(1), ...fourBitFloats(18)]),
      addPair({ elements: 32, form: "scaled", range: [-12, 12] }),
    ]),
};

const pairsOf = (groups: 8 | 16, one: (first: number) => Code): Code =>
  Array.from({ length: groups / 2 }, (_, index) => one(2 * index));

/** Bytes `at` and `at + 1` of a vector as two doubles; `signed` reads them as signed. */
function twoBytes(bytes: Code, at: number, signed: boolean): Code {
  const zero = 16;
  const lanes = (byte: number) => signed ? [zero, zero, zero, byte] : [byte, zero, zero, zero];
  const spread = shuffle(bytes, bytes16(0), [
    ...lanes(at),
    ...lanes(at + 1),
    ...new Array<number>(8).fill(zero),
  ]);
  return op("f64x2.convert_low_i32x4_s", signed ? op("i32x4.shr_s", spread, int(24)) : spread);
}

/**
 * The eight scales (lanes 0 to 7) and eight minima (lanes 8 to 15) of Q4_K and Q5_K, 6 bits each in the twelve bytes
 * from byte 4 on.
 */
function sixBitPairs(): Code {
  const none = 16;
  const nowhere = new Array<number>(4).fill(none);
  const arrange = (...parts: (readonly number[])[]): Code => shuffle(vec(4), bytes16(0), parts.flat());
  const firstFour = op("v128.and", arrange([0, 1, 2, 3], nowhere, [4, 5, 6, 7], nowhere), bytes16(63));
  const lowOfScales = op("v128.and", arrange(nowhere, [8, 9, 10, 11], nowhere, nowhere), bytes16(15));
  const lowOfMinima = op("i8x16.shr_u", arrange(nowhere, nowhere, nowhere, [8, 9, 10, 11]), int(4));
  const topBits = op("i8x16.shr_u", arrange(nowhere, [0, 1, 2, 3], nowhere, [4, 5, 6, 7]), int(6));
  return [firstFour, lowOfScales, lowOfMinima, op("i8x16.shl", topBits, int(4))]
    .reduce((left, right) => op("v128.or", left, right));
}

/** The nibbles of groups `first` and `first + 1` of 32, which are the low and high ones of the same 32 bytes. */
function nibblePair(first: number, from: number): Code[] {
  const at = from + 16 * first;
  return [lowNibbles(vec(at)), lowNibbles(vec(at + 16)), highNibbles(vec(at)), highNibbles(vec(at + 16))];
}

/** Bit `bit` of every byte, moved to the bit worth `worth`. */
function bitOf(bytes: Code, bit: number, worth: number): Code {
  const isSet = op("i8x16.eq", op("v128.and", bytes, bytes16(1 << bit)), bytes16(1 << bit));
  return op("v128.and", isSet, bytes16(worth));
}

/** Q4_K and Q5_K: `codes` gives the four vectors of two groups. */
function sixBitScaled(bytes: number, greatest: number, codes: (first: number) => Code[]): BlockKernel {
  const packed = get(L.packedScales);
  const step = () =>
    unlessSpecial([0, 2], [
      set(L.scale, half(0)),
      set(L.minimumScale, op("f64.neg", half(2))),
      set(L.packedScales, sixBitPairs()),
      pairsOf(8, (first) => [
        set(L.a, op("f64x2.mul", both(get(L.scale)), twoBytes(packed, first, false))),
        set(L.b, op("f64x2.mul", both(get(L.minimumScale)), twoBytes(packed, 8 + first, false))),
        setCodes(codes(first)),
        addPair({ elements: 32, form: "shifted", range: [0, greatest] }),
      ]),
    ]);
  return { blocksPerStep: 1, kernel: () => blockKernel(bytes, step()) };
}

const Q4_K = sixBitScaled(144, 15, (first) => nibblePair(first, 16));
const Q5_K = sixBitScaled(176, 31, (first) =>
  nibblePair(first, 48).map((four, index) => {
    const fifth = bitOf(vec(16 + 16 * (index & 1)), first + (index >> 1), 16);
    return op("v128.or", four, fifth);
  }));

/** Two bits of every byte, as numbers 0 to 3: which two is `quarter`. */
const twoBits = (bytes: Code, quarter: number): Code =>
  op("v128.and", quarter ? op("i8x16.shr_u", bytes, int(2 * quarter)) : bytes, bytes16(3));

/** Where group `g` of 16 lies in formats with two bits a weight: half of the block, quarter of the byte, which 16. */
const placeOf = (g: number) => ({ part: g >> 3, quarter: (g >> 1) & 3, side: g & 1 });

const Q2_K: BlockKernel = {
  blocksPerStep: 1,
  kernel: () =>
    blockKernel(
      84,
      unlessSpecial([80, 82], [
        set(L.scale, half(80)),
        set(L.minimumScale, op("f64.neg", half(82))),
        pairsOf(16, (first) => [
          set(L.a, op("f64x2.mul", both(get(L.scale)), twoBytes(lowNibbles(vec(0)), first, false))),
          set(L.b, op("f64x2.mul", both(get(L.minimumScale)), twoBytes(highNibbles(vec(0)), first, false))),
          setCodes([first, first + 1].map((g) => {
            const { part, quarter, side } = placeOf(g);
            return twoBits(vec(16 + 32 * part + 16 * side), quarter);
          })),
          addPair({ elements: 16, form: "shifted", range: [0, 3] }),
        ]),
      ]),
    ),
};

/** Formats with sixteen groups of 16, one half float and one signed scale byte for each group. */
function signedScales(
  bytes: number,
  scaleAt: number,
  scales: () => Code,
  grouping: Grouping,
  codes: (g: number) => Code,
) {
  const step = () =>
    unlessSpecial([scaleAt], [
      set(L.scale, half(scaleAt)),
      set(L.packedScales, scales()),
      pairsOf(16, (first) => [
        set(L.a, op("f64x2.mul", both(get(L.scale)), twoBytes(get(L.packedScales), first, true))),
        setCodes([codes(first), codes(first + 1)]),
        addPair(grouping),
      ]),
    ]);
  return { blocksPerStep: 1, kernel: () => blockKernel(bytes, step()) } as const;
}

/** Sixteen 6-bit scales less 32: low nibbles in eight bytes, high pairs of bits in four. */
function scalesOfQ3K(): Code {
  const low = [0, 1, 2, 3, 4, 5, 6, 7];
  const packed = vec(92);
  const lowNibble = shuffle(lowNibbles(packed), highNibbles(packed), [
    ...low.map((i) => i + 4),
    ...low.map((i) => i + 20),
  ]);
  const high = [12, 13, 14, 15];
  const firstHalf = shuffle(twoBits(packed, 0), twoBits(packed, 1), [
    ...high,
    ...high.map((i) => i + 16),
    ...new Array<number>(8).fill(0),
  ]);
  const secondHalf = shuffle(twoBits(packed, 2), twoBits(packed, 3), [
    ...high,
    ...high.map((i) => i + 16),
    ...new Array<number>(8).fill(0),
  ]);
  const highBits = shuffle(firstHalf, secondHalf, [...low, ...low.map((i) => i + 16)]);
  return less(op("v128.or", lowNibble, op("i8x16.shl", highBits, int(4))), 32);
}

const Q3_K = signedScales(110, 108, scalesOfQ3K, { elements: 16, form: "scaled", range: [-4, 3] }, (g) => {
  const { part, quarter, side } = placeOf(g);
  const high = bitOf(vec(16 * side), 4 * part + quarter, 4);
  return less(op("i8x16.add", twoBits(vec(32 + 32 * part + 16 * side), quarter), high), 4);
});

const Q6_K = signedScales(
  210,
  208,
  () => vec(192),
  { elements: 16, form: "scaled", range: [-32, 31] },
  (g) => {
    const { part, quarter, side } = placeOf(g);
    const low = vec(64 * part + 32 * (quarter & 1) + 16 * side);
    const high = op("i8x16.shl", twoBits(vec(128 + 32 * part + 16 * side), quarter), int(4));
    return less(op("v128.or", quarter < 2 ? lowNibbles(low) : highNibbles(low), high), 32);
  },
);

/** The 6-bit scale of group `g`, less 32: four bits in one place, two in another. */
function scaleOfIQ4XS(g: number): Code {
  const packed = byte(4 + (g >> 1));
  const low = g & 1 ? op("i32.shr_u", packed, int(4)) : op("i32.and", packed, int(15));
  const high = op("i32.and", op("i32.shr_u", load("i32.load16_u", get(L.from), 2), int(2 * g)), int(3));
  return op("f64.convert_i32_s", op("i32.sub", op("i32.or", low, op("i32.shl", high, int(4))), int(32)));
}

const iq4Levels = (at: number): Code[] => nibbles(at).map((indices) => lookUp(FOUR_BIT_LEVELS.iq4, indices));

const IQ4_XS: BlockKernel = {
  blocksPerStep: 1,
  kernel: () =>
    blockKernel(
      136,
      unlessSpecial([0], [
        set(L.scale, half(0)),
        pairsOf(8, (first) => [
          set(L.a, op("f64x2.mul", both(get(L.scale)), pair(scaleOfIQ4XS(first), scaleOfIQ4XS(first + 1)))),
          setCodes([...iq4Levels(8 + 16 * first), ...iq4Levels(24 + 16 * first)]),
          addPair({ elements: 32, form: "scaled", range: [-127, 113] }),
        ]),
      ]),
    ),
};

/** By tensor type. */
export const BLOCK_KERNELS: Readonly<Record<string, BlockKernel>> = {
  Q8_0: singles(34, "scaled", [-128, 127], (at) => [vec(at + 2), vec(at + 18)]),
  Q4_0: singles(18, "scaled", [-8, 7], (at) => nibbles(at + 2).map((four) => less(four, 8))),
  Q4_1: singles(20, "shifted", [0, 15], (at) => nibbles(at + 4)),
  Q5_0: singles(22, "scaled", [-16, 15], (at) => withFifth(at + 6, at + 2).map((five) => less(five, 16))),
  Q5_1: singles(24, "shifted", [0, 31], (at) => withFifth(at + 8, at + 4)),
  IQ4_NL: singles(18, "scaled", [-127, 113], (at) => iq4Levels(at + 2)),
  MXFP4,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ4_XS,
};
