/**
 * How often each 16-bit code occurs in words of memory. Not a kernel: the runtime checks every access of a WebAssembly
 * memory against its size and computes its address anew, so that counting takes a third longer there. `| 0` tells the
 * compiler that an index is a whole number; unpacking an array in place of the four constants takes twice as long.
 */

/** Words that are counted at a time. */
export const WORDS_AT_ONCE = 4;

/** Both halves of the words from index `from` to index `to`, a multiple of {@link WORDS_AT_ONCE} apart, into one table. */
export function countCodes(words: Uint32Array, from: number, to: number, table: Uint32Array): void {
  const end = to | 0;
  for (let i = from | 0; i < end; i += WORDS_AT_ONCE) {
    const a = words[i] ?? 0;
    const b = words[i + 1] ?? 0;
    const c = words[i + 2] ?? 0;
    const d = words[i + 3] ?? 0;
    count(table, a & 0xffff);
    count(table, a >>> 16);
    count(table, b & 0xffff);
    count(table, b >>> 16);
    count(table, c & 0xffff);
    count(table, c >>> 16);
    count(table, d & 0xffff);
    count(table, d >>> 16);
  }
}

/** The low halves of the words into one table, the high halves into another. */
export function countHalves(
  words: Uint32Array,
  from: number,
  to: number,
  low: Uint32Array,
  high: Uint32Array,
): void {
  const end = to | 0;
  for (let i = from | 0; i < end; i += WORDS_AT_ONCE) {
    const a = words[i] ?? 0;
    const b = words[i + 1] ?? 0;
    const c = words[i + 2] ?? 0;
    const d = words[i + 3] ?? 0;
    count(low, a & 0xffff);
    count(high, a >>> 16);
    count(low, b & 0xffff);
    count(high, b >>> 16);
    count(low, c & 0xffff);
    count(high, c >>> 16);
    count(low, d & 0xffff);
    count(high, d >>> 16);
  }
}

function count(table: Uint32Array, code: number): void {
  table[code] = (table[code] ?? 0) + 1;
}
