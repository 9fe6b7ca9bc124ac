import {
  type Code,
  double,
  F64,
  get,
  I32,
  int,
  type Kernel,
  lane,
  load,
  loop,
  op,
  replaceUpper,
  set,
  shuffle,
  store,
  V128,
  vector,
  when,
} from "./assemble.ts";
import { HIGH_HALF, RESULT, sumOfLanes } from "./results.ts";
import { bytes16, doubles2, words8 } from "./vectors.ts";

/**
 * A kernel for a block format. It measures blocks of up to a run of values at once: its counters hold no more. Those
 * of formats with one group a block take two blocks in a step, because they work on two groups at a time.
 */
export interface BlockKernel {
  readonly blocksPerStep: 1 | 2;
  /** Built when it is asked for: most files have tensors of a few types. */
  kernel(): Kernel;
}

/** Locals of a block kernel. The first three are its parameters: first byte, end, result address. */
export const L = {
  from: 0,
  to: 1,
  result: 2,
  /** Two groups at a time: scales, shifts, sums of codes, sums of their squares, one lane for each group. */
  a: 3,
  b: 4,
  s1: 5,
  s2: 6,
  /** Totals, lane by lane. */
  sum: 7,
  squares: 8,
  codeSum: 9,
  codeSquares: 10,
  minimum: 11,
  maximum: 12,
  zeros: 13,
  /** The codes of two groups: one or two vectors for each. */
  codes: [14, 15, 16, 17],
  spare: [18, 19, 20, 21],
  /** Scale of the whole block. */
  scale: 22,
  moreZeros: 23,
  leftOut: 24,
} as const;

export const FIRST_FREE_LOCAL = 25;

const EVEN_WORDS = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const ODD_WORDS = EVEN_WORDS.map((index) => index + 8);
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_HALVES = LOW_HALVES.map((index) => index + 8);

export const addTo = (total: number, value: Code): Code => set(total, op("f64x2.add", get(total), value));
export const any = (mask: Code): Code => op("v128.any_true", mask);

/** The vectors that hold the codes of group 0 or 1 of a pair. */
function codesOf(group: 0 | 1, elements: 16 | 32): readonly number[] {
  return elements === 16 ? [L.codes[group]] : group === 0 ? L.codes.slice(0, 2) : L.codes.slice(2);
}

function fourSums(vectors: readonly number[]): Code {
  const pairs = vectors.map((v) => op("i16x8.extadd_pairwise_i8x16_s", get(v)))
    .reduce((left, right) => op("i16x8.add", left, right));
  return op("i32x4.dot_i16x8_s", pairs, words8(1));
}

/** Four squares of two vectors stay below the largest 16-bit number. */
const LARGEST_SMALL_CODE = 90;

/**
 * Partial sums of the squares of codes. Small ones are multiplied as bytes: the relaxed product is the same on every
 * machine as long as its right side is 0 to 127 and no sum of two products overflows 16 bits.
 */
function fourSquares(vectors: readonly number[], [least, greatest]: Grouping["range"]): Code {
  if (Math.max(-least, greatest) <= LARGEST_SMALL_CODE) {
    const squares = vectors.map((v) => {
      const size = least < 0 ? op("i8x16.abs", get(v)) : get(v);
      return op("i16x8.relaxed_dot_i8x16_i7x16_s", size, size);
    });
    return op("i32x4.dot_i16x8_s", squares.reduce((left, right) => op("i16x8.add", left, right)), words8(1));
  }
  return vectors.flatMap((v) =>
    (["i16x8.extend_low_i8x16_s", "i16x8.extend_high_i8x16_s"] as const).map((half) => {
      const wide = op(half, get(v));
      return op("i32x4.dot_i16x8_s", wide, wide);
    })
  ).reduce((left, right) => op("i32x4.add", left, right));
}

/** Sums of codes and of their squares, of both groups, as doubles into `L.s1` and `L.s2`. */
function codeSums({ elements, range }: Grouping): Code {
  const [p, q, r, s] = L.spare;
  const fold = (into: number, left: number, right: number, even: readonly number[], odd: readonly number[]) =>
    set(into, op("i32x4.add", shuffle(get(left), get(right), even), shuffle(get(left), get(right), odd)));
  return [
    set(p, fourSums(codesOf(0, elements))),
    set(q, fourSums(codesOf(1, elements))),
    set(r, fourSquares(codesOf(0, elements), range)),
    set(s, fourSquares(codesOf(1, elements), range)),
    fold(p, p, q, EVEN_WORDS, ODD_WORDS),
    fold(r, r, s, EVEN_WORDS, ODD_WORDS),
    fold(p, p, r, LOW_HALVES, HIGH_HALVES),
    set(L.s1, op("f64x2.convert_low_i32x4_s", get(p))),
    set(L.s2, op("f64x2.convert_low_i32x4_s", shuffle(get(p), get(p), HIGH_HALF))),
    addTo(L.codeSum, get(L.s1)),
    addTo(L.codeSquares, get(L.s2)),
  ];
}

