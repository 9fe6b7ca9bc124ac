import { FOUR_BIT_LEVELS } from "../decode/plain.ts";
import {
  type Code,
  get,
  int,
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
  type BlockKernel,
  blockKernel,
  type Grouping,
  half,
  L,
  pair,
  pairsOf,
  unlessSpecial,
} from "./block_moments.ts";
import { K_KERNELS } from "./k_quants.ts";
import { bytes16 } from "./vectors.ts";

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

/**
 * Vector kernels, by tensor type, for the block formats that most models use; the others are unpacked by
 * src/measure/decode.
 */
export const BLOCK_KERNELS: Readonly<Record<string, BlockKernel>> = {
  Q8_0: singles(34, "scaled", [-128, 127], (at) => [vec(at + 2), vec(at + 18)]),
  Q4_0: singles(18, "scaled", [-8, 7], (at) => nibbles(at + 2).map((four) => less(four, 8))),
  Q4_1: singles(20, "shifted", [0, 15], (at) => nibbles(at + 4)),
  Q5_0: singles(22, "scaled", [-16, 15], (at) => withFifth(at + 6, at + 2).map((five) => less(five, 16))),
  Q5_1: singles(24, "shifted", [0, 31], (at) => withFifth(at + 8, at + 4)),
  IQ4_NL: singles(18, "scaled", [-127, 113], (at) => iq4Levels(at + 2)),
  MXFP4,
  IQ4_XS,
  ...K_KERNELS,
};
