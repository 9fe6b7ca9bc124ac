import { uniformVariance } from "./decode/block.ts";
import { shortCode, type TensorFormat } from "./decode/mod.ts";
import { fromUnits } from "./exact_sum.ts";
import { valuesIn } from "./layout.ts";
import type { CodeCounts, Partial } from "./partial.ts";

/** What is known of the values of a tensor, all of them. Sums are exact up to their last rounding. */
export interface TensorStatistics {
  readonly values: number;
  readonly notANumber: number;
  readonly infinite: number;
  readonly zeros: number;
  /** Of the finite values; 0 when there are none. */
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  readonly variance: number;
  /** How often each byte occurs; of block formats in the codes (not the scales) of every fourth run. */
  readonly byteCounts: Float64Array;
  /** Share of blocks (of lines of 256 bytes, where there are no blocks) that repeat the one before and are not zero. */
  readonly repeatedBlocks: { readonly count: number; readonly of: number };
  /** Block formats only. */
  readonly blocks: BlockStatistics | null;
  /** 32-bit floats only. */
  readonly lowHalves: LowHalves | null;
  /** Means of the sampled values of up to 64 segments; `null` where a segment has no sample. */
  readonly signature: readonly (number | null)[];
}

export interface BlockStatistics {
  readonly scales: number;
  readonly zeroScales: number;
  /** Infinite or not a number; ggml reads an E8M0 of 255 as a number, but no quantiser writes it. */
  readonly specialScales: number;
  /** Bits: how evenly the sign and exponent of the scales are spread. */
  readonly scaleEntropy: number;
  /** Variance of the codes as a share of that of evenly spread codes; `null` where that says nothing. */
  readonly codeSpread: number | null;
  /** Runs of values whose codes are spread as evenly as random bytes. */
  readonly uniformRuns: { readonly count: number; readonly of: number };
}

export interface LowHalves {
  /** Floats whose low 16 bits are zero: all of them when the tensor was widened from bfloat16. */
  readonly zero: number;
  readonly of: number;
  /** Floats that use the lowest byte: none when the tensor was widened from a half float. */
  readonly full: number;
  /** Share of floats whose low byte, or the byte above it, is printable text; over those with low bits. */
  readonly printable: readonly [lowest: number, second: number];
}

/** Shannon entropy in bits. */
export function entropy(counts: ArrayLike<number>): number {
  let total = 0;
  let weighted = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count === 0) continue;
    total += count;
    weighted += count * Math.log2(count);
  }
  return total === 0 ? 0 : Math.log2(total) - weighted / total;
}

/** Value tables of short types, made once for all tensors of a file. */
export class ValueTables {
  readonly #tables = new Map<TensorFormat, Float64Array>();

  of(format: TensorFormat & { kind: "short" }): Float64Array {
    const known = this.#tables.get(format);
    if (known !== undefined) return known;
    const table = format.short.table();
    this.#tables.set(format, table);
    return table;
  }
}

/**
 * Shannon entropy in bits of the source that the counts were drawn from: a sample always seems a little less even
 * than its source, by half the number of values beyond the first for each count (Miller and Madow).
 */
export function sourceEntropy(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  return total === 0 ? 0 : entropy(counts) + (counts.length - 1) / (2 * total * Math.LN2);
}

export function deriveStatistics(format: TensorFormat, part: Partial, tables: ValueTables): TensorStatistics {
  const moments = format.kind === "short"
    ? momentsOfCodes(tables.of(format), shortCounts(format, part))
    : momentsOfSums(part);
  return {
    values: valuesIn(format, part.bytes),
    ...moments,
    byteCounts: byteCounts(format, part),
    repeatedBlocks: { count: part.repeatedBlocks, of: part.blocks },
    blocks: format.kind === "block" ? blockStatistics(format, part) : null,
    lowHalves: format.kind === "wide" && format.wide.bytes === 4 ? lowHalves(part.codes) : null,
    signature: part.signature.sums.map((sum, index) => {
      const count = part.signature.counts[index] ?? 0;
      return count === 0 ? null : fromUnits(sum) / count;
    }),
  };
}

type Moments = Pick<
  TensorStatistics,
  "notANumber" | "infinite" | "zeros" | "minimum" | "maximum" | "mean" | "variance"
>;

/** Minus zero, where it is the first of two zeros, depends on the order; zero does not. */
const plain = (value: number): number => value === 0 ? 0 : value;

function momentsOfSums(part: Partial): Moments {
  const { finite, notANumber, infinite, zeros } = part;
  if (finite === 0) return { notANumber, infinite, zeros, minimum: 0, maximum: 0, mean: 0, variance: 0 };
  const mean = part.overflow ? NaN : fromUnits(part.sum) / finite;
  const variance = part.overflow ? NaN : Math.max(0, fromUnits(part.sumOfSquares) / finite - mean * mean);
  return {
    notANumber,
    infinite,
    zeros,
    minimum: plain(part.minimum),
    maximum: plain(part.maximum),
    mean,
    variance,
  };
}

