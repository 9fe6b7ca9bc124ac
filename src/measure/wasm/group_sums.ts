import { type Code, get, I32, type Kernel, op, set, V128 } from "./assemble.ts";
import { FIRST_FREE_LOCAL, L } from "./block_moments.ts";
import { bytes16, words8 } from "./vectors.ts";

/** Locals of kernels that take blocks of 256 values, beside those of `L`. */
const free = (index: number): number => FIRST_FREE_LOCAL + index;
export const B = {
  /** Bytes of codes, read once for the pairs of groups that share them. */
  raw: [free(0), free(1), free(2), free(3), free(4), free(5)],
  /** Sums of codes and of their squares: of the first and second eight groups, and of fewer on the way. */
  sums: [[free(6), free(7)], [free(8), free(9)]],
  partial: [[free(10), free(11)], [free(12), free(13)]],
  /** Minus one for each code of the block that means zero, byte by byte. */
  zeroCodes: free(14),
  /** The small scales and minima of the block, one a byte. */
  packedScales: free(15),
  packedMinima: free(16),
  /** Both of eight groups as words, and the minima times the values of a group. */
  scales: free(17),
  minima: free(18),
  manyMinima: free(19),
  /** The half floats of the block as floats; its scale, and its minimum less than zero, in both lanes. */
  halves: free(20),
  scale: free(21),
  shift: free(22),
  /** Sums over the groups of the block, in 32-bit lanes. */
  scaled: free(23),
  scaledSquares: free(24),
  shifts: free(25),
  shiftSquares: free(26),
  cross: free(27),
  crossed: free(28),
  /** Sums over all blocks, in 32-bit lanes. */
  codeSum: free(29),
  codeSquares: free(30),
  /** The least and greatest value so far as floats, in all lanes. */
  least: free(31),
  greatest: free(32),
  /** Groups that may have zeros or set a new extreme, four in a vector. */
  found: [free(33), free(34), free(35), free(36)],
  scratch: [free(37), free(38), free(39), free(40), free(41), free(42)],
  /** The bits of the half floats of the block, and of the least scale that may set a new extreme. */
  bits: free(43),
  limit: free(44),
} as const;

/** Types of the locals of `B`. */
export const TYPES_OF_B: Kernel["locals"] = [...new Array<typeof V128>(43).fill(V128), I32, I32];

/** A block of 256 values in groups of equal size, whose codes are numbers from 0 to `greatest`, below 64. */
export interface CodedGroups {
  readonly groups: 8 | 16;
  readonly greatest: number;
  /** The code that means zero in formats without minima, else 0. */
  readonly bias: number;
  /** Puts bytes into `B.raw` that all eight groups share of which `first` is one. */
  readonly shared: (first: number) => Code;
  /** Puts the codes of groups `first` and `first + 1` into `L.codes`. */
  readonly codes: (first: number) => Code;
}

/** Eight words of at most `greatest`, which lie `less` below what they stand for. */
interface Words {
  readonly code: Code;
  readonly greatest: number;
  readonly less: number;
}

/** Adds neighbouring lanes of two vectors of at least 0: the sums of `left` come first. */
function folded(left: Words, right: Words): Words {
  const greatest = 2 * left.greatest;
  if (left.greatest <= 255) {
    const bytes = op("i8x16.narrow_i16x8_u", left.code, right.code);
    const code = left.greatest <= 127
      ? op("i16x8.relaxed_dot_i8x16_i7x16_s", bytes, bytes16(1))
      : op("i16x8.extadd_pairwise_i8x16_u", bytes);
    return { code, greatest, less: 0 };
  }
  const by = greatest < 2 ** 15 ? 0 : 2 ** 14;
  const pairs = [left, right].map(({ code }) =>
    op("i32x4.dot_i16x8_s", by === 0 ? code : op("i16x8.sub", code, words8(by)), words8(1))
  );
  return { code: op("i16x8.narrow_i32x4_s", ...pairs), greatest: greatest - 2 * by, less: 2 * by };
}

