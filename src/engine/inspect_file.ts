import { createHash } from "node:crypto";
import { hiddenFinding } from "../formats/disguise.ts";
import { type Candidate, CandidateJudge, EmbeddedScanner, pickleAtStart } from "../formats/embedded.ts";
import { EMBEDDED_PATTERNS } from "../formats/embedded_patterns.ts";
import { parseGguf } from "../formats/gguf.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import type { ByteSource } from "../formats/source.ts";
import type { TensorSpan } from "../formats/tensor.ts";
import { AnomalyDetector, type TensorEvidence } from "../measure/anomaly.ts";
import { makeManifest, type ModelManifest } from "../measure/manifest.ts";
import { examineTemplate } from "../measure/template/examine.ts";
import type { Finding } from "../model/mod.ts";
import { type ChunkObserver, type MeasuredTensor, measureFile } from "./pass.ts";
import type { WorkerPool } from "./workers.ts";

/** Everything that reading a weight file once, byte by byte, says about it. */
export interface Inspection {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly findings: readonly Finding[];
  readonly manifest: ModelManifest;
  /** What a comparison with another model needs of each tensor. */
  readonly tensors: readonly TensorEvidence[];
  /** How many values were measured: all that the file has. */
  readonly values: number;
  readonly templates: number;
}

export interface InspectOptions {
  readonly format: "gguf" | "safetensors";
  readonly workers: WorkerPool | null;
  readonly progress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Reads a weight file once: digests, exact statistics of every tensor, templates, and what hides in the weights. */
export async function inspectFile(source: ByteSource, options: InspectOptions): Promise<Inspection> {
  const { spans, templateFindings, templates } = header(source, options.format);
  const tensors: MeasuredTensor[] = [];
  const hidden = new HiddenSearch(source, spans);
  const pass = await measureFile({
    source,
    spans,
    want: "digests-and-statistics",
    onTensor: (tensor) => void tensors.push(tensor),
    onProgress: options.progress,
    observer: hidden,
    signal: options.signal,
  }, options.workers);
  const measured = tensors.flatMap(({ span, statistics }) =>
    statistics === null ? [] : [{ span, statistics }]
  )
    .sort((a, b) => a.span.offset - b.span.offset);
  const findings = [...templateFindings, ...hidden.findings(), ...anomalies(measured)];
  return {
    sha256: pass.sha256,
    sizeBytes: pass.sizeBytes,
    findings,
    manifest: makeManifest(sha256Of, { ...pass, tensors }),
    tensors: measured,
    values: measured.reduce((sum, { statistics }) => sum + statistics.values, 0),
    templates,
  };
}

interface Header {
  readonly spans: readonly TensorSpan[];
  readonly templateFindings: readonly Finding[];
  readonly templates: number;
}

function header(source: ByteSource, format: InspectOptions["format"]): Header {
  if (format === "safetensors") {
    return { spans: parseSafetensors(source).tensors, templateFindings: [], templates: 0 };
  }
  const { tensors, chatTemplates } = parseGguf(source);
  const templateFindings = chatTemplates.flatMap(({ key, text, offset }) =>
    examineTemplate(text, { field: key, offset })
  );
  return { spans: tensors, templateFindings, templates: chatTemplates.length };
}

function anomalies(tensors: readonly TensorEvidence[]): readonly Finding[] {
  const detector = new AnomalyDetector();
  return [...tensors.flatMap((tensor) => detector.add(tensor)), ...detector.finish()];
}

/** Looks for programs, archives and pickles inside tensors while the bytes go by. */
class HiddenSearch implements ChunkObserver {
  readonly magics = EMBEDDED_PATTERNS.map((pattern) => pattern.magic);
  readonly #scanner = new EmbeddedScanner();
  readonly #candidates: Candidate[] = [];

  constructor(private readonly source: ByteSource, private readonly spans: readonly TensorSpan[]) {}

  feed(chunk: Uint8Array, offset: number, places: Uint32Array | null): void {
    for (const candidate of this.#scanner.push(chunk, offset, places)) this.#candidates.push(candidate);
  }

  /** Proves or refutes what was seen; everything before the first tensor is the parser's. */
  findings(): Finding[] {
    const begin = Math.min(...this.spans.map((span) => span.offset));
    const judge = new CandidateJudge(this.source);
    const proven = this.#candidates
      .filter(({ offset }) => offset >= begin)
      .flatMap((candidate) => judge.judge(candidate) ?? []);
    const atStarts = this.spans.flatMap((span) =>
      span.sizeBytes === 0 ? [] : pickleAtStart(this.source, span.offset) ?? []
    );
    return [...proven, ...atStarts].map((found) => {
      const tensor = this.spans.find((s) =>
        s.offset <= found.offset && found.offset < s.offset + s.sizeBytes
      );
      return hiddenFinding(found, "tensor data", tensor === undefined ? {} : { tensor: tensor.name });
    });
  }
}

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");
