import { createHash } from "node:crypto";
import { FileSource } from "../files/file_source.ts";
import type { FileIdentity } from "../files/regular.ts";
import type { ByteSource } from "../formats/source.ts";
import type { TensorEvidence } from "../measure/anomaly.ts";
import { makeManifest, type ModelManifest } from "../measure/manifest.ts";
import type { Finding } from "../model/mod.ts";
import { type MeasuredTensor, measureFile } from "./pass.ts";
import { anomalies, evidenceOf, HiddenSearch, readHeader, valuesOf, type WeightFormat } from "./weights.ts";
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

export interface FileInspection extends Inspection {
  /** Of the file when it was opened. */
  readonly identity: FileIdentity;
}

/** How an inspection is carried out. */
export interface Inspecting {
  readonly workers: WorkerPool | null;
  readonly progress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface InspectOptions extends Inspecting {
  readonly format: WeightFormat;
}

/** Reads a weight file once: digests, exact statistics of every tensor, templates, and what hides in the weights. */
export async function inspectFile(source: ByteSource, options: InspectOptions): Promise<Inspection> {
  const { spans, templateFindings, templates } = readHeader(source, options.format);
  const tensors: MeasuredTensor[] = [];
  const hidden = new HiddenSearch(spans);
  const pass = await measureFile({
    source,
    spans,
    want: "digests-and-statistics",
    onTensor: (tensor) => void tensors.push(tensor),
    onProgress: options.progress,
    observer: hidden,
    signal: options.signal,
  }, options.workers);
  const measured = evidenceOf(tensors);
  return {
    sha256: pass.sha256,
    sizeBytes: pass.sizeBytes,
    findings: [...templateFindings, ...hidden.findings(source), ...anomalies(measured)],
    manifest: makeManifest(sha256Of, { ...pass, tensors }),
    tensors: measured,
    values: valuesOf(measured),
    templates,
  };
}

export async function inspectFileAt(path: string, options: InspectOptions): Promise<FileInspection> {
  const source = new FileSource(path);
  try {
    return { ...await inspectFile(source, options), identity: source.identity };
  } finally {
    source.close();
  }
}

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");