/** How many codes of a group equal every byte of `equalTo`. */
function countCode(group: 0 | 1, elements: 16 | 32, equalTo: Code): Code {
  const masks = codesOf(group, elements).map((v) => op("i8x16.bitmask", op("i8x16.eq", get(v), equalTo)));
  return masks.map((mask) => op("i32.popcnt", mask)).reduce((left, right) => op("i32.add", left, right));
}

const addZeros = (count: Code): Code => set(L.moreZeros, op("i32.add", get(L.moreZeros), count));
const GROUPS = [0, 1] as const;

/** A value is zero where its code is. */
function zeroCodes(elements: 16 | 32): Code {
  const masks = GROUPS.flatMap((group) => codesOf(group, elements))
    .map((v) => op("i8x16.eq", get(v), bytes16(0)))
    .reduce((left, right) => op("i8x16.add", left, right));
  return set(L.zeros, op("i16x8.add", get(L.zeros), op("i16x8.extadd_pairwise_i8x16_s", masks)));
}

/** Values of other codes are zero too in a group whose scale is. */
export function zerosWithoutScale(elements: 16 | 32): Code {
  const wholeGroup = (group: 0 | 1) =>
    when(
      op("f64.eq", lane("f64x2", get(L.a), group), double(0)),
      addZeros(op("i32.sub", int(elements), countCode(group, elements, bytes16(0)))),
    );
  return when(any(op("f64x2.eq", get(L.a), doubles2(0))), GROUPS.map(wholeGroup));
}

/** A shifted value is zero for the one code `-b / a`, if that is a whole number and in range. */
export function zerosOfShifted(elements: 16 | 32, [least, greatest]: readonly [number, number]): Code {
  const root = L.spare[0];
  const isRoot = op("f64x2.eq", op("f64x2.add", op("f64x2.mul", get(L.a), get(root)), get(L.b)), doubles2(0));
  const one = (group: 0 | 1) => {
    const [a, b, c] = [
      lane("f64x2", get(L.a), group),
      lane("f64x2", get(L.b), group),
      lane("f64x2", get(root), group),
    ];
    const outside = op("i32.or", op("f64.lt", c, double(least)), op("f64.gt", c, double(greatest)));
    const holds = op("f64.eq", op("f64.add", op("f64.mul", a, c), b), double(0));
    return when(
      op("f64.eq", a, double(0)),
      when(op("f64.eq", b, double(0)), addZeros(int(elements))),
      when(
        op("i32.and", holds, op("i32.eqz", outside)),
        addZeros(countCode(group, elements, op("i8x16.splat", op("i32.trunc_sat_f64_s", c)))),
      ),
    );
  };
  return [
    set(root, op("f64x2.nearest", op("f64x2.div", op("f64x2.neg", get(L.b)), get(L.a)))),
    when(any(op("v128.or", isRoot, op("f64x2.eq", get(L.a), doubles2(0)))), GROUPS.map(one)),
  ];
}

/** The exact extremes of both groups, from the least and greatest code of each. */
export function exactExtremes(elements: 16 | 32): Code {
  const scratch = L.spare[0];
  const reduce = (pick: "i8x16.min_s" | "i8x16.max_s", vectors: readonly number[]): Code => [
    set(scratch, vectors.map(get).reduce((left, right) => op(pick, left, right))),
    [8, 4, 2, 1].map((by) => {
      const lanes = Array.from({ length: 16 }, (_, i) => (i + by) % 16);
      return set(scratch, op(pick, get(scratch), op("i8x16.relaxed_swizzle", get(scratch), vector(lanes))));
    }),
  ];
  const value = (group: 0 | 1): Code =>
    op(
      "f64.add",
      op(
        "f64.mul",
        lane("f64x2", get(L.a), group),
        op("f64.convert_i32_s", lane("i8x16_s", get(scratch), 0)),
      ),
      lane("f64x2", get(L.b), group),
    );
  const take = (group: 0 | 1): Code => [
    set(L.minimum, op("f64x2.pmin", get(L.minimum), op("f64x2.splat", value(group)))),
    set(L.maximum, op("f64x2.pmax", get(L.maximum), op("f64x2.splat", value(group)))),
  ];
  return GROUPS.map((group) => [
    reduce("i8x16.min_s", codesOf(group, elements)),
    take(group),
    reduce("i8x16.max_s", codesOf(group, elements)),
    take(group),
  ]);
}

/** Whether the whole range of codes of a pair of groups could set a new extreme. */
export function maySetExtreme([least, greatest]: Grouping["range"]): Code {
  const [low, high] = L.spare;
  const at = (code: number) => op("f64x2.add", op("f64x2.mul", get(L.a), doubles2(code)), get(L.b));
  return [
    set(low, at(least)),
    set(high, at(greatest)),
    op(
      "v128.or",
      op("f64x2.lt", op("f64x2.pmin", get(low), get(high)), get(L.minimum)),
      op("f64x2.gt", op("f64x2.pmax", get(low), get(high)), get(L.maximum)),
    ),
  ];
}

/** Looks at single codes only where that may be. */
export function extremes(elements: 16 | 32, range: Grouping["range"]): Code {
  return when(any(maySetExtreme(range)), exactExtremes(elements));
}

