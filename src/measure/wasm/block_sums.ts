import {
  type Code,
  double,
  get,
  int,
  type Kernel,
  lane,
  load,
  long,
  op,
  set,
  shuffle,
  vector,
  when,
} from "./assemble.ts";
import {
  addTo,
  any,
  blockKernel,
  exactExtremes,
  extremes,
  L,
  maySetExtreme,
  pairsOf,
  unless,
  zerosOfShifted,
  zerosWithoutScale,
} from "./block_moments.ts";
import { B, type CodedGroups, sumsOfEight, TYPES_OF_B } from "./group_sums.ts";
import { HIGH_HALF } from "./results.ts";
import { bytes16, doubles2, floats4, ints4, lanesOf, NO_BYTE, or, words8 } from "./vectors.ts";

/**
 * The K-quants by whole blocks of 256 values. All but the half floats of a block are small whole numbers, so its sums
 * are made in whole numbers, eight groups in one vector, and only the last few become doubles. Zeros and extremes are
 * looked for group by group in those blocks only that may have any.
 */
export interface Blocks extends CodedGroups {
  readonly bytes: number;
  /** Where the scale of the block is, a half float; after it its minimum, in formats that have one. */
  readonly halvesAt: number;
  /** Puts the small scales into `B.packedScales`, and the small minima into `B.packedMinima`. */
  readonly scales: Code;
}

const dot = (left: Code, right: Code): Code => op("i32x4.dot_i16x8_s", left, right);
const addWords = (total: number, value: Code): Code => set(total, op("i32x4.add", get(total), value));
const halvesOf = (blocks: Blocks): (0 | 8)[] => blocks.groups === 8 ? [0] : [0, 8];

/** The four 32-bit lanes of a local as two doubles of the same sum. */
function twoDoubles(local: number, convert: "f64x2.convert_low_i32x4_s" | "f64x2.convert_low_i32x4_u"): Code {
  return op(convert, op("i32x4.add", get(local), shuffle(get(local), get(local), HIGH_HALF)));
}
const signed = (local: number): Code => twoDoubles(local, "f64x2.convert_low_i32x4_s");
const unsigned = (local: number): Code => twoDoubles(local, "f64x2.convert_low_i32x4_u");

/**
 * The scale and the minimum of the block, whose bits are `B.bits`. Minima are negated, because they are subtracted.
 * Exact: the bits are shifted into a float, which is rescaled. That is done as a double, because scales are often so
 * small that the float is subnormal, and processors are slow at multiplying those.
 */
function readHalves(): Code {
  const wide = op("i32x4.extend_low_i16x8_s", op("i32x4.splat", get(B.bits)));
  // The sign fills the bits above it: one of them stays, and none of an exponent that halves do not have.
  const small = op("v128.and", op("i32x4.shl", wide, int(13)), ints4(0x8fffe000));
  const rescale = doubles2(2 ** 112, -(2 ** 112));
  return [
    set(B.halves, op("f64x2.mul", op("f64x2.promote_low_f32x4", small), rescale)),
    set(B.scale, lanesOf(B.halves, 0, 1, 0, 1)),
    set(B.shift, lanesOf(B.halves, 2, 3, 2, 3)),
    set(B.halves, op("f32x4.demote_f64x2_zero", get(B.halves))),
  ];
}

/** Sums over all groups of a block, and the totals of codes. */
function addGroups(blocks: Blocks, half: 0 | 8, add: (sums: Code, squares: Code) => Code): Code {
  const [sums, squares] = half === 0 ? B.sums[0] : B.sums[1];
  return [
    sumsOfEight(blocks, half, [sums, squares]),
    addWords(B.codeSum, dot(get(sums), words8(1))),
    addWords(B.codeSquares, dot(get(squares), words8(1))),
    add(get(sums), get(squares)),
  ];
}

const elementsOf = ({ groups }: Blocks): 16 | 32 => groups === 8 ? 32 : 16;
const clear = (local: number): Code => set(local, bytes16(0));

/**
 * Adds the sums of a block of values `scale * (small scale * code) + shift * small minimum`. Small scales and minima
 * are below 2^6 and sums of squares below 2^15, so no product is above 2^27 and no lane of two or four above 2^29.
 */
