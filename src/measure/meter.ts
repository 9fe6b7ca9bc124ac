import { type BlockFormat, emptyBlock, u16, uniformVariance } from "./decode/block.ts";
import { splitHalf } from "./decode/i_quants.ts";
import { shortCode, type TensorFormat } from "./decode/mod.ts";
import { CodeCounter, COUNTER_BYTES } from "./code_counter.ts";
import { toUnits } from "./exact_sum.ts";
import { bytesOf, kernelStep, RUN_VALUES, runBytes, SAMPLED_VALUES, valuesIn } from "./layout.ts";
import { addCounts, emptyPartial, type Partial, SIGNATURE_SEGMENTS } from "./partial.ts";
import { ValueTables } from "./statistics.ts";
import { type Kernels, RESULT } from "./wasm/mod.ts";

/** A tensor as a meter knows it. */
export interface MeteredTensor {
  readonly index: number;
  readonly type: string;
  readonly format: TensorFormat;
  readonly sizeBytes: number;
}

/** Bytes of shared memory that one meter works in. */
export const METER_BYTES = COUNTER_BYTES + 4088;

/** Counters have 32 bits: they are emptied before so many codes were counted that one could overflow. */
const MOST_COUNTED = 2 ** 31;
/**
 * Of block formats, the codes of one run in so many are counted, which is enough for their entropy; sums, scales and
 * repeats are taken of every block.
 */
const COUNTED_RUNS = 4;
/** Floats have no blocks: equal lines of this many bytes count as repeats. */
const LINE_BYTES = 256;

/**
 * How far the variance of the codes of a run of random bytes may be from that of evenly spread codes. The sampling
 * error of half a run is 0.5 % (one standard deviation); codes of normal weights lie 30 % and more below.
 */
const UNIFORM_TOLERANCE = 0.03;

/** Sums of a stretch of values, made in their order. */
interface Stretch {
  sum: number;
  squares: number;
  values: number;
}

/**
 * Measures tensors piece by piece, out of shared memory. One meter serves one thread; pieces of a tensor may go to
 * several meters, whose parts are added afterwards.
 */