/** How often each value of a short type occurs. Types of less than 16 bits are counted in pairs of bytes. */
function shortCounts(format: TensorFormat & { kind: "short" }, part: Partial): CodeCounts {
  const { bits } = format.short;
  if (bits === 16) return part.codes;
  if (bits === 6) return part.second;
  const counts = new Float64Array(2 ** bits);
  const bytes = byteCounts(format, part);
  for (const [byte, count] of bytes.entries()) {
    for (let i = 0; i < 8 / bits; i++) {
      const code = shortCode(Uint8Array.of(byte), i, bits);
      counts[code] = (counts[code] ?? 0) + count;
    }
  }
  return { codes: Uint16Array.from(counts.keys()), counts };
}

/** Two passes over at most 65,536 codes: first the mean, then the variance about it. */
function momentsOfCodes(table: Float64Array, { codes, counts }: CodeCounts): Moments {
  let [finite, sum, notANumber, infinite, zeros] = [0, 0, 0, 0, 0];
  let [minimum, maximum] = [Infinity, -Infinity];
  for (let i = 0; i < codes.length; i++) {
    const count = counts[i] ?? 0;
    if (count === 0) continue;
    const value = table[codes[i] ?? 0] ?? NaN;
    if (Number.isNaN(value)) notANumber += count;
    else if (!Number.isFinite(value)) infinite += count;
    else {
      finite += count;
      sum += value * count;
      if (value === 0) zeros += count;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
  }
  if (finite === 0) return { notANumber, infinite, zeros, minimum: 0, maximum: 0, mean: 0, variance: 0 };
  const mean = sum / finite;
  let squares = 0;
  for (let i = 0; i < codes.length; i++) {
    const value = table[codes[i] ?? 0] ?? NaN;
    const count = counts[i] ?? 0;
    if (count > 0 && Number.isFinite(value)) squares += (value - mean) ** 2 * count;
  }
  return {
    notANumber,
    infinite,
    zeros,
    minimum: plain(minimum),
    maximum: plain(maximum),
    mean,
    variance: squares / finite,
  };
}

/** Of codes that are pairs of bytes. */
function byteCounts(format: TensorFormat, part: Partial): Float64Array {
  const bytes = new Float64Array(256);
  const add = ({ codes, counts }: CodeCounts) => {
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? 0;
      const count = counts[i] ?? 0;
      bytes[code & 255] = (bytes[code & 255] ?? 0) + count;
      bytes[code >> 8] = (bytes[code >> 8] ?? 0) + count;
    }
  };
  add(part.codes);
  if (format.kind === "wide") add(part.second);
  if (part.oddByte !== null) bytes[part.oddByte] = (bytes[part.oddByte] ?? 0) + 1;
  return bytes;
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a;

function lowHalves({ codes, counts }: CodeCounts): LowHalves {
  let [zero, of, full, lowest, second] = [0, 0, 0, 0, 0];
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    const count = counts[i] ?? 0;
    of += count;
    if (code === 0) {
      zero += count;
      continue;
    }
    if ((code & 255) !== 0) full += count;
    if (isPrintable(code & 255)) lowest += count;
    if (isPrintable(code >> 8)) second += count;
  }
  const withBits = Math.max(1, of - zero);
  return { zero, of, full, printable: [lowest / withBits, second / withBits] };
}

function blockStatistics(format: TensorFormat & { kind: "block" }, part: Partial): BlockStatistics {
  const { kind } = format.block.scale;
  const values = part.finite + part.notANumber + part.infinite;
  const codeMean = values === 0 ? 0 : part.codeSum / values;
  const uniform = uniformVariance(format.block);
  const exponents = new Float64Array(256);
  let [scales, zeroScales, specialScales] = [0, 0, 0];
  for (let i = 0; i < part.second.codes.length; i++) {
    const code = part.second.codes[i] ?? 0;
    const count = part.second.counts[i] ?? 0;
    scales += count;
    const { exponent, zero, special } = scaleParts(kind, code);
    if (zero) zeroScales += count;
    if (special) specialScales += count;
    exponents[exponent] = (exponents[exponent] ?? 0) + count;
  }
  return {
    scales,
    zeroScales,
    specialScales,
    scaleEntropy: entropy(exponents),
    codeSpread: uniform === null || values === 0
      ? null
      : (part.codeSumOfSquares / values - codeMean * codeMean) / uniform,
    uniformRuns: { count: part.uniformRuns, of: part.judgedRuns },
  };
}

/** Sign and exponent of a stored scale as a number below 256, and what it means. */
function scaleParts(kind: string, code: number): { exponent: number; zero: boolean; special: boolean } {
  switch (kind) {
    case "e8m0":
      return { exponent: code, zero: false, special: code === 255 };
    case "ue4m3":
      return { exponent: code >> 3, zero: code === 0 || code === 0x7f, special: code > 0x7e };
    case "f32":
      return {
        exponent: (code >> 7) & 255,
        zero: (code & 0x7fff) === 0,
        special: (code & 0x7f80) === 0x7f80,
      };
    default:
      return { exponent: code >> 10, zero: (code & 0x7fff) === 0, special: (code & 0x7c00) === 0x7c00 };
  }
}