/** What every group of a format has in common. `shifted` values are `a * code + b`, others `a * code`. */
export interface Grouping {
  readonly elements: 16 | 32;
  readonly form: "scaled" | "shifted";
  readonly range: readonly [least: number, greatest: number];
}

/**
 * Adds two groups, whose codes are in the code locals and whose scales (and shifts) are in `L.a` (and `L.b`), to all
 * totals.
 */
export function addPair(grouping: Grouping): Code {
  const { elements, form, range } = grouping;
  const scaledSum = op("f64x2.mul", get(L.a), get(L.s1));
  const scaledSquares = op("f64x2.mul", op("f64x2.mul", get(L.a), get(L.a)), get(L.s2));
  const shift = op("f64x2.mul", doubles2(elements), get(L.b));
  const cross = op("f64x2.add", op("f64x2.mul", doubles2(2), scaledSum), shift);
  return [
    codeSums(grouping),
    form === "scaled"
      ? [
        addTo(L.sum, scaledSum),
        addTo(L.squares, scaledSquares),
        zeroCodes(elements),
        zerosWithoutScale(elements),
      ]
      : [
        addTo(L.sum, op("f64x2.add", scaledSum, shift)),
        addTo(L.squares, op("f64x2.add", scaledSquares, op("f64x2.mul", get(L.b), cross))),
        zerosOfShifted(elements, range),
      ],
    extremes(elements, range),
  ];
}

const bothLanes = (pick: "f64.add" | "f64.min" | "f64.max", pair: number): Code =>
  op(pick, lane("f64x2", get(pair), 0), lane("f64x2", get(pair), 1));

/** What a kernel does before and after its loop, and the types of its own locals, which follow those of `L`. */
interface Around {
  readonly locals: Kernel["locals"];
  readonly before: Code;
  readonly after: Code;
}

/** A loop over steps of `stepBytes` (one block or two) with the totals cleared before and stored after. */
export function blockKernel(
  stepBytes: number,
  step: Code,
  { locals, before, after }: Around = { locals: [], before: [], after: [] },
): Kernel {
  const stored = (offset: number, value: Code) => store("f64.store", get(L.result), value, offset);
  const maskSum = op("i32x4.dot_i16x8_s", get(L.zeros), words8(1));
  return {
    parameters: [I32, I32, I32],
    locals: [...new Array<typeof V128>(19).fill(V128), F64, I32, I32, ...locals],
    body: [
      set(L.minimum, doubles2(Infinity)),
      set(L.maximum, doubles2(-Infinity)),
      before,
      loop(
        [step, set(L.from, op("i32.add", get(L.from), int(stepBytes)))],
        op("i32.lt_u", get(L.from), get(L.to)),
      ),
      after,
      stored(RESULT.sum, bothLanes("f64.add", L.sum)),
      stored(RESULT.sumOfSquares, bothLanes("f64.add", L.squares)),
      stored(RESULT.codeSum, bothLanes("f64.add", L.codeSum)),
      stored(RESULT.codeSumOfSquares, bothLanes("f64.add", L.codeSquares)),
      stored(RESULT.minimum, bothLanes("f64.min", L.minimum)),
      stored(RESULT.maximum, bothLanes("f64.max", L.maximum)),
      set(L.spare[0], maskSum),
      store(
        "i32.store",
        get(L.result),
        op("i32.sub", get(L.moreZeros), sumOfLanes(L.spare[0])),
        RESULT.zeros,
      ),
      store("i32.store", get(L.result), get(L.leftOut), RESULT.special),
    ],
  };
}

/** The half float at byte `at` of the block, as a double. Exact: shifts its bits into a float and rescales. */
export function half(at: number): Code {
  const bits = load("i32.load16_u", get(L.from), at);
  const word = op(
    "i32.or",
    op("i32.shl", op("i32.and", bits, int(0x7fff)), int(13)),
    op("i32.shl", op("i32.and", bits, int(0x8000)), int(16)),
  );
  return op("f64.mul", op("f64.promote_f32", op("f32.reinterpret_i32", word)), double(2 ** 112));
}

/** What `one` does with groups `first` and `first + 1`, for all pairs of groups. */
export const pairsOf = (groups: 8 | 16, one: (first: number) => Code): Code =>
  Array.from({ length: groups / 2 }, (_, index) => one(2 * index));

/** Two doubles as one vector. */
export function pair(first: Code, second: Code): Code {
  return replaceUpper(op("f64x2.splat", first), second);
}

/** Runs `step` unless one of the half floats at the given bytes is infinite or not a number. */
export function unlessSpecial(halves: readonly number[], step: Code): Code {
  const special = halves.map((at) =>
    op("i32.eq", op("i32.and", load("i32.load16_u", get(L.from), at), int(0x7c00)), int(0x7c00))
  ).reduce((left, right) => op("i32.or", left, right));
  return unless(special, step);
}

/** Runs `step`, or counts it as left out. */
export function unless(special: Code, step: Code): Code {
  return when(special, set(L.leftOut, op("i32.add", get(L.leftOut), int(1))), step);
}
