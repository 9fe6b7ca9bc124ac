import {
  type Code,
  get,
  I32,
  I64,
  int,
  type Kernel,
  load,
  loop,
  op,
  set,
  store,
  tee,
  when,
} from "./assemble.ts";

/** Adds one to the 32-bit counter of a 16-bit code in the table at local `table`; `address` is a spare local. */
function count(code: Code, table: number, address: number): Code {
  const counter = op("i32.add", get(table), op("i32.shl", code, int(2)));
  return store("i32.store", tee(address, counter), op("i32.add", load("i32.load", get(address)), int(1)));
}

const lowHalf = (word: number): Code => op("i32.and", get(word), int(0xffff));
const highHalf = (word: number): Code => op("i32.shr_u", get(word), int(16));

function advance(local: number, by: number): Code {
  return set(local, op("i32.add", get(local), int(by)));
}

/** `while (from < to)`: a loop that may run zero times. */
function until(from: number, to: number, body: Code): Code {
  return when(op("i32.lt_u", get(from), get(to)), loop(body, op("i32.lt_u", get(from), get(to))));
}

/** Every 16-bit code of [from, to) into one table; the length is even. */
export const countCodes: Kernel = (() => {
  const [from, to, table, word, address, whole] = [0, 1, 2, 3, 4, 5];
  const four = [0, 4, 8, 12].map((offset) => [
    set(word, load("i32.load", get(from), offset)),
    count(lowHalf(word), table, address),
    count(highHalf(word), table, address),
  ]);
  return {
    parameters: [I32, I32, I32],
    locals: [I32, I32, I32],
    body: [
      set(whole, op("i32.add", get(from), op("i32.and", op("i32.sub", get(to), get(from)), int(-16)))),
      until(from, whole, [four, advance(from, 16)]),
      until(from, to, [count(load("i32.load16_u", get(from)), table, address), advance(from, 2)]),
    ],
  };
})();

/** The low halves of the 32-bit words of [from, to) into one table, the high halves into another. */
export const countHalves: Kernel = (() => {
  const [from, to, low, high, word, address] = [0, 1, 2, 3, 4, 5];
  return {
    parameters: [I32, I32, I32, I32],
    locals: [I32, I32],
    body: until(from, to, [
      set(word, load("i32.load", get(from))),
      count(lowHalf(word), low, address),
      count(highHalf(word), high, address),
      advance(from, 4),
    ]),
  };
})();

/** The codes of blocks: `length` bytes (a multiple of 4) from byte `at` of every block of `size` bytes. */
export const countBlockCodes: Kernel = (() => {
  const [from, to, size, at, length, table, word, address, part, end] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  return {
    parameters: [I32, I32, I32, I32, I32, I32],
    locals: [I32, I32, I32, I32],
    body: until(from, to, [
      set(part, op("i32.add", get(from), get(at))),
      set(end, op("i32.add", get(part), get(length))),
      loop([
        set(word, load("i32.load", get(part))),
        count(lowHalf(word), table, address),
        count(highHalf(word), table, address),
        advance(part, 4),
      ], op("i32.lt_u", get(part), get(end))),
      set(from, op("i32.add", get(from), get(size))),
    ]),
  };
})();

/** One 16-bit field of every block, ANDed with `mask`. */
export const countField: Kernel = (() => {
  const [from, to, size, at, mask, table, address] = [0, 1, 2, 3, 4, 5, 6];
  const field = load("i32.load16_u", op("i32.add", get(from), get(at)));
  return {
    parameters: [I32, I32, I32, I32, I32, I32],
    locals: [I32],
    body: until(from, to, [
      count(op("i32.and", field, get(mask)), table, address),
      set(from, op("i32.add", get(from), get(size))),
    ]),
  };
})();

/**
 * Empties a table: writes a (code, count) pair of 32-bit words for every counter above zero to `out`, in the order
 * of the codes, and the number of pairs to `size`.
 */
export const collect: Kernel = (() => {
  const [table, out, size, at, end, start] = [0, 1, 2, 3, 4, 5];
  const one = (offset: number): Code => [
    when(load("i32.load", get(at), offset), [
      store(
        "i32.store",
        get(out),
        op("i32.shr_u", op("i32.sub", op("i32.add", get(at), int(offset)), get(table)), int(2)),
      ),
      store("i32.store", get(out), load("i32.load", get(at), offset), 4),
      store("i32.store", get(at), int(0), offset),
      advance(out, 8),
    ]),
  ];
  const any = [0, 8, 16, 24].map((offset) => load("i64.load", get(at), offset))
    .reduce((left, right) => op("i64.or", left, right));
  return {
    parameters: [I32, I32, I32],
    locals: [I32, I32, I32],
    body: [
      set(at, get(table)),
      set(start, get(out)),
      set(end, op("i32.add", get(table), int(4 * 65536))),
      until(at, end, [
        when(op("i32.eqz", op("i64.eqz", any)), [0, 4, 8, 12, 16, 20, 24, 28].map(one)),
        advance(at, 32),
      ]),
      store("i32.store", get(size), op("i32.shr_u", op("i32.sub", get(out), get(start)), int(3))),
    ],
  };
})();

/**
 * Blocks of `size` bytes (8 or more) that repeat the block before them, all-zero ones apart. Adds nothing up:
 * writes the count to `result`.
 */
export const countRepeats: Kernel = (() => {
  const [from, to, size, result, found, offset, differs, word] = [0, 1, 2, 3, 4, 5, 6, 7];
  const here = (at: Code) => load("i64.load", op("i32.add", get(from), at));
  const before = (at: Code) => load("i64.load", op("i32.sub", op("i32.add", get(from), at), get(size)));
  const lastWord = op("i32.sub", get(size), int(8));
  const compareRest = [
    set(offset, int(0)),
    set(word, here(lastWord)),
    set(differs, op("i64.ne", get(word), before(lastWord))),
    loop([
      set(differs, op("i32.or", get(differs), op("i64.ne", here(get(offset)), before(get(offset))))),
      set(word, op("i64.or", get(word), here(get(offset)))),
      advance(offset, 8),
    ], op("i32.and", op("i32.lt_u", get(offset), lastWord), op("i32.eqz", get(differs)))),
    when(
      op("i32.and", op("i32.eqz", get(differs)), op("i32.eqz", op("i64.eqz", get(word)))),
      advance(found, 1),
    ),
  ];
  return {
    parameters: [I32, I32, I32, I32],
    locals: [I32, I32, I32, I64],
    body: [
      set(from, op("i32.add", get(from), get(size))),
      until(from, to, [
        when(op("i32.eqz", op("i64.ne", here(int(0)), before(int(0)))), compareRest),
        set(from, op("i32.add", get(from), get(size))),
      ]),
      store("i32.store", get(result), get(found)),
    ],
  };
})();
