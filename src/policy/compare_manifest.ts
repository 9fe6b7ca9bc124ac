import { escapeName } from "../files/mod.ts";
import { type ArtifactDigest, type FileDigest, type Finding, finding, type Origin } from "../model/mod.ts";
import type { DownloadManifest, ManifestFile } from "./download_manifest.ts";

/** How many files are named before the rest is only counted. */
const MAX_NAMED = 20;

/** The manifest's Git name of each file that it lists by one, as computed here: `null` where it was not. */
export type GitNames = ReadonlyMap<string, string>;

/**
 * What the coordinator's digests and a download manifest say differently: every file of the manifest must be there
 * with its size and digest, and no other. `gitNames` holds the Git blob names of those files that are listed by one.
 */
export function compareManifest(
  manifest: DownloadManifest,
  origin: Origin,
  digest: ArtifactDigest,
  gitNames: GitNames,
): readonly Finding[] {
  const present = new Map(digest.files.map((file) => [file.path, file]));
  const listed = new Set(manifest.files.map(({ path }) => path));
  const different = manifest.files.flatMap((file) => {
    const message = difference(file, present.get(file.path), gitNames.get(file.path));
    return message === null ? [] : [finding("integrity/manifest-mismatch", message, { path: file.path })];
  });
  const unlisted = digest.files.filter(({ path }) => !listed.has(path)).map(({ path }) =>
    finding("integrity/manifest-unlisted", `${named(path)} is not in the download manifest`, { path })
  );
  return [...sourceDifference(manifest, origin), ...shortened(different), ...shortened(unlisted)];
}

/** A manifest of another download says nothing about this one. A local import names no source to compare with. */
function sourceDifference({ source }: DownloadManifest, origin: Origin): readonly Finding[] {
  if (origin.kind === "local" || origin.url === source) return [];
  const message = `the download manifest is about ${JSON.stringify(source)}, the origin is ${
    JSON.stringify(origin.url)
  }`;
  return [finding("integrity/manifest-mismatch", message)];
}

function difference(
  file: ManifestFile,
  present: FileDigest | undefined,
  gitName: string | undefined,
): string | null {
  const name = named(file.path);
  if (present === undefined) return `${name} is in the download manifest and missing`;
  if (present.sizeBytes !== file.size) {
    return `${name} has ${present.sizeBytes} bytes, the download manifest says ${file.size}`;
  }
  const actual = file.oid_type === "sha256" ? present.sha256 : gitName;
  if (actual === file.oid) return null;
  return `${name} hash mismatch expected: ${file.oid} actual: ${actual ?? "unknown"} (${file.oid_type})`;
}

function shortened(findings: readonly Finding[]): readonly Finding[] {
  const [first] = findings;
  if (first === undefined || findings.length <= MAX_NAMED) return findings;
  const more = `and ${findings.length - MAX_NAMED} more files`;
  return [...findings.slice(0, MAX_NAMED), finding(first.rule, more)];
}

function named(path: string): string {
  return `"${escapeName(path)}"`;
}
