import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { hashFile } from "../src/files/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Evidence,
  type Finding,
  UndecidedError,
} from "../src/model/mod.ts";
import { compareManifest } from "../src/policy/compare_manifest.ts";
import {
  type DownloadManifest,
  manifestSidecarName,
  parseDownloadManifest,
  readManifestBytes,
  unreadable,
} from "../src/policy/download_manifest.ts";

/** The hub stores files above 10 MiB under their SHA-256: one this large has no Git name to be compared with. */
const MAX_GIT_BLOB_BYTES = 64 * 1024 * 1024;

/** What a download manifest was compared with, and what came of it. */
export interface ManifestComparison {
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
}

/**
 * Compares a directory with the `.NAME.hf-manifest.json` beside it; `null` where there is none. Throws `FormatError`
 * when there is one that cannot be understood: what it would have said is then not known.
 */
export async function compareWithManifest(
  artifact: Artifact,
  digest: ArtifactDigest,
  signal: AbortSignal,
): Promise<ManifestComparison | null> {
  if (artifact.shape !== "directory") return null;
  const bytes = readManifestBytes(join(dirname(artifact.path), manifestSidecarName(artifact.name)));
  if (bytes === null) return null;
  const manifest = parseDownloadManifest(bytes);
  const gitNames = await gitNamesOf(artifact.path, manifest, digest, signal);
  const { repo_id, revision, variant, source, files } = manifest;
  return {
    findings: compareManifest(manifest, artifact.origin, digest, gitNames),
    evidence: {
      manifest_sha256: createHash("sha256").update(bytes).digest("hex"),
      source,
      repo_id,
      revision,
      variant,
      files_checked: files.length,
      sha256_files_checked: files.filter(({ oid_type }) => oid_type === "sha256").length,
      git_blob_files_checked: files.filter(({ oid_type }) => oid_type === "git-sha1").length,
      total_size_bytes: files.reduce((total, { size }) => total + size, 0),
    },
  };
}

/** Git's names of the files that the manifest lists by them: small files, read once more and hashed both ways. */
async function gitNamesOf(
  root: string,
  { files }: DownloadManifest,
  digest: ArtifactDigest,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const known = new Map(digest.files.map((file) => [file.path, file]));
  const names = new Map<string, string>();
  for (const { path, size, oid_type } of files) {
    const file = known.get(path);
    if (oid_type !== "git-sha1" || file === undefined || file.sizeBytes !== size) continue;
    if (size > MAX_GIT_BLOB_BYTES) {
      throw unreadable(
        `${JSON.stringify(path)} of ${size} bytes is listed by a Git name, not by its SHA-256`,
      );
    }
    const blob = createHash("sha1").update(`blob ${size}\0`);
    const { sha256 } = await hashFile(join(root, path), { signal, tap: (chunk) => blob.update(chunk) });
    if (sha256 !== file.sha256) {
      throw new UndecidedError("claim/changed", `${path} changed after it was hashed`);
    }
    names.set(path, blob.digest("hex"));
  }
  return names;
}
