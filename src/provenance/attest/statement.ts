import { createHash } from "node:crypto";
import * as z from "zod";
import {
  type ArtifactDigest,
  type Examination,
  type Json,
  type Policy,
  STAGE_IDS,
  type StageOutcome,
  type StageRecord,
} from "../../model/mod.ts";
import { strengthOf, strengthSchema } from "./strength.ts";

/** in-toto Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const STATEMENT = "https://in-toto.io/Statement/v1";
/** What the predicate of an attested admission is called. */
export const ADMISSION_PREDICATE = "urn:ai-quarantine:admission:v1";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT),
  subject: z.array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256 }) })).min(1),
  predicateType: z.literal(ADMISSION_PREDICATE),
  predicate: z.strictObject({
    artifact: z.strictObject({ name: z.string(), format: z.string(), sha256, size_bytes: z.number() }),
    verdict: z.literal("passed"),
    promoted_at: z.iso.datetime(),
    policy: z.strictObject({ sha256, strength: strengthSchema }),
    stages: z.array(z.strictObject({
      stage: z.enum(STAGE_IDS),
      outcome: z.enum(["PASS", "SKIP"]),
      summary: z.string(),
      evidence_sha256: sha256,
    })).length(STAGE_IDS.length),
    /** Root of the per-tensor manifest by weight file; the empty path is a single file. */
    merkle_roots: z.record(z.string(), sha256),
    behaviour_suite_sha256: sha256.nullable(),
    tools: z.record(z.string(), z.string()),
    sandbox: z.string(),
  }),
});

export type AdmissionStatement = Readonly<z.infer<typeof statementSchema>>;

export interface StatementFacts {
  readonly at: Date;
  readonly merkleRoots: Readonly<Record<string, string>>;
}

/**
 * What we say to others about a model we promoted, for its signature. Its subjects are the files themselves, so that
 * any tool that can hash a file can look it up.
 */
export function admissionStatement(
  { artifact, stages, sandbox, scanners }: Examination,
  digest: ArtifactDigest,
  policy: Policy,
  { at, merkleRoots }: StatementFacts,
): AdmissionStatement {
  const files = digest.files.length === 0
    ? [{ path: artifact.name, sha256: digest.sha256 as string }]
    : digest.files;
  return {
    _type: STATEMENT,
    subject: files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
    predicateType: ADMISSION_PREDICATE,
    predicate: {
      artifact: {
        name: artifact.name,
        format: artifact.format,
        sha256: digest.sha256,
        size_bytes: digest.sizeBytes,
      },
      verdict: "passed",
      promoted_at: at.toISOString(),
      policy: { sha256: policy.sha256, strength: strengthOf(policy, acceptedIn(stages)) },
      stages: stages.map(stageSummary),
      merkle_roots: { ...merkleRoots },
      behaviour_suite_sha256: suiteOf(stages),
      tools: { ...scanners },
      sandbox,
    },
  };
}

function stageSummary({ stage, outcome }: StageRecord): AdmissionStatement["predicate"]["stages"][number] {
  const evidence = outcome.kind === "cleared" ? outcome.evidence : {};
  return {
    stage,
    outcome: outcome.kind === "cleared" ? "PASS" : "SKIP",
    summary: outcome.kind === "cleared" ? outcome.summary : outcome.kind,
    evidence_sha256: createHash("sha256").update(JSON.stringify(evidence)).digest("hex"),
  };
}

const evidenceOf = (outcome: StageOutcome, key: string): Json | undefined =>
  outcome.kind === "cleared" ? outcome.evidence[key] : undefined;

function acceptedIn(stages: readonly StageRecord[]): number {
  return stages.reduce((count, { outcome }) => {
    const accepted = evidenceOf(outcome, "accepted");
    return count + (Array.isArray(accepted) ? accepted.length : 0);
  }, 0);
}

function suiteOf(stages: readonly StageRecord[]): string | null {
  const found = stages.map(({ outcome }) => evidenceOf(outcome, "suite_sha256"))
    .find((value) => typeof value === "string");
  return found ?? null;
}
