import type {
  ArtifactDigest,
  DownloadManifestFacts,
  Examination,
  Json,
  Policy,
  StageOutcome,
} from "../model/mod.ts";

/** Suffixes of what stands beside a promoted model. */
export const PROVENANCE_SUFFIX = ".provenance.json";
export const SIGNATURE_SUFFIX = ".provenance.json.sig";
/** The signature of the record once more, as a Sigstore bundle that names its key. */
export const BUNDLE_SUFFIX = ".provenance.bundle";
/** The signed in-toto statement that other machines can rely on. */
export const ATTESTATION_SUFFIX = ".attestation.json";
/** The AI bill of materials, CycloneDX. */
export const BOM_SUFFIX = ".cdx.json";

export interface PromotionFacts {
  readonly at: Date;
  readonly hostname: string;
  /** Root of the per-tensor manifest by weight file; the empty path is a single file. */
  readonly merkleRoots: Readonly<Record<string, string>>;
}

/** Why a promoted model is trusted: what it is, where it came from, who looked, by which policy. */
export function provenanceRecord(
  examination: Examination,
  digest: ArtifactDigest,
  policy: Policy,
  facts: PromotionFacts,
): Json {
  const { artifact } = examination;
  const url = artifact.origin.kind === "remote" ? artifact.origin.url : "local-import";
  const manifest = downloadManifest(examination);
  return {
    schema_version: "1.0",
    artifact: {
      filename: artifact.name,
      sha256: digest.sha256,
      size_bytes: digest.sizeBytes,
      format: artifact.format,
    },
    source: { url, revision: revisionOf(examination) ?? "unknown" },
    scanners: { ...examination.scanners },
    policy: { version: policy.sha256, profile: policy.profile },
    promotion: { timestamp: facts.at.toISOString().replace(/\.\d{3}Z$/, "Z"), hostname: facts.hostname },
    scan_summary: scanSummary(examination),
    signature: signatureOf(examination),
    skipped: skipped(examination),
    sandbox: examination.sandbox,
    ...(examination.attestation === null ? {} : { attestation: examination.attestation }),
    integrity: { fsverity_enabled: false, fsverity_digest: null },
    merkle_roots: { ...facts.merkleRoots },
    ...(manifest === null ? {} : { download_manifest: manifest }),
    ...(digest.files.length === 0
      ? {}
      : { files: digest.files.map((f) => ({ path: f.path, sha256: f.sha256, size_bytes: f.sizeBytes })) }),
  };
}

/** What stage 4 proved: `signed` with who, how and when, `unsigned`, `unverified`, or `not examined`. */
function signatureOf({ stages }: Examination): Json {
  const outcome = stages.find(({ stage }) => stage === "provenance_check")?.outcome;
  return outcome?.kind === "cleared" ? outcome.evidence : { status: "not examined" };
}

/** What is known of a record only once the bytes stand in the registry directory. */
export interface LateFacts {
  /** What fs-verity measured. */
  readonly integrity: Json;
  /** Key id of whoever signs the record, or `null`. */
  readonly signed_by: string | null;
  /** What the policy engine allowed the promotion by, where it was asked. */
  readonly policy_decision?: Json;
}

export function completeRecord(record: string, late: LateFacts): string {
  return JSON.stringify({ ...JSON.parse(record), ...late }, null, 2) + "\n";
}

/** Stage key to `pass` or `skip`: only a promoted model has a record, so nothing else can occur. */
export function scanSummary(examination: Examination): Record<string, string> {
  return Object.fromEntries(
    examination.stages.map(({ stage, outcome }) => [stage, outcome.kind === "cleared" ? "pass" : "skip"]),
  );
}

/** Why each skipped stage was skipped: a reader must see what was not looked at. */
function skipped(examination: Examination): Record<string, string> {
  return Object.fromEntries(examination.stages.flatMap(({ stage, outcome }) => {
    const why = whySkipped(outcome);
    return why === null ? [] : [[stage, why]];
  }));
}

function whySkipped(outcome: StageOutcome): string | null {
  switch (outcome.kind) {
    case "not-applicable":
      return outcome.why;
    case "not-examined":
      return `not examined: ${outcome.why}`;
    case "attested":
      return `attested by ${outcome.by}`;
    case "disabled":
      return "disabled by policy";
    default:
      return null;
  }
}

/**
 * The commit a remote artifact was downloaded from, or null: the one in a hub's URL (`…/resolve/REVISION/…`), else
 * the one in the download manifest, which stage 3 found to be about that URL.
 */
export function revisionOf(examination: Examination): string | null {
  const { origin } = examination.artifact;
  if (origin.kind === "local") return null;
  const manifest = downloadManifest(examination);
  const stated = typeof manifest?.revision === "string" ? manifest.revision : null;
  return /\/resolve\/([^/?#]+)\//.exec(origin.url)?.[1] ?? stated;
}

/** The same for a registry that asks for it. */
export function downloadManifestFacts(examination: Examination): DownloadManifestFacts | null {
  const manifest = downloadManifest(examination);
  if (manifest === null) return null;
  const text = (key: string) => typeof manifest[key] === "string" ? manifest[key] : "";
  const count = (key: string) => typeof manifest[key] === "number" ? manifest[key] : 0;
  return {
    manifest_sha256: text("manifest_sha256"),
    repo_id: text("repo_id"),
    revision: text("revision"),
    variant: text("variant") || null,
    files_checked: count("files_checked"),
    total_size_bytes: count("total_size_bytes"),
    sha256_files_checked: count("sha256_files_checked"),
    git_blob_files_checked: count("git_blob_files_checked"),
  };
}

/** What stage 3 compared a directory with, beside its pin; null where there was no download manifest. */
function downloadManifest({ stages }: Examination): { readonly [key: string]: Json } | null {
  const outcome = stages.find(({ stage }) => stage === "integrity_check")?.outcome;
  const evidence = outcome?.kind === "cleared" ? outcome.evidence.download_manifest : undefined;
  return isObject(evidence) ? evidence : null;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