interface Sums {
  readonly sums: Words;
  readonly squares: Words;
}

/** The sums of the first or second group in `L.codes`, in eight lanes. Codes below 64 neither fill bytes nor words. */
function sumsOfOne({ groups, greatest }: CodedGroups, group: 0 | 1): Sums {
  const vectors = (groups === 16 ? [L.codes[group]] : L.codes.slice(2 * group, 2 * group + 2)).map(get);
  const added = vectors.reduce((left, right) => op("i8x16.add", left, right));
  const squares = vectors.map((codes) => op("i16x8.relaxed_dot_i8x16_i7x16_s", codes, codes))
    .reduce((left, right) => op("i16x8.add", left, right));
  const sums = op("i16x8.relaxed_dot_i8x16_i7x16_s", added, bytes16(1));
  return {
    sums: { code: sums, greatest: 2 * vectors.length * greatest, less: 0 },
    squares: { code: squares, greatest: 2 * vectors.length * greatest ** 2, less: 0 },
  };
}

function countZeroCodes({ groups, bias }: CodedGroups): Code {
  const zeros = (groups === 16 ? L.codes.slice(0, 2) : L.codes)
    .map((codes) => op("i8x16.eq", get(codes), bytes16(bias)));
  return set(B.zeroCodes, [get(B.zeroCodes), ...zeros].reduce((left, right) => op("i8x16.add", left, right)));
}

/** A local for sums and one for sums of squares. */
type Into = readonly [sums: number, squares: number];

/** The sums of `count` groups from `first` on, in eight lanes: several for each group, unless there are eight of them. */
function fold(blocks: CodedGroups, first: number, count: 2 | 4 | 8, into: Into): [Code, Sums] {
  const [code, left, right] = count === 2
    ? twoGroups(blocks, first)
    : twoHalves(blocks, first, count === 8 ? 4 : 2, into);
  const sums = folded(left.sums, right.sums);
  const squares = folded(left.squares, right.squares);
  return [
    [code, set(into[0], sums.code), set(into[1], squares.code)],
    { sums: { ...sums, code: get(into[0]) }, squares: { ...squares, code: get(into[1]) } },
  ];
}

function twoGroups(blocks: CodedGroups, first: number): [Code, Sums, Sums] {
  const code = [blocks.codes(first), blocks.bias === 0 ? [] : countZeroCodes(blocks)];
  return [code, sumsOfOne(blocks, 0), sumsOfOne(blocks, 1)];
}

function twoHalves(blocks: CodedGroups, first: number, half: 2 | 4, into: Into): [Code, Sums, Sums] {
  const [leftCode, left] = fold(blocks, first, half, into);
  const [rightCode, right] = fold(blocks, first + half, half, half === 2 ? B.partial[0] : B.partial[1]);
  return [[leftCode, rightCode], left, right];
}

/**
 * Puts the sums of the codes less `bias`, and of their squares, of eight groups from `first` on into two locals, one
 * lane for each group.
 */
export function sumsOfEight(blocks: CodedGroups, first: 0 | 8, into: Into): Code {
  const { bias, groups } = blocks;
  const [folding, { sums, squares }] = fold(blocks, first, 8, into);
  const code = [blocks.shared(first), folding];
  if (bias === 0) return code;
  const size = 256 / groups;
  // (code - bias)^2 = code^2 - 2 bias code + bias^2: words may wrap on the way, but what comes out fits again.
  const lessTwiceBias = op("i16x8.sub", squares.code, op("i16x8.mul", sums.code, words8(2 * bias)));
  return [
    code,
    set(into[1], op("i16x8.add", lessTwiceBias, words8(squares.less + size * bias ** 2))),
    set(into[0], op("i16x8.sub", sums.code, words8(size * bias))),
  ];
}
