import {
  type Code,
  get,
  I32,
  int,
  type Kernel,
  lane,
  loadVector,
  loop,
  op,
  set,
  shuffle,
  store,
  V128,
  vector,
} from "./assemble.ts";
import { HIGH_HALF, RESULT, sumOfLanes } from "./results.ts";

/** Every 32-bit lane of a vector the same. */
function words4(value: number): Code {
  const bytes = [...new Uint8Array(new Uint32Array([value]).buffer)];
  return vector([...bytes, ...bytes, ...bytes, ...bytes]);
}

const addLanes = (pair: number): Code =>
  op("f64.add", lane("f64x2", get(pair), 0), lane("f64x2", get(pair), 1));

function extremeOfLanes(values: number, pick: "f64.min" | "f64.max"): Code {
  const lanes = [0, 1, 2, 3].map((index) => op("f64.promote_f32", lane("f32x4", get(values), index)));
  return lanes.reduce((left, right) => op(pick, left, right));
}

/**
 * Moments of the 32-bit floats of [from, to), a multiple of 16 bytes and not empty: sum and sum of squares in double
 * precision over the finite ones, extremes, zeros, how many are finite, how many are not a number.
 */
export const floatMoments: Kernel = (() => {
  const [from, to, result, x, finite, low, high] = [0, 1, 2, 3, 4, 5, 6];
  const [sumLow, sumHigh, squaresLow, squaresHigh] = [7, 8, 9, 10];
  const [minimum, maximum, zeros, numbers, notNumbers] = [11, 12, 13, 14, 15];
  const ALL_ONES_EXPONENT = 0x7f800000;
  const add = (total: number, value: Code) => set(total, op("f64x2.add", get(total), value));
  const square = (value: number) => op("f64x2.mul", get(value), get(value));
  const countMask = (counter: number, mask: Code) => set(counter, op("i32x4.sub", get(counter), mask));
  const finiteOr = (otherwise: number) => op("v128.bitselect", get(x), words4(otherwise), get(finite));
  const step = [
    set(x, loadVector(get(from))),
    set(finite, op("i32x4.ne", op("v128.and", get(x), words4(ALL_ONES_EXPONENT)), words4(ALL_ONES_EXPONENT))),
    countMask(numbers, get(finite)),
    countMask(notNumbers, op("f32x4.ne", get(x), get(x))),
    countMask(zeros, op("f32x4.eq", get(x), words4(0))),
    set(minimum, op("f32x4.pmin", get(minimum), finiteOr(0x7f800000))),
    set(maximum, op("f32x4.pmax", get(maximum), finiteOr(0xff800000))),
    set(x, op("v128.and", get(x), get(finite))),
    set(low, op("f64x2.promote_low_f32x4", get(x))),
    set(high, op("f64x2.promote_low_f32x4", shuffle(get(x), get(x), HIGH_HALF))),
    add(sumLow, get(low)),
    add(sumHigh, get(high)),
    add(squaresLow, square(low)),
    add(squaresHigh, square(high)),
    set(from, op("i32.add", get(from), int(16))),
  ];
  return {
    parameters: [I32, I32, I32],
    locals: new Array<typeof V128>(13).fill(V128),
    body: [
      set(minimum, words4(0x7f800000)),
      set(maximum, words4(0xff800000)),
      loop(step, op("i32.lt_u", get(from), get(to))),
      store("f64.store", get(result), op("f64.add", addLanes(sumLow), addLanes(sumHigh)), RESULT.sum),
      store(
        "f64.store",
        get(result),
        op("f64.add", addLanes(squaresLow), addLanes(squaresHigh)),
        RESULT.sumOfSquares,
      ),
      store("f64.store", get(result), extremeOfLanes(minimum, "f64.min"), RESULT.minimum),
      store("f64.store", get(result), extremeOfLanes(maximum, "f64.max"), RESULT.maximum),
      store("i32.store", get(result), sumOfLanes(zeros), RESULT.zeros),
      store("i32.store", get(result), sumOfLanes(numbers), RESULT.special),
      store("i32.store", get(result), sumOfLanes(notNumbers), RESULT.notANumber),
    ],
  };
})();
