import {
  addressOf,
  type Code,
  get,
  I32,
  I64,
  int,
  type Kernel,
  load,
  loadVector,
  long,
  loop,
  op,
  set,
  shuffle,
  store,
  tee,
  V128,
  vector,
  when,
} from "./assemble.ts";

/** The bytes that something begins with: for each of them the values it may have. At least two bytes. */
export type Magic = readonly (readonly number[])[];

/** Places that one search lists; it counts those beyond, so that it is known that some are missing. */
export const MOST_PLACES = 1023;

/** What a search writes: how many places it found, then the places; all 32-bit words. */
export const PLACES_BYTES = 4 + 4 * MOST_PLACES;

/** A search may read so many bytes beyond its end. What they are does not change what it finds. */
export const SEARCH_STEP_BYTES = 64;

/** Bytes of a magic that decide whether a place is listed; the caller compares the rest. */
const PREFIX_BYTES = 4;
const BUCKETS = 8;
const MOST_MAGICS = 32;
const ANY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);

/** By nibble the set of buckets, as bits, of which some magic's byte has that nibble. */
interface NibbleTables {
  readonly low: number[];
  readonly high: number[];
}

/** How many pairs of first bytes a bucket lets through: the product of the nibbles seen at each place. */
function pairsOf(bucket: readonly Magic[]): number {
  const nibbles = [0, 1].flatMap((index) => {
    const values = bucket.flatMap((magic) => magic[index] ?? []);
    return [new Set(values.map((value) => value & 15)).size, new Set(values.map((value) => value >> 4)).size];
  });
  return nibbles.reduce((product, count) => product * count, 1);
}

/** Puts each magic into the bucket that lets through the fewest more pairs for it. */
function bucketsOf(magics: readonly Magic[]): Magic[][] {
  const buckets: Magic[][] = Array.from({ length: BUCKETS }, () => []);
  for (const magic of magics) {
    const cost = (bucket: readonly Magic[]) =>
      pairsOf([...bucket, magic]) - (bucket.length === 0 ? 0 : pairsOf(bucket));
    buckets.reduce((best, bucket) => cost(bucket) < cost(best) ? bucket : best).push(magic);
  }
  return buckets;
}

function nibbleTables(buckets: readonly (readonly Magic[])[], index: number): NibbleTables {
  const tables = { low: new Array<number>(16).fill(0), high: new Array<number>(16).fill(0) };
  for (const [bucket, magics] of buckets.entries()) {
    for (const value of magics.flatMap((magic) => magic[index] ?? [])) {
      tables.low[value & 15] = (tables.low[value & 15] ?? 0) | 1 << bucket;
      tables.high[value >> 4] = (tables.high[value >> 4] ?? 0) | 1 << bucket;
    }
  }
  return tables;
}

/** By value of byte `index` of a magic: the magics it fits, one bit each, as 256 little-endian words. */
function fitting(magics: readonly Magic[], index: number): number[] {
  const words = new Uint32Array(256);
  for (const [bit, magic] of magics.entries()) {
    for (const value of magic[index] ?? ANY_BYTE) words[value] = (words[value] ?? 0) | 1 << bit;
  }
  return [...new Uint8Array(words.buffer)];
}

/**
 * Searches [from, to) for the beginnings of magics and writes the places, counted from `from`, to `out`. A vector
 * of bytes is dismissed when no two neighbours have nibbles that the first two bytes of some magic have (eight
 * buckets of magics at a time); the rest is compared byte by byte. Each place listed has the first four bytes of a
 * magic, as far as it has so many, and no such place inside [from, to) is left out.
 */
export function searchKernel(magics: readonly Magic[]): Kernel {
  if (magics.length > MOST_MAGICS) throw new RangeError(`Cannot search for more than ${MOST_MAGICS} magics`);
  const buckets = bucketsOf(magics);
  const [first, second] = [nibbleTables(buckets, 0), nibbleTables(buckets, 1)];
  const [from, to, out, at, place, count] = [0, 1, 2, 3, 4, 5];
  const [low1, high1, low2, high2, nibble, before, x, y] = [6, 7, 8, 9, 10, 11, 12, 13];
  const pairs = [14, 15, 16, 17];
  const bits = 18;

  const look = (table: number, nibbles: Code) => op("i8x16.relaxed_swizzle", get(table), nibbles);
  const inBuckets = (low: number, high: number) => op("v128.and", look(low, get(x)), look(high, get(y)));
  const SHIFTED = Array.from({ length: 16 }, (_, i) => i + 15);
  const block = (pair: number, index: number): Code => [
    set(x, loadVector(get(at), 16 * index)),
    set(y, op("v128.and", op("i16x8.shr_u", get(x), int(4)), get(nibble))),
    set(x, op("v128.and", get(x), get(nibble))),
    set(pair, inBuckets(low1, high1)),
    set(x, op("v128.and", look(low2, get(x)), look(high2, get(y)))),
    set(y, shuffle(get(before), get(pair), SHIFTED)),
    set(before, get(pair)),
    set(pair, op("v128.and", get(x), get(y))),
  ];
  const zero = vector(new Array<number>(16).fill(0));
  const secondBytes = pairs.map((pair, index) => {
    const misses = op("i8x16.bitmask", op("i8x16.eq", get(pair), zero));
    const hits = op("i64.extend_i32_u", op("i32.sub", int(0xffff), misses));
    return op("i64.shl", hits, long(16 * index));
  }).reduce((left, right) => op("i64.or", left, right));
  const fits = Array.from({ length: PREFIX_BYTES }, (_, index) => {
    const value = load("i32.load8_u", get(place), index);
    return load("i32.load", op("i32.shl", value, int(2)), addressOf(fitting(magics, index)));
  }).reduce((left, right) => op("i32.and", left, right));
  const list = [
    when(op("i32.lt_u", get(count), int(MOST_PLACES)), [
      store(
        "i32.store",
        op("i32.add", get(out), op("i32.shl", get(count), int(2))),
        op("i32.sub", get(place), get(from)),
        4,
      ),
    ]),
    set(count, op("i32.add", get(count), int(1))),
  ];
  return {
    parameters: [I32, I32, I32],
    locals: [I32, I32, I32, ...new Array<typeof V128>(12).fill(V128), I64],
    body: [
      set(low1, vector(first.low)),
      set(high1, vector(first.high)),
      set(low2, vector(second.low)),
      set(high2, vector(second.high)),
      set(nibble, vector(new Array<number>(16).fill(15))),
      set(at, get(from)),
      loop([
        pairs.map(block),
        when(op("v128.any_true", pairs.map(get).reduce((left, right) => op("v128.or", left, right))), [
          set(bits, secondBytes),
          loop(
            [
              set(
                place,
                op("i32.add", get(at), op("i32.sub", op("i32.wrap_i64", op("i64.ctz", get(bits))), int(1))),
              ),
              when(op("i32.and", op("i32.lt_u", get(place), get(to)), op("i32.ne", fits, int(0))), list),
            ],
            op(
              "i32.eqz",
              op("i64.eqz", tee(bits, op("i64.and", get(bits), op("i64.sub", get(bits), long(1))))),
            ),
          ),
        ]),
        set(at, op("i32.add", get(at), int(SEARCH_STEP_BYTES))),
      ], op("i32.lt_u", get(at), get(to))),
      store("i32.store", get(out), get(count)),
    ],
  };
}
