import fs from "node:fs";
import { join } from "node:path";
import {
  type DirectoryInspection,
  inspectDirectory,
  type InspectedWeights,
} from "../src/engine/inspect_directory.ts";
import { type FileInspection, inspectFileAt, type Inspection } from "../src/engine/inspect_file.ts";
import { ReadAhead } from "../src/engine/read_ahead.ts";
import type { WorkerPool } from "../src/engine/workers.ts";
import { DiskDirectory } from "../src/files/directory_view.ts";
import { identityOf, sameIdentity } from "../src/files/mod.ts";
import { configurationFindings, templatesIn, weightFilesIn } from "../src/formats/directories.ts";
import { staticScore } from "../src/measure/anomaly.ts";
import { makeFingerprint } from "../src/measure/fingerprint.ts";
import { examineTemplate } from "../src/measure/template/examine.ts";
import {
  type Artifact,
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
  reading: ReadAhead<FileInspection> | WorkerPool | null,
): Promise<Judgement> {
  if (artifact.format !== "gguf" && artifact.format !== "safetensors") {
    throw new Error(`Cannot scan ${artifact.format}: stage 2 refuses it`);
  }
  const { progress, signal, policy } = context;
  const inspection =
    await (reading instanceof ReadAhead
      ? reading.result(progress)
      : inspectFileAt(artifact.path, { format: artifact.format, workers: reading, progress, signal }));
  const now = identityOf(fs.lstatSync(artifact.path, { bigint: true }));
  if (!sameIdentity(inspection.identity, now)) throw changed(artifact);
  if (artifact.digestFrom === "coordinator") {
    requireSameDigest(inspection.sha256, (await artifact.digest).sha256, artifact.name);
  }
  record(inspection, context, null);
  const licenses = examineLicenses(artifact, artifact.format === "gguf" ? [""] : [], policy);
  const evidence = {
    ...evidenceOf([countsOf(inspection)]),
    ...licenses.evidence,
    merkle_root: inspection.manifest.merkle_root,
  };
  return judged(policy, [...inspection.findings, ...licenses.findings], evidence);
}

/**
 * Scans a directory: its configuration, its templates, and each of its weight files. Where the coordinator has not
 * hashed it, every file is read once, which `reading` may have begun, and the digests are the scan's.
 */
export async function scanDirectory(
  artifact: Artifact,
  context: StageContext,
  reading: ReadAhead<DirectoryInspection> | WorkerPool | null,
): Promise<Judgement> {
  const view = new DiskDirectory(artifact.path);
  const findings: Finding[] = [...configurationFindings(view).all];
  for (const { path, field, text } of templatesIn(view)) {
    findings.push(...examineTemplate(text, field === null ? { path } : { path, field }));
  }
  const weights = artifact.digestFrom === "scan"
    ? await readTree(artifact, view, context, reading)
    : await readWeights(artifact, view, context, reading instanceof ReadAhead ? null : reading);
  findings.push(...weights.flatMap((one) => one.findings.map((found) => ({ ...found, path: one.path }))));
  const licenses = examineLicenses(artifact, licensedFiles(view), context.policy);
  const evidence = { ...evidenceOf(weights), ...licenses.evidence };
  return judged(context.policy, [...findings, ...licenses.findings], evidence);
}

/** Digests told in one record: their paths, of 32 names of 255 bytes at the longest, stay well below a line's limit. */
const FILES_AT_ONCE = 50;

/** Every file is read once, and its digest told: who asks for this has no other. */
async function readTree(
  artifact: Artifact,
  view: DiskDirectory,
  { progress, signal, record }: StageContext,
  reading: ReadAhead<DirectoryInspection> | WorkerPool | null,
): Promise<readonly InspectedWeights[]> {
  const { digest, fingerprint, weights } =
    await (reading instanceof ReadAhead
      ? reading.result(progress)
      : inspectDirectory(view, { workers: reading, progress, signal }));
  if (fingerprint !== view.fingerprint) throw changed(artifact);
  for (let from = 0; from < digest.files.length; from += FILES_AT_ONCE) {
    const files = digest.files.slice(from, from + FILES_AT_ONCE).map(({ path, sha256, sizeBytes }) => ({
      path,
      sha256,
      size_bytes: sizeBytes,
    }));
    record({ kind: "files", files });
  }
  record({ kind: "directory", sha256: digest.sha256, size_bytes: digest.sizeBytes });
  return weights;
}

/** Each weight file is read, compared with the coordinator's digest, and its manifest told. */
async function readWeights(
  artifact: Artifact,
  view: DiskDirectory,
  context: StageContext,
  workers: WorkerPool | null,
): Promise<readonly InspectedWeights[]> {
  const { files } = await artifact.digest;
  const digests = new Map(files.map((file) => [file.path, file.sha256]));
  const weights: InspectedWeights[] = [];
  let before = 0;
  for (const { path, format } of weightFilesIn(view)) {
    const done = before;
    const inspection = await inspectFileAt(join(artifact.path, path), {
      format,
      workers,
      progress: (bytes) => context.progress(done + bytes),
      signal: context.signal,
    });
    requireSameDigest(inspection.sha256, digests.get(path) ?? null, path);
    record(inspection, context, path);
    before += inspection.sizeBytes;
    weights.push({ path, findings: inspection.findings, ...countsOf(inspection) });
  }
  return weights;
}

/** Where a directory declares its license: in its model card, and in its GGUF files. */
function licensedFiles(view: DiskDirectory): readonly string[] {
  const ggufs = weightFilesIn(view).filter(({ format }) => format === "gguf").map(({ path }) => path);
  return [...view.entries.filter(({ path }) => path === "README.md").map(({ path }) => path), ...ggufs];
}

/** What was read ahead was read before the coordinator first looked at it. */
function changed({ name }: Artifact): UndecidedError {
  return new UndecidedError("claim/changed", `${name} changed after it was read`);
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

/** What is counted of each weight file. */
type Counts = Omit<InspectedWeights, "path" | "findings">;

function countsOf({ sizeBytes, manifest, values, templates }: Inspection): Counts {
  return { sizeBytes, tensors: manifest.tensors.length, values, templates };
}

function evidenceOf(weights: readonly Counts[]): Evidence {
  const sum = (key: keyof Counts) => weights.reduce((total, one) => total + one[key], 0);
  return {
    files: weights.length,
    bytes_read: sum("sizeBytes"),
    tensors: sum("tensors"),
    values_measured: sum("values"),
    chat_templates: sum("templates"),
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
