import { FormatError } from "../model/mod.ts";
import {
  EMBEDDED_PATTERNS,
  EMBEDDED_PICKLE_LIMITS,
  type EmbeddedName,
  type EmbeddedPattern,
  type Hidden,
  hiddenPickle,
  MAX_SCRIPT_LINE_BYTES,
  SCRIPT_BEFORE_BYTES,
} from "./embedded_patterns.ts";
import { walkPickle } from "./pickle.ts";
import { type ByteSource, MemorySource } from "./source.ts";

export type { EmbeddedName, Hidden } from "./embedded_patterns.ts";

/** A place where something may begin: the magic is there, the structure not yet proven. Plain data. */
export interface Candidate {
  readonly pattern: EmbeddedName;
  /** Offset of the magic, in the same count as the chunks' offsets. */
  readonly offset: number;
}

/** Of a possible pickle so much is walked where it is seen; most break off within a few bytes. */
const QUICK_PICKLE_BYTES = 256;
const CHUNK_BYTES = 1 << 20;
/** Random bytes make one candidate in some 300 KiB; a tensor of one value can make one in {@link QUICK_PICKLE_BYTES}. */
const BYTES_PER_CANDIDATE = 64;
const FREE_CANDIDATES = 1024;

/**
 * Finds candidates in consecutive chunks of any size. Two bytes at a time are looked up in a table of the pairs that
 * any magic contains at an even or an odd place, so that ordinary data costs one look-up for two bytes. Keeps the end
 * of each chunk itself, so a magic across a seam is found once.
 */
export class EmbeddedScanner {
  /** Bytes carried from one chunk to the next: one less than the longest magic. */
  readonly overlapBytes: number;
  private readonly pairs = new Uint8Array(65_536);
  private readonly byFirstByte: readonly (readonly EmbeddedPattern[])[];
  /** The end of the chunks so far, `kept` bytes, and behind it the beginning of the next. */
  private readonly seam: Uint8Array;
  private kept = 0;
  private nextOffset: number | null = null;
  private mostFound = 0;
  private passed: ReadonlySet<number> = new Set();

  constructor(patterns: readonly EmbeddedPattern[] = EMBEDDED_PATTERNS) {
    this.overlapBytes = Math.max(...patterns.map((pattern) => pattern.magic.length)) - 1;
    this.seam = new Uint8Array(2 * this.overlapBytes);
    this.byFirstByte = Array.from(
      { length: 256 },
      (_, byte) => patterns.filter((p) => p.magic[0]?.includes(byte)),
    );
    for (const { magic: [first = [], second = [], third = []] } of patterns) {
      for (const b of second) {
        for (const a of first) this.pairs[a | (b << 8)] = 1;
        for (const c of third) this.pairs[b | (c << 8)] = 1;
      }
    }
  }

  /** Begins anew: what is pushed next follows nothing. Its tables serve one file after the other. */
  restart(): void {
    this.kept = 0;
    this.nextOffset = null;
    this.passed = new Set();
  }

  /**
   * Candidates that end in this chunk, in order. Chunks must follow one another; a gap is the caller's mistake.
   * `places`, when the chunk was searched already: everywhere in it a magic may begin, rising; only these are looked at.
   * Throws `FormatError` (`disguise/candidate-flood`) when there are more than chance or a constant tensor makes.
   */
  push(chunk: Uint8Array, offset: number, places: Uint32Array | null = null): Candidate[] {
    if (this.nextOffset !== null && this.nextOffset !== offset) {
      throw new Error(`Cannot scan bytes at ${offset}: the next are those at ${this.nextOffset}`);
    }
    this.nextOffset = offset + chunk.byteLength;
    this.mostFound = FREE_CANDIDATES + Math.floor(chunk.byteLength / BYTES_PER_CANDIDATE);
    const found: Candidate[] = [];
    this.acrossSeam(chunk, offset, found);
    if (places === null) this.inside(chunk, offset, found);
    else for (const at of places) this.examine(chunk, at, offset, found);
    this.keepEnd(chunk);
    return found.sort((a, b) => a.offset - b.offset);
  }

