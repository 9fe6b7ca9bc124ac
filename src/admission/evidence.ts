import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing, writeDurably } from "../files/mod.ts";
import type { Examination } from "../model/mod.ts";
import type { Claim } from "./claim.ts";
import type { Line } from "./line.ts";
import { savedManifest } from "./manifest.ts";
import { evidencePath } from "./places.ts";
import { stageEntries } from "./report.ts";

/** Findings of one stage that are kept; how many there were is always said. */
const MOST_FINDINGS = 1000;
/** Largest file of evidence, in bytes; one that is larger is left out, and that is said. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** Artifacts whose evidence is kept; the oldest goes first. */
const MOST_ARTIFACTS = 1000;

const STAGES_FILE = "stages.json";
const TENSORS_FILE = "tensors.json";

/**
 * Keeps what the stages saw of an artifact, admitted or not, and names it by its digest in the audit log: too long for a
 * report, and needed by whoever asks later why. The same bytes under the same policy give the same evidence.
 */
export async function keepEvidence(line: Line, claim: Claim, examination: Examination): Promise<void> {
  const { digest } = examination;
  if (digest === null) return;
  const directory = join(evidencePath(line.places.state), digest.sha256);
  fs.mkdirSync(directory, { recursive: true, mode: 0o750 });
  const tensors = keepFile(join(directory, TENSORS_FILE), savedManifest(claim));
  const stages = stageEntries(examination.stages).map(({ duration_ms: _, findings, ...entry }) => ({
    ...entry,
    findings_in_all: findings.length,
    findings: findings.slice(0, MOST_FINDINGS),
  }));
  const subject = { sha256: digest.sha256, size_bytes: digest.sizeBytes, policy_version: line.policy.sha256 };
  const text = JSON.stringify({ schema: 1, ...subject, tensors, stages }, null, 2) + "\n";
  const kept = keepFile(join(directory, STAGES_FILE), text);
  line.step("evidence:written");
  forgetOldest(evidencePath(line.places.state));
  await line.audit.append("evidence", {
    claim: claim.id,
    filename: claim.record.name,
    sha256: digest.sha256,
    evidence_sha256: kept?.sha256 ?? "",
    evidence_bytes: kept?.size_bytes ?? 0,
  });
  line.step("evidence:audited");
}

/** Digest and size of what was written; `left_out` when it is too large to keep. */
interface Kept {
  readonly sha256: string;
  readonly size_bytes: number;
  readonly left_out: boolean;
}

/** Writes a file, or removes the one of an earlier examination when there is nothing to write. */
function keepFile(path: string, text: string | null): Kept | null {
  const bytes = text === null ? null : new TextEncoder().encode(text);
  const leftOut = bytes !== null && bytes.byteLength > MAX_FILE_BYTES;
  if (bytes === null || leftOut) fs.rmSync(path, { force: true });
  else writeDurably(path, bytes);
  if (bytes === null) return null;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { sha256, size_bytes: bytes.byteLength, left_out: leftOut };
}

function forgetOldest(root: string): void {
  const names = fs.readdirSync(root);
  if (names.length <= MOST_ARTIFACTS) return;
  const writtenAt = (name: string) => unlessMissing(() => fs.statSync(join(root, name)).mtimeMs) ?? 0;
  const byAge = names.map((name) => ({ name, at: writtenAt(name) })).sort((a, b) => a.at - b.at);
  for (const { name } of byAge.slice(0, names.length - MOST_ARTIFACTS)) {
    fs.rmSync(join(root, name), { recursive: true, force: true });
  }
}
