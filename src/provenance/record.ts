import type { ArtifactDigest, Examination, Json, Policy, StageOutcome } from "../model/mod.ts";

/** Suffixes of what stands beside a promoted model. */
export const PROVENANCE_SUFFIX = ".provenance.json";
export const SIGNATURE_SUFFIX = ".provenance.json.sig";

export interface PromotionFacts {
  readonly at: Date;
  readonly hostname: string;
  /** `sha256:…` as fs-verity measures it, or null where the filesystem has none. */
  readonly fsverityDigest: string | null;
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
  return {
    schema_version: "1.0",
    artifact: {
      filename: artifact.name,
      sha256: digest.sha256,
      size_bytes: digest.sizeBytes,
      format: artifact.format,
    },
    source: { url, revision: revisionOf(url) ?? "unknown" },
    scanners: { ...examination.scanners },
    policy: { version: policy.sha256, profile: policy.profile },
    promotion: { timestamp: facts.at.toISOString().replace(/\.\d{3}Z$/, "Z"), hostname: facts.hostname },
    scan_summary: scanSummary(examination),
    signature: signatureOf(examination),
    skipped: skipped(examination),
    sandbox: examination.sandbox,
    integrity: { fsverity_enabled: facts.fsverityDigest !== null, fsverity_digest: facts.fsverityDigest },
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

/** The commit in a hub's download URL (`…/resolve/REVISION/…`), or null. */
export function revisionOf(url: string): string | null {
  return /\/resolve\/([^/?#]+)\//.exec(url)?.[1] ?? null;
}