export class Meter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #codes: CodeCounter;
  readonly #result: number;
  readonly #block = emptyBlock();
  readonly #tablesOfValues = new ValueTables();
  #part: Partial = emptyPartial(-1);
  #counted = 0;
  #stretch: Stretch = { sum: 0, squares: 0, values: 0 };

  /** `address`: `METER_BYTES` of `memory` for this meter alone. */
  constructor(memory: WebAssembly.Memory, private readonly kernels: Kernels, address: number) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#codes = new CodeCounter(memory, kernels, address);
    this.#result = address + COUNTER_BYTES;
  }

  /**
   * Measures `length` bytes in memory at `address`, which are the bytes from `offset` on of the tensor. Both ends lie
   * between runs or at the end of the tensor. Gives the part of another tensor that is complete now, if there was one.
   */
  measure(tensor: MeteredTensor, offset: number, address: number, length: number): Partial | null {
    const done = this.#part.tensor === tensor.index ? null : this.flush();
    if (this.#part.tensor !== tensor.index) this.#part = emptyPartial(tensor.index);
    const step = runBytes(tensor.format);
    for (let at = 0; at < length; at += step) {
      this.#run(tensor, (offset + at) / step, address + at, Math.min(step, length - at));
    }
    this.#part.bytes += length;
    return done;
  }

  /** Gives what was measured since the last part, `null` when that is nothing. */
  flush(): Partial | null {
    const part = this.#part;
    this.#part = emptyPartial(-1);
    if (part.tensor < 0) return null;
    this.#emptyTables(part);
    return part;
  }

  #run(tensor: MeteredTensor, run: number, address: number, length: number): void {
    const { format } = tensor;
    this.#count(tensor, run, address, length);
    const sampleBytes = Math.min(length, bytesOf(format, SAMPLED_VALUES));
    const runs = Math.ceil(valuesIn(format, tensor.sizeBytes) / RUN_VALUES);
    const segment = Math.floor(run * SIGNATURE_SEGMENTS / runs);
    if (format.kind === "short") {
      this.#sampleShort(format, address, sampleBytes, segment);
      return;
    }
    this.#stretch = { sum: 0, squares: 0, values: 0 };
    this.#values(tensor, address, sampleBytes);
    this.#addToSignature(segment, this.#stretch);
    const codes = { sum: this.#part.codeSum, squares: this.#part.codeSumOfSquares };
    if (length > sampleBytes) this.#values(tensor, address + sampleBytes, length - sampleBytes);
    if (format.kind === "block") {
      this.#judgeCodes(format.block, codes, valuesIn(format, length - sampleBytes));
    }
    this.#addStretch(this.#stretch);
  }

  #addToSignature(segment: number, { sum, values }: Stretch): void {
    const { sums, counts } = this.#part.signature;
    if (!Number.isFinite(sum)) return;
    sums[segment] = (sums[segment] ?? 0n) + toUnits(sum);
    counts[segment] = (counts[segment] ?? 0) + values;
  }

  #addStretch({ sum, squares, values }: Stretch): void {
    this.#part.finite += values;
    if (!Number.isFinite(sum) || !Number.isFinite(squares)) {
      this.#part.overflow = true;
      return;
    }
    this.#part.sum += toUnits(sum);
    this.#part.sumOfSquares += toUnits(squares);
  }

  /** Judges the codes of a run without its sample; runs too short to say anything are left out. */
  #judgeCodes(block: BlockFormat, before: { sum: number; squares: number }, values: number): void {
    const uniform = uniformVariance(block);
    if (uniform === null || values < RUN_VALUES / 2) return;
    const mean = (this.#part.codeSum - before.sum) / values;
    const variance = (this.#part.codeSumOfSquares - before.squares) / values - mean * mean;
    this.#part.judgedRuns++;
    if (Math.abs(variance / uniform - 1) < UNIFORM_TOLERANCE) this.#part.uniformRuns++;
  }

  #count(tensor: MeteredTensor, run: number, address: number, length: number): void {
    if (this.#counted + length > MOST_COUNTED) this.#emptyTables(this.#part);
    this.#counted += length;
    const end = address + length;
    const { format } = tensor;
    if (format.kind === "block") {
      this.#countBlocks(format.block, address, end);
      if (run % COUNTED_RUNS === 0) this.#countBlockCodes(format.block, address, end);
      return;
    }
    if (format.kind === "wide" && format.wide.bytes === 4) {
      this.#codes.halves(address, end);
    } else {
      const even = end - length % 2;
      this.#codes.codes(address, even);
      if (even < end) this.#part.oddByte = this.#bytes[even] ?? 0;
      if (format.kind === "short" && format.short.bits === 6) this.#countSixBitCodes(address, length);
    }
    const lines = Math.floor(length / LINE_BYTES);
    this.#countRepeats(address, lines, LINE_BYTES);
  }

  #countBlocks(block: BlockFormat, address: number, end: number): void {
    if (block.scale.kind === "split-f16") {
      for (let from = address; from < end; from += block.bytes) {
        this.#codes.one(splitHalf(this.#bytes, from + (block.scale.at[0] ?? 0)));
      }
    } else {
      const mask = block.scale.kind === "e8m0" || block.scale.kind === "ue4m3" ? 0xff : 0xffff;
      const skip = block.scale.kind === "f32" ? 2 : 0;
      for (const field of block.scale.at) {
        this.#codes.field(address, end, block.bytes, field + skip, mask);
      }
    }
    this.#countRepeats(address, (end - address) / block.bytes, block.bytes);
  }

  #countBlockCodes(block: BlockFormat, address: number, end: number): void {
    const { at, length } = block.codeBytes;
    this.#codes.blockCodes(address, end, block.bytes, at, length);
  }

  /** Four codes lie in three bytes, so pairs of bytes say nothing of them. */
  #countSixBitCodes(address: number, length: number): void {
    const bytes = this.#bytes.subarray(address, address + length);
    for (let i = 0; i < length * 8 / 6; i++) this.#codes.one(shortCode(bytes, i, 6));
  }

  #countRepeats(address: number, blocks: number, size: number): void {
    if (blocks === 0) return;
    this.kernels.get("countRepeats")(address, address + blocks * size, size, this.#result);
    this.#part.blocks += blocks;
    this.#part.repeatedBlocks += this.#view.getInt32(this.#result, true);
  }

  #emptyTables(part: Partial): void {
    const { first, second } = this.#codes.take();
    part.codes = addCounts(part.codes, first);
    part.second = addCounts(part.second, second);
    this.#counted = 0;
  }

  #sampleShort(
    format: TensorFormat & { kind: "short" },
    address: number,
    length: number,
    segment: number,
  ): void {
    const { bits } = format.short;
    const table = this.#tablesOfValues.of(format);
    const values = Math.floor(length * 8 / bits);
    const bytes = this.#bytes.subarray(address, address + length);
    let sum = 0;
    for (let i = 0; i < values; i++) {
      const code = bits === 16 ? this.#view.getUint16(address + 2 * i, true) : shortCode(bytes, i, bits);
      const value = table[code] ?? 0;
      if (Number.isFinite(value)) sum += value;
    }
    this.#addToSignature(segment, { sum, squares: 0, values });
  }

  #values(tensor: MeteredTensor, address: number, length: number): void {
    const { format, type } = tensor;
    if (format.kind === "wide") {
      if (type === "F32" || type === "C64") this.#floats(address, length);
      else this.#wideOneByOne(format, address, length);
    } else if (format.kind === "block") {
      const step = kernelStep(type);
      if (step === null) this.#blocksOneByOne(format.block, address, length);
      else this.#blocksByKernel(type, format.block, step, address, length);
    }
  }

  #floats(address: number, length: number): void {
    const whole = length - length % 16;
    if (whole > 0) {
      this.kernels.get("floatMoments")(address, address + whole, this.#result);
      const finite = this.#counter(RESULT.special);
      const notANumber = this.#counter(RESULT.notANumber);
      this.#part.notANumber += notANumber;
      this.#part.infinite += whole / 4 - finite - notANumber;
      this.#takeKernelSums(finite);
    }
    for (let at = address + whole; at < address + length; at += 4) {
      this.#value(this.#view.getFloat32(at, true));
    }
  }

  #takeKernelSums(values: number): void {
    this.#stretch.sum += this.#double(RESULT.sum);
    this.#stretch.squares += this.#double(RESULT.sumOfSquares);
    this.#stretch.values += values;
    this.#part.minimum = Math.min(this.#part.minimum, this.#double(RESULT.minimum));
    this.#part.maximum = Math.max(this.#part.maximum, this.#double(RESULT.maximum));
    this.#part.zeros += this.#counter(RESULT.zeros);
  }

  #blocksByKernel(type: string, block: BlockFormat, step: 1 | 2, address: number, length: number): void {
    const stepBytes = step * block.bytes;
    const whole = length - length % stepBytes;
    if (whole > 0) {
      this.kernels.get(type)(address, address + whole, this.#result);
      const leftOut = this.#counter(RESULT.special);
      this.#takeKernelSums((whole / stepBytes - leftOut) * step * block.elements);
      this.#part.codeSum += this.#double(RESULT.codeSum);
      this.#part.codeSumOfSquares += this.#double(RESULT.codeSumOfSquares);
      if (leftOut > 0) this.#specialSteps(block, stepBytes, address, whole);
    }
    this.#blocksOneByOne(block, address + whole, length - whole);
  }

  /** The steps that the kernel left out, because a scale in them is infinite or not a number. */
  #specialSteps(block: BlockFormat, stepBytes: number, address: number, length: number): void {
    for (let at = address; at < address + length; at += stepBytes) {
      let special = false;
      for (let from = at; from < at + stepBytes; from += block.bytes) {
        special ||= block.scale.at.some((field) => (u16(this.#bytes, from + field) & 0x7c00) === 0x7c00);
      }
      if (special) this.#blocksOneByOne(block, at, stepBytes);
    }
  }

  #blocksOneByOne(block: BlockFormat, address: number, length: number): void {
    const { scales, offsets } = this.#block;
    for (let at = address; at < address + length; at += block.bytes) {
      block.unpack(this.#bytes, at, this.#block);
      for (let group = 0; group * block.groupElements < block.elements; group++) {
        const first = group * block.groupElements;
        this.#group(first, first + block.groupElements, scales[group] ?? 0, offsets[group] ?? 0);
      }
    }
  }

  /** The values `scale * code + offset` of the codes from `first` to `end`: whole numbers say all that is asked of them. */
  #group(first: number, end: number, scale: number, offset: number): void {
    const { codes } = this.#block;
    let [sum, squares, least, greatest] = [0, 0, 127, -128];
    for (let i = first; i < end; i++) {
      const code = codes[i] ?? 0;
      sum += code;
      squares += code * code;
      if (code < least) least = code;
      if (code > greatest) greatest = code;
    }
    const part = this.#part;
    part.codeSum += sum;
    part.codeSumOfSquares += squares;
    if (!Number.isFinite(scale) || !Number.isFinite(offset)) {
      for (let i = first; i < end; i++) this.#value(scale * (codes[i] ?? 0) + offset);
      return;
    }
    const shift = (end - first) * offset;
    this.#stretch.sum += scale * sum + shift;
    this.#stretch.squares += scale * scale * squares + offset * (2 * scale * sum + shift);
    this.#stretch.values += end - first;
    const [one, other] = [scale * least + offset, scale * greatest + offset];
    part.minimum = Math.min(part.minimum, one, other);
    part.maximum = Math.max(part.maximum, one, other);
    if (Math.min(one, other) <= 0 && Math.max(one, other) >= 0) {
      part.zeros += this.#zeros(first, end, scale, offset);
    }
  }

  /** How many values of a group are zero: those of one code, or all. */
  #zeros(first: number, end: number, scale: number, offset: number): number {
    if (scale === 0) return offset === 0 ? end - first : 0;
    const root = Math.round(-offset / scale);
    if (scale * root + offset !== 0) return 0;
    const { codes } = this.#block;
    let zeros = 0;
    for (let i = first; i < end; i++) if (codes[i] === root) zeros++;
    return zeros;
  }

  #wideOneByOne(format: TensorFormat & { kind: "wide" }, address: number, length: number): void {
    const { bytes, read } = format.wide;
    for (let at = address; at < address + length; at += bytes) this.#value(read(this.#view, at));
  }

  #value(value: number): void {
    const part = this.#part;
    if (Number.isNaN(value)) {
      part.notANumber++;
    } else if (!Number.isFinite(value)) {
      part.infinite++;
    } else {
      this.#stretch.sum += value;
      this.#stretch.squares += value * value;
      this.#stretch.values++;
      if (value < part.minimum) part.minimum = value;
      if (value > part.maximum) part.maximum = value;
      if (value === 0) part.zeros++;
    }
  }

  #double(at: number): number {
    return this.#view.getFloat64(this.#result + at, true);
  }

  #counter(at: number): number {
    return this.#view.getInt32(this.#result + at, true);
  }
}