function addShifted(blocks: Blocks): Code {
  const size = 256 / blocks.groups;
  const scaled = (value: Code) => op("f64x2.mul", get(B.scale), value);
  const shifted = (value: Code) => op("f64x2.mul", get(B.shift), value);
  return [
    [B.scaled, B.scaledSquares, B.shifts, B.shiftSquares, B.cross].map(clear),
    halvesOf(blocks).map((first) => {
      const extend = first === 0 ? "i16x8.extend_low_i8x16_u" : "i16x8.extend_high_i8x16_u";
      return addGroups(blocks, first, (sums, squares) => [
        set(B.scales, op(extend, get(B.packedScales))),
        set(B.minima, op(extend, get(B.packedMinima))),
        set(B.manyMinima, op("i16x8.mul", get(B.minima), words8(size))),
        addWords(B.scaled, dot(sums, get(B.scales))),
        addWords(B.scaledSquares, dot(squares, op("i16x8.mul", get(B.scales), get(B.scales)))),
        addWords(B.cross, dot(sums, op("i16x8.mul", get(B.scales), get(B.minima)))),
        addWords(B.shifts, dot(get(B.manyMinima), words8(1))),
        addWords(B.shiftSquares, dot(get(B.manyMinima), get(B.minima))),
      ]);
    }),
    addTo(L.sum, op("f64x2.add", scaled(signed(B.scaled)), shifted(signed(B.shifts)))),
    set(B.crossed, scaled(signed(B.cross))),
    addTo(
      L.squares,
      op(
        "f64x2.add",
        scaled(scaled(unsigned(B.scaledSquares))),
        shifted(op(
          "f64x2.add",
          op("f64x2.add", get(B.crossed), get(B.crossed)),
          shifted(signed(B.shiftSquares)),
        )),
      ),
    ),
  ];
}

/**
 * Adds the sums of a block of values `scale * (small scale * (code - bias))`. Small scales are at most 2^7 in size and
 * sums of squares at most 2^14: no lane of four products is above 2^30, and two lanes are added as unsigned.
 */
function addScaled(blocks: Blocks): Code {
  const scaled = (value: Code) => op("f64x2.mul", get(B.scale), value);
  return [
    [B.scaled, B.scaledSquares, B.zeroCodes].map(clear),
    halvesOf(blocks).map((first) => {
      const extend = first === 0 ? "i16x8.extend_low_i8x16_s" : "i16x8.extend_high_i8x16_s";
      return addGroups(blocks, first, (sums, squares) => [
        set(B.scales, op(extend, get(B.packedScales))),
        addWords(B.scaled, dot(sums, get(B.scales))),
        addWords(B.scaledSquares, dot(squares, op("i16x8.mul", get(B.scales), get(B.scales)))),
      ]);
    }),
    set(L.zeros, op("i16x8.add", get(L.zeros), op("i16x8.extadd_pairwise_i8x16_s", get(B.zeroCodes)))),
    addTo(L.sum, scaled(signed(B.scaled))),
    addTo(L.squares, scaled(scaled(unsigned(B.scaledSquares)))),
  ];
}

/** Four bytes from `first` on, as floats. */
function fourFloats(bytes: number, first: number): Code {
  const order = [0, 1, 2, 3].flatMap((byte) => [first + byte, NO_BYTE, NO_BYTE, NO_BYTE]);
  return op("f32x4.convert_i32x4_s", op("i8x16.relaxed_swizzle", get(bytes), vector(order)));
}

/**
 * Marks groups in `B.found` that may have zeros or set a new extreme. Floats are exact here (halves have 11 bits, small
 * scales 6 and codes 5) but for the last sum, where rounding keeps the order, and the root, which they give exactly if
 * it is a whole number. A group without a scale has no root: all of its values may be zeros.
 */
function findGroups({ groups, greatest }: Blocks): Code {
  const [scale, shift, a, b, end, root] = B.scratch;
  const four = (first: number): Code => [
    set(a, op("f32x4.mul", get(scale), fourFloats(B.packedScales, first))),
    set(b, op("f32x4.mul", get(shift), fourFloats(B.packedMinima, first))),
    set(root, op("f32x4.div", get(b), get(a))),
    set(end, op("f32x4.add", op("f32x4.mul", get(a), floats4(greatest)), get(b))),
    set(
      found(first),
      [
        op("f32x4.eq", get(a), floats4(0)),
        op("f32x4.eq", get(root), op("f32x4.nearest", get(root))),
        op("f32x4.ge", op("f32x4.pmax", get(end), get(b)), get(B.greatest)),
        op("f32x4.le", op("f32x4.pmin", get(end), get(b)), get(B.least)),
      ].reduce(or),
    ),
  ];
  return [
    set(scale, lanesOf(B.halves, 0, 0, 0, 0)),
    set(shift, lanesOf(B.halves, 1, 1, 1, 1)),
    fours(groups).map(four),
  ];
}

const fours = (groups: 8 | 16): number[] => Array.from({ length: groups / 4 }, (_, index) => 4 * index);
const found = (group: number): number => B.found[group >> 2] ?? 0;

/** Bytes `first` and `first + 1` of a local as two doubles. */
function twoDoublesAt(bytes: number, first: number, shift: "i32x4.shr_s" | "i32x4.shr_u"): Code {
  const order = [first, first + 1].flatMap((byte) => [NO_BYTE, NO_BYTE, NO_BYTE, byte]);
  const nowhere = new Array<number>(8).fill(NO_BYTE);
  const high = op("i8x16.relaxed_swizzle", get(bytes), vector([...order, ...nowhere]));
  return op("f64x2.convert_low_i32x4_s", op(shift, high, int(24)));
}

