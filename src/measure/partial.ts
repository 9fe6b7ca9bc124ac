/** How often each code occurs, codes rising: pairs of code and count. */
export interface CodeCounts {
  readonly codes: Uint16Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
}

export const NO_CODES: CodeCounts = { codes: new Uint16Array(0), counts: new Float64Array(0) };

const MOST_CODES = 65_536;

/** Segments of a tensor whose sample means make its signature. */
export const SIGNATURE_SEGMENTS = 64;

/**
 * What was measured of a part of one tensor. Adding two parts is exact, so the result does not depend on how the
 * tensor was cut or who measured which part.
 */
export interface Partial {
  readonly tensor: number;
  bytes: number;
  /** 16-bit codes; of 32-bit floats the low halves, of block formats the code bytes of every fourth run. */
  codes: CodeCounts;
  /** The high halves of 32-bit floats, the scales of block formats. */
  second: CodeCounts;
  /** The last byte of a tensor of an odd number of bytes. */
  oddByte: number | null;
  /** Values that were summed: all finite values. In types of at most 16 bits all is derived from `codes` instead. */
  finite: number;
  sum: bigint;
  sumOfSquares: bigint;
  minimum: number;
  maximum: number;
  zeros: number;
  notANumber: number;
  infinite: number;
  /** Sum and sum of squares of the codes of block formats: whole numbers. */
  codeSum: number;
  codeSumOfSquares: number;
  /** Runs whose codes are spread as evenly as those of random bytes, of all runs that were judged. */
  uniformRuns: number;
  judgedRuns: number;
  blocks: number;
  repeatedBlocks: number;
  /** A sum became infinite: values beyond the range of doubles. */
  overflow: boolean;
  /** Sum and number of the sampled values of each segment. */
  readonly signature: { readonly sums: bigint[]; readonly counts: number[] };
}

export function emptyPartial(tensor: number): Partial {
  return {
    tensor,
    bytes: 0,
    codes: NO_CODES,
    second: NO_CODES,
    oddByte: null,
    finite: 0,
    sum: 0n,
    sumOfSquares: 0n,
    minimum: Infinity,
    maximum: -Infinity,
    zeros: 0,
    notANumber: 0,
    infinite: 0,
    codeSum: 0,
    codeSumOfSquares: 0,
    uniformRuns: 0,
    judgedRuns: 0,
    blocks: 0,
    repeatedBlocks: 0,
    overflow: false,
    signature: {
      sums: new Array<bigint>(SIGNATURE_SEGMENTS).fill(0n),
      counts: new Array<number>(SIGNATURE_SEGMENTS).fill(0),
    },
  };
}

/** Adds two lists of counts, both with rising codes. */
export function addCounts(left: CodeCounts, right: CodeCounts): CodeCounts {
  if (left.codes.length === 0) return right;
  if (right.codes.length === 0) return left;
  const codes = new Uint16Array(Math.min(MOST_CODES, left.codes.length + right.codes.length));
  const counts = new Float64Array(codes.length);
  let [i, j, size] = [0, 0, 0];
  while (i < left.codes.length && j < right.codes.length) {
    const a = left.codes[i] ?? 0;
    const b = right.codes[j] ?? 0;
    let count = 0;
    if (a <= b) count += left.counts[i++] ?? 0;
    if (b <= a) count += right.counts[j++] ?? 0;
    codes[size] = Math.min(a, b);
    counts[size++] = count;
  }
  const [rest, from] = i < left.codes.length ? [left, i] : [right, j];
  codes.set(rest.codes.subarray(from), size);
  counts.set(rest.counts.subarray(from), size);
  size += rest.codes.length - from;
  return { codes: codes.slice(0, size), counts: counts.slice(0, size) };
}

/** Adds `part` to `into`; both are of one tensor. */
export function addPartial(into: Partial, part: Partial): void {
  into.bytes += part.bytes;
  into.codes = addCounts(into.codes, part.codes);
  into.second = addCounts(into.second, part.second);
  into.oddByte ??= part.oddByte;
  into.finite += part.finite;
  into.sum += part.sum;
  into.sumOfSquares += part.sumOfSquares;
  into.minimum = Math.min(into.minimum, part.minimum);
  into.maximum = Math.max(into.maximum, part.maximum);
  into.zeros += part.zeros;
  into.notANumber += part.notANumber;
  into.infinite += part.infinite;
  into.codeSum += part.codeSum;
  into.codeSumOfSquares += part.codeSumOfSquares;
  into.uniformRuns += part.uniformRuns;
  into.judgedRuns += part.judgedRuns;
  into.blocks += part.blocks;
  into.repeatedBlocks += part.repeatedBlocks;
  into.overflow ||= part.overflow;
  for (let i = 0; i < SIGNATURE_SEGMENTS; i++) {
    into.signature.sums[i] = (into.signature.sums[i] ?? 0n) + (part.signature.sums[i] ?? 0n);
    into.signature.counts[i] = (into.signature.counts[i] ?? 0) + (part.signature.counts[i] ?? 0);
  }
}
