import type { TensorSpan } from "../formats/tensor.ts";
import { type Finding, finding, type RuleId } from "../model/mod.ts";
import { LayerGroups } from "./layer_groups.ts";
import { roleOf, type TensorRole } from "./roles.ts";
import { sourceEntropy, type TensorStatistics } from "./statistics.ts";

/*
 * The thresholds come from clean models: 512 x 1024 matrices of normal, Student t (3 and 5 degrees), Laplace and
 * uniform weights, rows of log-normal size, and columns of twentyfold outliers, quantised by llama-quantize to 18
 * types (test/measure/golden/make.py --clean makes them); each constant names the extreme it was set against.
 */

/** Fewer values than this say nothing about a distribution. */
const ENOUGH_VALUES = 4096;
/** Bits. Clean at most 3.71 (log-normal rows, Q4_1); random 16-bit scales 6.0, 8-bit scales 5.0. */
const SCALE_ENTROPY = 4.5;
const ENOUGH_SCALES = 1024;
/** Bits a byte. Clean at most 7.9996 (uniform weights, Q4_1); half a mebibyte of random bytes 8 +- 0.00003. */
const RANDOM_BYTE_ENTROPY = 7.9998;
const ENOUGH_BYTES = 2 ** 19;
/** Share of the variance of even codes. Clean normal to heavy-tailed weights 0.35 to 0.71; even ones are not judged. */
const UNEVEN_CODES = 0.85;
/** Clean weights have no repeats that are not zero. */
const REPEATED_SHARE = 0.001;
const REPEATED_COUNT = 16;
/** Trained weights stay below a few thousand; float checkpoints of masks are left out by their role. */
const EXTREME_VALUE = 1e6;
/** Even low bytes are printable for 38 % of values (97 of 256); text is for nearly all. */
const PRINTABLE_SHARE = 0.8;
/** Full floats have empty low halves once in 65,536; ones widened from 16 bits never use the lowest byte. */
const MIXED_HALVES = 0.02;
const MOSTLY_ZERO = 0.5;

/** A tensor and what was measured of it. */
export interface TensorEvidence {
  readonly span: TensorSpan;
  readonly statistics: TensorStatistics;
}

type Check = (evidence: TensorEvidence, role: TensorRole) => Finding | null;

