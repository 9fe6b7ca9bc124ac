import { hiddenFinding } from "../formats/disguise.ts";
import { type Candidate, CandidateJudge, EmbeddedScanner, pickleAtStart } from "../formats/embedded.ts";
import { EMBEDDED_PATTERNS } from "../formats/embedded_patterns.ts";
import { parseGguf } from "../formats/gguf.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import type { ByteSource } from "../formats/source.ts";
import type { TensorSpan } from "../formats/tensor.ts";
import { AnomalyDetector, type TensorEvidence } from "../measure/anomaly.ts";
import { examineTemplate } from "../measure/template/examine.ts";
import type { Finding } from "../model/mod.ts";
import type { ChunkObserver, MeasuredTensor } from "./pass.ts";

export type WeightFormat = "gguf" | "safetensors";

/** What stands before the tensors of a weight file. */
export interface WeightHeader {
  readonly spans: readonly TensorSpan[];
  readonly templateFindings: readonly Finding[];
  readonly templates: number;
}

/** Throws the `FormatError` of the format's parser. */
export function readHeader(source: ByteSource, format: WeightFormat): WeightHeader {
  if (format === "safetensors") {
    return { spans: parseSafetensors(source).tensors, templateFindings: [], templates: 0 };
  }
  const { tensors, chatTemplates } = parseGguf(source);
  const templateFindings = chatTemplates.flatMap(({ key, text, offset }) =>
    examineTemplate(text, { field: key, offset })
  );
  return { spans: tensors, templateFindings, templates: chatTemplates.length };
}

/** The tensors whose values were measured, in file order. */
export function evidenceOf(tensors: readonly Omit<MeasuredTensor, "sha256">[]): TensorEvidence[] {
  return tensors.flatMap(({ span, statistics }) => statistics === null ? [] : [{ span, statistics }])
    .sort((a, b) => a.span.offset - b.span.offset);
}

/** What the tensors of one file, in file order, say about each other. */
export function anomalies(tensors: readonly TensorEvidence[]): readonly Finding[] {
  const detector = new AnomalyDetector();
  return [...tensors.flatMap((tensor) => detector.add(tensor)), ...detector.finish()];
}

/** Values that were measured. */
export function valuesOf(tensors: readonly TensorEvidence[]): number {
  return tensors.reduce((sum, { statistics }) => sum + statistics.values, 0);
}

/** What {@link HiddenSearch} wants to be shown. */
export const HIDDEN_MAGICS = EMBEDDED_PATTERNS.map((pattern) => pattern.magic);

/** Looks for programs, archives and pickles inside the tensors of one file while its bytes go by. */
export class HiddenSearch implements ChunkObserver {
  readonly magics = HIDDEN_MAGICS;
  readonly #candidates: Candidate[] = [];

  /** `scanner`: nobody else uses it until the last byte has gone by. */
  constructor(
    private readonly spans: readonly TensorSpan[],
    private readonly scanner = new EmbeddedScanner(),
  ) {
    scanner.restart();
  }

  feed(chunk: Uint8Array, offset: number, places: Uint32Array | null): void {
    for (const candidate of this.scanner.push(chunk, offset, places)) this.#candidates.push(candidate);
  }

  /** Proves or refutes what was seen; everything before the first tensor is the parser's. */
  findings(source: ByteSource): Finding[] {
    const begin = this.spans.reduce((first, span) => Math.min(first, span.offset), Infinity);
    const judge = new CandidateJudge(source);
    const proven = this.#candidates
      .filter(({ offset }) => offset >= begin)
      .flatMap((candidate) => judge.judge(candidate) ?? []);
    const atStarts = this.spans.flatMap((span) =>
      span.sizeBytes === 0 ? [] : pickleAtStart(source, span.offset) ?? []
    );
    return [...proven, ...atStarts].map((found) => {
      const tensor = this.spans.find((s) =>
        s.offset <= found.offset && found.offset < s.offset + s.sizeBytes
      );
      return hiddenFinding(found, "tensor data", tensor === undefined ? {} : { tensor: tensor.name });
    });
  }
}