  private acrossSeam(chunk: Uint8Array, offset: number, found: Candidate[]): void {
    const { seam, kept } = this;
    const end = kept + Math.min(this.overlapBytes, chunk.byteLength);
    for (let at = kept; at < end; at++) seam[at] = chunk[at - kept] ?? 0;
    for (let at = 0; at < kept; at++) {
      for (const pattern of this.byFirstByte[seam[at] ?? 0] ?? []) {
        if (at + pattern.magic.length > kept && matches(pattern, seam.subarray(0, end), at)) {
          this.keep({ pattern: pattern.name, offset: offset - kept + at }, found);
        }
      }
    }
  }

  /** Words of four bytes, two pairs each; a pair that may be of a magic at `p` means a start at `p` or `p - 1`. */
  private inside(chunk: Uint8Array, offset: number, found: Candidate[]): void {
    const begin = Math.min((4 - (chunk.byteOffset & 3)) & 3, chunk.byteLength);
    const count = (chunk.byteLength - begin) >>> 3 << 1;
    const end = begin + 4 * count;
    for (let at = 0; at < begin - 1; at++) this.examine(chunk, at, offset, found);
    const words = count === 0
      ? new Uint32Array(0)
      : new Uint32Array(chunk.buffer, chunk.byteOffset + begin, count);
    const pairs = this.pairs;
    for (let i = 0; i < count; i += 2) {
      const a = words[i] ?? 0;
      const b = words[i + 1] ?? 0;
      const hit = (pairs[a & 0xffff] ?? 0) | (pairs[a >>> 16] ?? 0) | (pairs[b & 0xffff] ?? 0) |
        (pairs[b >>> 16] ?? 0);
      if (hit !== 0) this.examineEight(chunk, begin + 4 * i, offset, found);
    }
    for (let at = Math.max(0, end - 1); at < chunk.byteLength; at++) this.examine(chunk, at, offset, found);
  }

  private examineEight(chunk: Uint8Array, at: number, offset: number, found: Candidate[]): void {
    for (let pair = at; pair < at + 8; pair += 2) {
      if (this.pairs[(chunk[pair] ?? 0) | ((chunk[pair + 1] ?? 0) << 8)] === 0) continue;
      if (pair > 0) this.examine(chunk, pair - 1, offset, found);
      this.examine(chunk, pair, offset, found);
    }
  }

  private examine(chunk: Uint8Array, at: number, offset: number, found: Candidate[]): void {
    for (const pattern of this.byFirstByte[chunk[at] ?? 0] ?? []) {
      if (!matches(pattern, chunk, at)) continue;
      if (pattern.name === "pickle" && this.breaksAtOnce(chunk, at, offset)) continue;
      if (pattern.name === "script" && isNoScript(pattern, chunk, at)) continue;
      this.keep({ pattern: pattern.name, offset: offset + at }, found);
    }
  }

  private keep(candidate: Candidate, found: Candidate[]): void {
    if (found.length >= this.mostFound) throw flood(candidate.offset);
    found.push(candidate);
  }

  /** Whether a first look refutes a pickle, or the walk of the one before it passes here. */
  private breaksAtOnce(chunk: Uint8Array, at: number, offset: number): boolean {
    if (this.passed.has(offset + at)) return true;
    const window = new MemorySource(chunk.subarray(at, at + QUICK_PICKLE_BYTES));
    const report = walkPickle(window, 0, EMBEDDED_PICKLE_LIMITS);
    if (report.protoOffsets.length > 1) {
      this.passed = new Set(report.protoOffsets.map((p) => offset + at + p));
    }
    return (report.end === "broken" || report.end === "stop") && hiddenPickle(report, 0) === null;
  }

  private keepEnd(chunk: Uint8Array): void {
    const { seam, kept, overlapBytes } = this;
    const length = chunk.byteLength;
    if (length < overlapBytes) { // All of it lies in the seam, behind what was kept.
      this.kept = Math.min(overlapBytes, kept + length);
      seam.copyWithin(0, kept + length - this.kept, kept + length);
      return;
    }
    for (let at = 0; at < overlapBytes; at++) seam[at] = chunk[length - overlapBytes + at] ?? 0;
    this.kept = overlapBytes;
  }
}