/** Takes the zeros and extremes of the groups in `B.found`, two at a time. */
function lookAtShifted(blocks: Blocks): Code {
  const elements = elementsOf(blocks);
  const range = [0, blocks.greatest] as const;
  const inAllLanes = (float: number, double: number): Code => [
    set(float, op("f32x4.demote_f64x2_zero", get(double))),
    set(float, lanesOf(float, 0, 0, 0, 0)),
  ];
  const two = (first: number) =>
    when(
      op("i64.ne", lane("i64x2", get(found(first)), (first >> 1) & 1), long(0)),
      [
        set(L.a, op("f64x2.mul", get(B.scale), twoDoublesAt(B.packedScales, first, "i32x4.shr_u"))),
        set(L.b, op("f64x2.mul", get(B.shift), twoDoublesAt(B.packedMinima, first, "i32x4.shr_u"))),
        blocks.shared(first),
        blocks.codes(first),
        zerosOfShifted(elements, range),
        extremes(elements, range),
      ],
    );
  return [pairsOf(blocks.groups, two), inAllLanes(B.least, L.minimum), inAllLanes(B.greatest, L.maximum)];
}

/** Takes the extremes of all groups, and the zeros of those without a scale. */
function lookAtScaled(blocks: Blocks, greatestScale: number): Code {
  const elements = elementsOf(blocks);
  const { bias, greatest } = blocks;
  const range = [-bias, greatest - bias] as const;
  const room = op(
    "f64.min",
    lane("f64x2", get(L.maximum), 0),
    op("f64.neg", lane("f64x2", get(L.minimum), 0)),
  );
  const scale = op("f64.mul", op("f64.max", room, double(0)), double(2 ** -112 / (greatestScale * bias)));
  const noScale = op("f64x2.eq", get(L.a), doubles2(0));
  const two = (first: number): Code => [
    set(L.a, op("f64x2.mul", get(B.scale), twoDoublesAt(B.packedScales, first, "i32x4.shr_s"))),
    when(any(op("v128.or", noScale, maySetExtreme(range))), [
      blocks.shared(first),
      blocks.codes(first),
      L.codes.slice(0, 2).map((codes) => set(codes, op("i8x16.sub", get(codes), bytes16(bias)))),
      zerosWithoutScale(elements),
      exactExtremes(elements),
    ]),
  ];
  return [
    pairsOf(blocks.groups, two),
    set(B.limit, op("i32.shr_u", op("i32.reinterpret_f32", op("f32.demote_f64", scale)), int(13))),
  ];
}

const CODE_TOTALS = [
  set(L.codeSum, signed(B.codeSum)),
  set(L.codeSquares, unsigned(B.codeSquares)),
];

/** Groups with a small scale and a small minimum each, neither of them below 0. */
export function shiftedBlocks(blocks: Blocks): Kernel {
  const special = op(
    "i32.and",
    op("i32.add", op("i32.and", get(B.bits), int(0x7c007c00)), int(0x04000400)),
    int(0x80008000 | 0),
  );
  const step = [
    set(B.bits, load("i32.load", get(L.from), blocks.halvesAt)),
    unless(special, [
      readHalves(),
      blocks.scales,
      addShifted(blocks),
      findGroups(blocks),
      when(any(fours(blocks.groups).map((first) => get(found(first))).reduce(or)), lookAtShifted(blocks)),
    ]),
  ];
  return blockKernel(blocks.bytes, step, {
    locals: TYPES_OF_B,
    before: [set(B.least, floats4(Infinity)), set(B.greatest, floats4(-Infinity))],
    after: CODE_TOTALS,
  });
}

/** Groups with a small scale each, which may be negative. */
export function scaledBlocks(blocks: Blocks, greatestScale: number): Kernel {
  const size = op("i32.and", get(B.bits), int(0x7fff));
  const noScale = op(
    "v128.or",
    op("i8x16.eq", get(B.packedScales), bytes16(0)),
    op("f64x2.eq", get(B.scale), doubles2(0)),
  );
  const mayMatter = op("i32.or", op("i32.ge_u", size, get(B.limit)), any(noScale));
  const step = [
    set(B.bits, load("i32.load16_u", get(L.from), blocks.halvesAt)),
    unless(op("i32.ge_u", size, int(0x7c00)), [
      readHalves(),
      blocks.scales,
      addScaled(blocks),
      when(mayMatter, lookAtScaled(blocks, greatestScale)),
    ]),
  ];
  return blockKernel(blocks.bytes, step, { locals: TYPES_OF_B, before: [], after: CODE_TOTALS });
}
