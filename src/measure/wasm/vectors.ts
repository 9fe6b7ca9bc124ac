import { type Code, get, op, shuffle, vector } from "./assemble.ts";

/** Constants and arrangements of vectors. */

const bytesOf = (values: ArrayBufferView): number[] => [...new Uint8Array(values.buffer)];

/** Every byte of a vector the same. */
export const bytes16 = (value: number): Code => vector(new Array<number>(16).fill(value & 255));

/** Every 16-bit lane the same. */
export const words8 = (value: number): Code => vector(bytesOf(new Int16Array(8).fill(value)));

/** Every 32-bit lane the same. */
export const ints4 = (value: number): Code => vector(bytesOf(new Int32Array(4).fill(value)));

export const floats4 = (value: number): Code => vector(bytesOf(new Float32Array(4).fill(value)));

export const doubles2 = (first: number, second = first): Code =>
  vector(bytesOf(Float64Array.of(first, second)));

/** All bytes of each 32-bit lane the same. */
export const bytesByLane = (...bytes: readonly number[]): Code =>
  vector(bytes.flatMap((byte) => new Array<number>(4).fill(byte)));

/** The vector of a local with its four 32-bit lanes in another order. */
export function lanesOf(local: number, ...order: readonly number[]): Code {
  return shuffle(
    get(local),
    get(local),
    order.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  );
}

export const or = (left: Code, right: Code): Code => op("v128.or", left, right);

/** Byte number of a swizzle that gives 0. */
export const NO_BYTE = 0x80;
