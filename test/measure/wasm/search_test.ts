import assert from "node:assert/strict";
import { type Candidate, EmbeddedScanner } from "../../../src/formats/embedded.ts";
import { EMBEDDED_PATTERNS } from "../../../src/formats/embedded_patterns.ts";
import {
  compileKernels,
  FREE_ADDRESS,
  Kernels,
  type Magic,
  MOST_PLACES,
  PLACES_BYTES,
} from "../../../src/measure/wasm/mod.ts";
import { FormatError } from "../../../src/model/mod.ts";
import { PAYLOADS } from "../../vectors/disguise.ts";
import { type Random, randomBytes, seededRandom } from "../synthetic.ts";

const PAGES = 32;
const MAGICS = EMBEDDED_PATTERNS.map((pattern) => pattern.magic);
const random = seededRandom(8);

/** Searches chunks that lie in memory between bytes that look like magics themselves. */
class Search {
  readonly #memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  readonly #kernels: Kernels;

  constructor(magics: readonly Magic[] = MAGICS) {
    this.#kernels = new Kernels(compileKernels([], magics, PAGES), this.#memory);
  }

  /** The places in a chunk, `null` when there are too many. */
  places(chunk: Uint8Array): number[] | null {
    const bytes = new Uint8Array(this.#memory.buffer);
    const out = FREE_ADDRESS;
    const address = out + PLACES_BYTES + 1 + chunk.byteLength % 7;
    for (let at = address - 3; at < address + chunk.byteLength + 64; at++) {
      bytes[at] = "PK\x03\x04".charCodeAt(at & 3);
    }
    bytes.set(chunk, address);
    this.#kernels.get("search")(address, address + chunk.byteLength, out);
    const [count = 0] = new Uint32Array(this.#memory.buffer, out, 1);
    return count > MOST_PLACES ? null : [...new Uint32Array(this.#memory.buffer, out + 4, count)];
  }
}

function chunksOf(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.byteLength / chunkBytes);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes));
}

/** What a scanner finds in chunks of that size, or the rule by which it gives up. */
function scan(
  bytes: Uint8Array,
  chunkBytes: number,
  places: (chunk: Uint8Array) => number[] | null,
): Candidate[] | string {
  const scanner = new EmbeddedScanner();
  let offset = 0;
  try {
    return chunksOf(bytes, chunkBytes).flatMap((chunk) => {
      const listed = places(chunk);
      const found = scanner.push(chunk, offset, listed === null ? null : Uint32Array.from(listed));
      offset += chunk.byteLength;
      return found;
    });
  } catch (error) {
    if (error instanceof FormatError) return error.rule;
    throw error;
  }
}

/** Any bytes that fit a magic. */
function anyOf(magic: Magic, random: Random): number[] {
  return magic.map((values) => values[Math.floor(random() * values.length)] ?? 0);
}

function planted(length: number, density: number): Uint8Array {
  const bytes = randomBytes(length, random).slice();
  for (let i = 0; i < length * density; i++) {
    const magic = MAGICS[Math.floor(random() * MAGICS.length)] ?? [];
    const part = anyOf(magic, random).slice(0, 1 + Math.floor(random() * magic.length));
    bytes.set(random() < 0.5 ? part : anyOf(magic, random), Math.floor(random() * (length - 16)));
  }
  return bytes;
}

/** Bytes that only occur in magics, in any order. */
function fromMagics(length: number): Uint8Array {
  const values = MAGICS.flat(2);
  return Uint8Array.from({ length }, () => values[Math.floor(random() * values.length)] ?? 0);
}

function repeated(text: string, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => text.charCodeAt(i % text.length));
}

const inputs: [what: string, bytes: Uint8Array][] = [
  ["random bytes", randomBytes(100_000, random)],
  ["few magics", planted(100_000, 0.001)],
  ["many magics", planted(20_000, 0.05)],
  ["the bytes of magics in any order", fromMagics(60_000)],
  ["starts of archives without an end", repeated("PK", 50_000)],
  ["pickle after pickle", repeated("\x80\x02]", 50_000)],
  ["a tensor of one value", repeated("\x80\x02", 50_000)],
  ["more archives than chance makes", repeated("PK\x03\x04", 70_000)],
  [
    "payloads",
    PAYLOADS.reduce((all, [, payload], i) => {
      all.set(payload.subarray(0, 4000), 5000 * i);
      return all;
    }, randomBytes(5000 * (PAYLOADS.length + 1), random).slice()),
  ],
];
for (const [what, bytes] of inputs) {
  Deno.test(`a search finds in ${what} what the scanner finds alone, in chunks of any size`, () => {
    const search = new Search();
    for (const chunkBytes of [1, 2, 3, 7, 16, 63, 64, 65, 127, 1000, 4096, 50_001, 200_000]) {
      const part = chunkBytes < 16 ? bytes.subarray(0, 10_000) : bytes;
      const expected = scan(part, chunkBytes, () => null);
      assert.deepEqual(scan(part, chunkBytes, (chunk) => search.places(chunk)), expected, `${chunkBytes}`);
    }
  });
}

Deno.test("a search lists every place where the first four bytes fit a magic, rising, and no other inside", () => {
  const search = new Search();
  for (let run = 0; run < 50; run++) {
    const bytes = run % 2 === 0 ? planted(3000 + run, 0.02) : fromMagics(2000 + run);
    const fits = (at: number) =>
      MAGICS.some((magic) => magic.slice(0, 4).every((values, i) => values.includes(bytes[at + i] ?? -1)));
    const inside = (at: number) => at + 4 <= bytes.byteLength;
    const expected = [...bytes.keys()].filter((at) => inside(at) && fits(at));
    const found = search.places(bytes);
    assert.deepEqual(found?.filter(inside), expected);
    assert.ok(found?.every((at) => at < bytes.byteLength));
  }
});

Deno.test("a search finds each magic at every place of a chunk", () => {
  const search = new Search();
  for (const magic of MAGICS) {
    const bytes = anyOf(magic, random);
    for (let at = 0; at + magic.length <= 150; at++) {
      const chunk = new Uint8Array(150);
      chunk.set(bytes, at);
      assert.deepEqual(search.places(chunk), [at]);
    }
  }
});

for (const [count, isListed] of [[MOST_PLACES, true], [MOST_PLACES + 1, false]] as const) {
  Deno.test(`${count} places are ${isListed ? "listed" : "too many"}`, () => {
    assert.equal(new Search().places(repeated("BZh.", 4 * count))?.length, isListed ? count : undefined);
  });
}

Deno.test("a search for more magics than it can tell apart is the caller's mistake", () => {
  const some = (count: number): Magic[] => Array.from({ length: count }, (_, i) => [[i], [i + 1], [i + 2]]);
  assert.deepEqual(new Search(some(32)).places(Uint8Array.of(9, 31, 32, 33)), [1]);
  assert.throws(() => new Search(some(33)), RangeError);
});