function noted(rule: RuleId, { span }: TensorEvidence, text: string, confidence?: number): Finding {
  const place = { tensor: span.name, offset: span.offset };
  const message = `tensor ${JSON.stringify(span.name)} (${span.type}) ${text}`;
  return finding(rule, message, confidence === undefined ? place : { ...place, confidence });
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 2 : 0)} %`;

const notANumber: Check = (evidence, role) => {
  const { notANumber, infinite } = evidence.statistics;
  if (notANumber + (role === "mask" ? 0 : infinite) === 0) return null;
  return noted(
    "measure/not-a-number",
    evidence,
    `has ${notANumber} not-a-number and ${infinite} infinite values`,
  );
};

const specialScale: Check = (evidence) => {
  const { blocks } = evidence.statistics;
  if (blocks === null || blocks.specialScales === 0) return null;
  return noted(
    "measure/special-scale",
    evidence,
    `has ${blocks.specialScales} of ${blocks.scales} block scales that are not finite`,
  );
};

const constant: Check = (evidence, role) => {
  const { minimum, maximum, values, notANumber, infinite } = evidence.statistics;
  const isWeights = role === "matrix" || role === "embedding";
  if (!isWeights || values === 0 || minimum !== maximum || notANumber + infinite > 0) return null;
  if (minimum === 0) return noted("measure/zero-matrix", evidence, "is a matrix of zeros only", 0.8);
  return noted("measure/constant-matrix", evidence, `is a matrix of one value only, ${minimum}`, 0.8);
};

const extremeValue: Check = (evidence, role) => {
  if (role !== "matrix" && role !== "embedding") return null;
  if (!/^(F|BF|Q|IQ|TQ|MX|NV)/.test(evidence.span.type)) return null;
  const { minimum, maximum } = evidence.statistics;
  const largest = Math.max(-minimum, maximum);
  if (largest <= EXTREME_VALUE) return null;
  const text = `has a weight of ${largest.toExponential(2)} (limit ${EXTREME_VALUE.toExponential(0)})`;
  return noted("measure/extreme-value", evidence, text, 0.7);
};

/** Zero weights quantise to blocks that repeat, with a zero scale but codes that are not zero. */
const repeatedBlocks: Check = (evidence, role) => {
  const { repeatedBlocks, blocks, minimum, maximum } = evidence.statistics;
  if ((role !== "matrix" && role !== "embedding") || minimum === maximum) return null;
  const unexplained = repeatedBlocks.count - (blocks?.zeroScales ?? 0);
  const share = unexplained / Math.max(1, repeatedBlocks.of);
  if (unexplained < REPEATED_COUNT || share < REPEATED_SHARE) return null;
  const text = `repeats ${unexplained} of ${repeatedBlocks.of} blocks (${percent(share)}, limit ${
    percent(REPEATED_SHARE)
  })`;
  return noted("measure/repeated-blocks", evidence, text, share > 0.1 ? 0.95 : 0.7);
};

const scaleSpread: Check = (evidence) => {
  const { blocks } = evidence.statistics;
  if (blocks === null || blocks.scales < ENOUGH_SCALES || blocks.scaleEntropy <= SCALE_ENTROPY) return null;
  const text = `has scales spread over ${
    blocks.scaleEntropy.toFixed(2)
  } bits of magnitude (limit ${SCALE_ENTROPY})`;
  return noted("measure/scale-spread", evidence, text, 0.95);
};

const randomCodes: Check = (evidence) => {
  const { byteCounts, blocks, lowHalves } = evidence.statistics;
  const bytes = byteCounts.reduce((sum, count) => sum + count, 0);
  if (bytes < ENOUGH_BYTES || lowHalves !== null) return null;
  const bits = sourceEntropy(byteCounts);
  if (bits < RANDOM_BYTE_ENTROPY) return null;
  const text = `has ${bits.toFixed(5)} bits of entropy a byte (limit ${RANDOM_BYTE_ENTROPY})`;
  if (blocks === null) return noted("measure/random-bytes", evidence, text);
  return noted("measure/random-codes", evidence, text, 0.9);
};

const randomStretch: Check = (evidence, role) => {
  const { blocks } = evidence.statistics;
  if (blocks === null || blocks.codeSpread === null || role === "embedding") return null;
  const { count, of } = blocks.uniformRuns;
  if (count === 0 || 2 * count > of || blocks.codeSpread > UNEVEN_CODES) return null;
  const text = `has ${count} of ${of} stretches with codes as even as random bytes ` +
    `(spread of all ${blocks.codeSpread.toFixed(2)}, limit ${UNEVEN_CODES})`;
  return noted("measure/random-stretch", evidence, text, 0.7);
};

const lowBits: Check = (evidence, role) => {
  const { lowHalves, zeros } = evidence.statistics;
  if (evidence.span.type !== "F32" || lowHalves === null || role === "mask" || role === "position") {
    return null;
  }
  const withBits = lowHalves.of - lowHalves.zero;
  if (withBits < ENOUGH_VALUES) return null;
  const printable = Math.max(...lowHalves.printable);
  if (printable > PRINTABLE_SHARE) {
    const text = `has printable text in the low bits of ${percent(printable)} of its floats (limit ${
      percent(PRINTABLE_SHARE)
    })`;
    return noted("measure/low-bits-text", evidence, text, 0.9);
  }
  const values = Math.max(1, lowHalves.of - zeros);
  const widened = (lowHalves.zero - zeros) / values;
  if (widened < MIXED_HALVES || lowHalves.full / values < MIXED_HALVES) return null;
  const text = `has empty low bits in ${
    percent(widened)
  } of its floats, as if bits were put into widened weights`;
  return noted("measure/low-bits-mixed", evidence, text, 0.6);
};

const mostlyZero: Check = (evidence, role) => {
  const { zeros, values, minimum, maximum, blocks } = evidence.statistics;
  if (role !== "matrix" || blocks !== null || minimum === maximum || values < ENOUGH_VALUES) return null;
  const share = zeros / values;
  return share > MOSTLY_ZERO
    ? noted("measure/mostly-zero", evidence, `is zero in ${percent(share)} of its values`)
    : null;
};

const CHECKS: readonly Check[] = [
  notANumber,
  specialScale,
  constant,
  extremeValue,
  repeatedBlocks,
  scaleSpread,
  randomCodes,
  randomStretch,
  lowBits,
  mostlyZero,
];

/**
 * Looks for what trained weights do not show. Tensors may come in any order; what needs all layers is said by
 * `finish`. Statistics cannot see everything: the low byte of a full float is evenly spread in clean models too, so
 * encrypted data there changes nothing that could be measured.
 */
export class AnomalyDetector {
  readonly #layers = new LayerGroups();

  /** What is wrong with this tensor by itself. */
  add(evidence: TensorEvidence): Finding[] {
    const role = roleOf(evidence.span);
    this.#layers.add(evidence, role);
    return CHECKS.map((check) => check(evidence, role)).filter((found) => found !== null);
  }

  /** What is wrong with a tensor beside its peers in other layers. */
  finish(): Finding[] {
    return this.#layers.outliers().map(({ evidence, ratio, limit }) =>
      noted(
        "measure/role-outlier",
        evidence,
        `is ${ratio.toPrecision(3)} times as large as in the other layers (limit ${
          limit.toPrecision(3)
        } times or one part in it)`,
        0.6,
      )
    );
  }
}

/** One minus the product of (1 - confidence) over the suspicious findings: 0 when there are none. */
export function staticScore(findings: readonly Finding[]): number {
  const suspicious = findings.filter((found) => found.severity === "suspicious");
  return 1 - suspicious.reduce((rest, found) => rest * (1 - (found.confidence ?? 1)), 1);
}
