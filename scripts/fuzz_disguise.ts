import assert from "node:assert/strict";
import { disguiseFinding } from "../src/formats/disguise.ts";
import { CandidateJudge, EmbeddedScanner, type Hidden, hiddenIn } from "../src/formats/embedded.ts";
import { PICKLE_OPCODES } from "../src/formats/pickle_opcodes.ts";
import { identify, otherFaces, scanRegion } from "../src/formats/sniff.ts";
import { type ByteSource, MemorySource } from "../src/formats/source.ts";
import { FormatError } from "../src/model/errors.ts";
import { isRuleId } from "../src/model/rules/mod.ts";
import { join, overwrite } from "../test/make/disguise.ts";
import type { Random } from "../test/make/random.ts";
import { DISGUISES, PAYLOADS, POLYGLOTS } from "../test/vectors/disguise.ts";
import { REAL_FILES } from "../test/vectors/real_files.ts";
import { type FuzzOptions, type FuzzResult, runCases } from "./fuzz_cases.ts";

const SEEDS = [...DISGUISES, ...POLYGLOTS, ...REAL_FILES].map(({ bytes }) => bytes).filter((bytes) =>
  bytes.byteLength < 20_000
);
const OPCODES = [...PICKLE_OPCODES.keys()];
/** A file is read in a few overlapping ways; each may look at all of it, and at a window around what it finds. */
const MAX_READS_OF_FILE = 64;
const MAX_EXTRA_READ_BYTES = 4 << 20;

/**
 * Breaks disguised files, makes pickles of random opcodes, hides payloads in noise. Throws when an invariant breaks:
 * no error but a refusal, reading bounded, the same answer twice and whatever the chunks, every payload that was left
 * whole found. Accepted means that nothing contradicts the name and nothing is hidden.
 */
export function fuzzDisguise(options: FuzzOptions): FuzzResult {
  return runCases(options, (random) => {
    const kind = random.below(3);
    if (kind === 0) return staysCalm(random, pickleSoup(random));
    if (kind === 1) return staysCalm(random, broken(random, random.pick(SEEDS)));
    return findsPayload(random);
  });
}

function staysCalm(random: Random, bytes: Uint8Array): boolean {
  const source = new CountingSource(bytes);
  const identity = identify(source);
  assert.deepEqual(identify(source), identity);
  const finding = disguiseFinding(random.pick(["m.gguf", "m.safetensors", "a.json", "b.txt", "x"]), identity);
  assert.ok(finding === null || isRuleId(finding.rule));
  const faces = otherFaces(source, identity);
  const begin = random.below(bytes.byteLength + 1);
  const end = begin + random.below(bytes.byteLength - begin + 1);
  const hidden = orFlood(() => scanRegion(source, begin, end));
  if (hidden !== null && hidden !== "flood") assert.ok(hidden.offset >= begin && hidden.offset <= end);
  source.check();
  JSON.stringify([identity, faces, hidden]);
  return finding === null && faces.length === 0 && hidden === null;
}

/** One payload, whole or broken, somewhere in noise, scanned in chunks of random sizes. */
function findsPayload(random: Random): boolean {
  const [why, whole] = random.pick(PAYLOADS);
  const isWhole = random.oneIn(2);
  const payload = isWhole ? whole : broken(random, whole).subarray(0, whole.byteLength);
  const noise = random.bytes(payload.byteLength + random.below(4096));
  const at = random.below(noise.byteLength - payload.byteLength + 1);
  const source = new CountingSource(overwrite(noise, at, payload));
  const hidden = orFlood(() => hiddenIn(source));
  const inChunks = orFlood(() => hiddenInChunks(random, source));
  source.check();
  assert.equal(hidden === null, inChunks === null, `${why} at ${at}`);
  if (isWhole) assert.notEqual(hidden, null, `${why} at ${at}`);
  return hidden === null;
}

function hiddenInChunks(random: Random, source: ByteSource): Hidden | null {
  const scanner = new EmbeddedScanner();
  const judge = new CandidateJudge(source);
  for (let at = 0; at < source.sizeBytes;) {
    const chunk = new Uint8Array(Math.min(1 + random.below(700), source.sizeBytes - at));
    source.read(at, chunk);
    for (const candidate of scanner.push(chunk, at)) {
      const hidden = judge.judge(candidate);
      if (hidden !== null) return hidden;
    }
    at += chunk.byteLength;
  }
  return null;
}

function orFlood<T>(look: () => T): T | "flood" {
  try {
    return look();
  } catch (error) {
    if (error instanceof FormatError && error.rule === "disguise/candidate-flood") return "flood";
    throw error;
  }
}

/** Opcodes with random arguments: mostly nonsense, often deep into it. */
function pickleSoup(random: Random): Uint8Array {
  const bytes = random.bytes(1 + random.below(400));
  for (let i = 0; i < bytes.byteLength; i++) {
    if (!random.oneIn(6)) bytes[i] = random.pick(OPCODES);
    else if (random.oneIn(2)) bytes[i] = random.pick([0, 1, 2, 0x0a, 0x27]);
  }
  if (random.oneIn(2)) bytes.set([0x80, random.below(6)].slice(0, bytes.byteLength));
  return bytes;
}

function broken(random: Random, whole: Uint8Array): Uint8Array {
  let bytes: Uint8Array = whole.slice();
  for (let i = random.below(4); i > 0; i--) {
    const at = random.below(bytes.byteLength + 1);
    const patch = random.oneIn(2)
      ? random.bytes(1 + random.below(4))
      : new Uint8Array(8).fill(random.oneIn(2) ? 0xff : 0);
    const way = random.below(3);
    const end = Math.max(0, bytes.byteLength - patch.byteLength);
    if (way === 0) bytes = bytes.subarray(0, at);
    else if (way === 1) bytes = join(bytes.subarray(0, at), patch, bytes.subarray(at));
    else bytes = overwrite(bytes, Math.min(at, end), patch.subarray(0, bytes.byteLength));
  }
  return bytes;
}

/** Watches how much is read: that bounds the time and what is allocated. */
class CountingSource implements ByteSource {
  private readonly memory: MemorySource;
  private readBytes = 0;

  constructor(bytes: Uint8Array) {
    this.memory = new MemorySource(bytes);
  }

  get sizeBytes(): number {
    return this.memory.sizeBytes;
  }

  read(offset: number, into: Uint8Array): number {
    assert.ok(Number.isSafeInteger(offset) && offset >= 0, `offset ${offset}`);
    assert.ok(into.byteLength <= 1 << 20, `${into.byteLength} bytes at once`);
    const count = this.memory.read(offset, into);
    this.readBytes += count;
    return count;
  }

  check(): void {
    const limit = MAX_READS_OF_FILE * this.sizeBytes + MAX_EXTRA_READ_BYTES;
    assert.ok(this.readBytes <= limit, `read ${this.readBytes} bytes of a file of ${this.sizeBytes}`);
  }
}
