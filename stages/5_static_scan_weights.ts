import { join } from "node:path";
import { inspectFile, type Inspection } from "../src/engine/inspect_file.ts";
import { ReadAhead } from "../src/engine/read_ahead.ts";
import type { WorkerPool } from "../src/engine/workers.ts";
import { DiskDirectory } from "../src/files/directory_view.ts";
import { FileSource } from "../src/files/mod.ts";
import { configurationFindings, templatesIn, weightFilesIn } from "../src/formats/directories.ts";
import { staticScore } from "../src/measure/anomaly.ts";
import { makeFingerprint } from "../src/measure/fingerprint.ts";
import { examineTemplate } from "../src/measure/template/examine.ts";
import {
  type Artifact,
  type ArtifactDigest,
  conclude,
  type Evidence,
  type Finding,
  type Judgement,
  type Policy,
  type Sha256,
  type StageContext,
  UndecidedError,
} from "../src/model/mod.ts";
import { examineLicenses } from "./5_static_scan_licenses.ts";

/** A model of more tensors is compared by digests alone. */
const MAX_FINGERPRINTED = 8192;

/** Scans a weight file: one read from the first byte to the last, which `reading` may have begun. */
export async function scanFile(
  artifact: Artifact,
  context: StageContext,
  reading: ReadAhead | WorkerPool | null,
): Promise<Judgement> {
  if (artifact.format !== "gguf" && artifact.format !== "safetensors") {
    throw new Error(`Cannot scan ${artifact.format}: stage 2 refuses it`);
  }
  const { progress, signal, policy } = context;
  const inspection =
    await (reading instanceof ReadAhead
      ? reading.result(progress)
      : inspectAt(artifact.path, { format: artifact.format, workers: reading, progress, signal }));
  if (artifact.digestFrom === "coordinator") {
    requireSameDigest(inspection.sha256, (await artifact.digest).sha256, artifact.name);
  }
  record(inspection, context, null);
  const licenses = examineLicenses(artifact, artifact.format === "gguf" ? [""] : [], policy);
  const evidence = {
    ...evidenceOf([inspection]),
    ...licenses.evidence,
    merkle_root: inspection.manifest.merkle_root,
  };
  return judged(policy, [...inspection.findings, ...licenses.findings], evidence);
}

/** Scans a directory: its configuration, its templates, and each of its weight files. */
export async function scanDirectory(
  artifact: Artifact,
  context: StageContext,
  workers: WorkerPool | null,
): Promise<Judgement> {
  const view = new DiskDirectory(artifact.path);
  const digests = artifact.digestFrom === "coordinator" ? digestsByPath(await artifact.digest) : null;
  const findings: Finding[] = [...configurationFindings(view).all];
  for (const { path, field, text } of templatesIn(view)) {
    findings.push(...examineTemplate(text, field === null ? { path } : { path, field }));
  }
  const inspections: Inspection[] = [];
  let before = 0;
  for (const { path, format } of weightFilesIn(view)) {
    const done = before;
    const inspection = await inspectAt(join(artifact.path, path), {
      format,
      workers,
      progress: (bytes) => context.progress(done + bytes),
      signal: context.signal,
    });
    if (digests !== null) requireSameDigest(inspection.sha256, digests.get(path) ?? null, path);
    record(inspection, context, path);
    findings.push(...inspection.findings.map((found) => ({ ...found, path })));
    before += inspection.sizeBytes;
    inspections.push(inspection);
  }
  const licenses = examineLicenses(artifact, licensedFiles(view), context.policy);
  const evidence = { ...evidenceOf(inspections), ...licenses.evidence };
  return judged(context.policy, [...findings, ...licenses.findings], evidence);
}

function digestsByPath({ files }: ArtifactDigest): ReadonlyMap<string, Sha256> {
  return new Map(files.map((file) => [file.path, file.sha256]));
}

/** Where a directory declares its license: in its model card, and in its GGUF files. */
function licensedFiles(view: DiskDirectory): readonly string[] {
  const ggufs = weightFilesIn(view).filter(({ format }) => format === "gguf").map(({ path }) => path);
  return [...view.entries.filter(({ path }) => path === "README.md").map(({ path }) => path), ...ggufs];
}

async function inspectAt(path: string, options: Parameters<typeof inspectFile>[1]): Promise<Inspection> {
  const source = new FileSource(path);
  try {
    return await inspectFile(source, options);
  } finally {
    source.close();
  }
}

/** The coordinator's digest is the authority; another one means that one of us did not read these bytes. */
function requireSameDigest(found: string, expected: Sha256 | null, name: string): void {
  if (found === expected) return;
  throw new UndecidedError("line/digest-disagrees", `${name} hashes to ${found} here, not to ${expected}`);
}

/** Hands the manifest and the fingerprint out piece by piece: they have an entry for every tensor. */
function record(inspection: Inspection, context: StageContext, path: string | null): void {
  const { tensors, ...manifest } = inspection.manifest;
  const wanted = context.policy.ggufGuard.generateFingerprint &&
    inspection.tensors.length <= MAX_FINGERPRINTED;
  const printed = wanted ? makeFingerprint(inspection.tensors).tensors : [];
  const prints = new Map(printed.map(({ name, mean, standard_deviation, signature }) => [
    name,
    { mean, standard_deviation, signature: [...signature] },
  ]));
  for (const tensor of tensors) {
    const fingerprint = prints.get(tensor.name) ?? null;
    context.record({ kind: "tensor", file: path, ...tensor, shape: [...tensor.shape], fingerprint });
  }
  context.record({ kind: "manifest", file: path, ...manifest });
}

function evidenceOf(inspections: readonly Inspection[]): Evidence {
  const sum = (count: (one: Inspection) => number) =>
    inspections.reduce((total, one) => total + count(one), 0);
  return {
    files: inspections.length,
    bytes_read: sum((one) => one.sizeBytes),
    tensors: sum((one) => one.manifest.tensors.length),
    values_measured: sum((one) => one.values),
    chat_templates: sum((one) => one.templates),
  };
}

function judged(policy: Policy, all: readonly Finding[], evidence: Evidence): Judgement {
  const { requireEntropyAnalysis } = policy.models;
  const findings = all.filter((found) => requireEntropyAnalysis || !found.rule.startsWith("measure/"));
  // What a license says is no anomaly of the model.
  const score = staticScore(findings.filter(({ rule }) => rule !== "license/flagged")).toFixed(2);
  const notes = findings.filter((found) => found.severity !== "info").length;
  const cleared = notes === 0
    ? `score=${score}, no anomalies`
    : `score=${score}, ${notes} ${notes === 1 ? "note" : "notes"}`;
  return conclude(policy, findings, { score, entropy_analysis: requireEntropyAnalysis, ...evidence }, {
    cleared,
    refused: withConfidence,
  });
}

function withConfidence({ message, confidence }: Finding): string {
  return confidence === undefined ? message : `${message} (confidence=${confidence.toFixed(2)})`;
}