function matches(pattern: EmbeddedPattern, bytes: Uint8Array, at: number): boolean {
  const { magic } = pattern;
  if (at + magic.length > bytes.byteLength) return false;
  for (let i = 0; i < magic.length; i++) if (!magic[i]?.includes(bytes[at + i] ?? -1)) return false;
  return true;
}

/** Text is full of `#!/`: where all that decides lies in this chunk, it is decided at once. */
function isNoScript(pattern: EmbeddedPattern, chunk: Uint8Array, at: number): boolean {
  const begin = at - SCRIPT_BEFORE_BYTES;
  const end = at + MAX_SCRIPT_LINE_BYTES;
  if (begin < 0 || end > chunk.byteLength) return false;
  return pattern.confirm(new MemorySource(chunk.subarray(begin, end)), SCRIPT_BEFORE_BYTES) === null;
}

function flood(offset: number): FormatError {
  const message = "more places look like the start of a program, archive or pickle than chance can explain";
  return new FormatError("disguise/candidate-flood", message, { offset });
}

/** Work spent on candidates stays within this much reading, however many the bytes offer. */
const FREE_READ_BYTES = 64 << 20;
const READ_SHARE = 8;

/**
 * Proves or refutes candidates by reading around them. Chance makes a few thousand candidates in a GiB and each costs
 * little; bytes that offer so many that reading them would take long are made to, and are refused
 * (`disguise/candidate-flood`).
 */
export class CandidateJudge {
  private readonly metered: MeteredSource;
  private readonly confirms = new Map(EMBEDDED_PATTERNS.map((p) => [p.name, p.confirm]));
  private passed: ReadonlySet<number> = new Set();

  constructor(source: ByteSource) {
    this.metered = new MeteredSource(source, FREE_READ_BYTES + Math.floor(source.sizeBytes / READ_SHARE));
  }

  /** What begins at the candidate, or `null` when it was chance. Throws `FormatError` when the work is used up. */
  judge(candidate: Candidate): Hidden | null {
    this.metered.allow(candidate.offset);
    if (candidate.pattern === "pickle") return this.judgePickle(candidate.offset);
    return this.confirms.get(candidate.pattern)?.(this.metered, candidate.offset) ?? null;
  }

  /** A walk that found nothing has been past every PROTO on its way: constant tensors can be one long run of them. */
  private judgePickle(offset: number): Hidden | null {
    if (this.passed.has(offset)) return null;
    const report = walkPickle(this.metered, offset, EMBEDDED_PICKLE_LIMITS);
    if (report.protoOffsets.length > 1) this.passed = new Set(report.protoOffsets);
    return hiddenPickle(report, offset);
  }
}

class MeteredSource implements ByteSource {
  constructor(private readonly source: ByteSource, private readBytesLeft: number) {}

  get sizeBytes(): number {
    return this.source.sizeBytes;
  }

  read(offset: number, into: Uint8Array): number {
    const count = this.source.read(offset, into);
    this.readBytesLeft -= count;
    return count;
  }

  allow(offset: number): void {
    if (this.readBytesLeft > 0) return;
    throw flood(offset);
  }
}

/**
 * A pickle of any protocol right at `begin`. Protocols 0 and 1 have no magic to search for, so each tensor's first byte
 * is asked about by itself.
 */
export function pickleAtStart(source: ByteSource, begin: number): Hidden | null {
  return hiddenPickle(walkPickle(source, begin, EMBEDDED_PICKLE_LIMITS), begin);
}

/** The first thing hidden anywhere in a source, searched from start to end; only of these kinds when they are given. */
export function hiddenIn(source: ByteSource, only?: readonly EmbeddedName[]): Hidden | null {
  const patterns = EMBEDDED_PATTERNS.filter((pattern) => only === undefined || only.includes(pattern.name));
  const scanner = new EmbeddedScanner(patterns);
  const judge = new CandidateJudge(source);
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, source.sizeBytes));
  for (let offset = 0; offset < source.sizeBytes;) {
    const count = source.read(offset, buffer);
    if (count === 0) return null;
    for (const candidate of scanner.push(buffer.subarray(0, count), offset)) {
      const hidden = judge.judge(candidate);
      if (hidden !== null) return hidden;
    }
    offset += count;
  }
  return null;
}
