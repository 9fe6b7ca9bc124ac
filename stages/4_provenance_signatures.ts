import { createHash } from "node:crypto";
import { join } from "node:path";
import { hashFile, hashPieces } from "../src/files/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  conclude,
  type Evidence,
  type Finding,
  finding,
  type Json,
  type Judgement,
  type Policy,
  type Publisher,
  type RuleId,
  type StageContext,
  UndecidedError,
} from "../src/model/mod.ts";
import type { FileHash } from "../src/provenance/bundle.ts";
import type { SignedSubject } from "../src/provenance/coverage.ts";
import type { Trust, Verified } from "../src/provenance/examine.ts";
import { type FoundSignature, signatureFilesOf, type TrustRootFile } from "../src/provenance/files.ts";
import type { ProvenanceJob } from "../src/tools/protocol.ts";
import { examineOne, type Result } from "./4_provenance_one.ts";

/** Who is trusted for one artifact, and whether it must be signed by them. */
export interface SignatureTrust {
  readonly publisher: Publisher | null;
  readonly required: boolean;
  readonly trustRoots: readonly ProvenanceJob["trustRoots"][number][];
  readonly gpg: ProvenanceJob["gpg"];
}

/** Without a named signer only what is bad by itself refuses: no signature at all, a false claim, one about other bytes. */
const BAD_BY_ITSELF: readonly RuleId[] = [
  "signature/count",
  "signature/malformed",
  "signature/other-bytes",
  "signature/resource-duplicate",
  "signature/resource-name",
  "signature/root-digest",
  "signature/shards",
  "signature/unreadable",
];
const WARN_BEFORE_MS = 30 * 24 * 3600 * 1000;

/** Judges every signature of an artifact. One by a trusted signer will do; a false one always refuses. */
export async function examineSignatures(
  artifact: Artifact,
  { policy, now }: StageContext,
  { publisher, required, trustRoots, gpg }: SignatureTrust,
): Promise<Judgement> {
  const digest = await artifact.digest;
  const found = signatureFilesOf(artifact, digest);
  const trust: Trust = { publisher, roots: rootsOf(policy, trustRoots), at: now() };
  const about = { artifact, subject: subjectOf(artifact, digest, found), trust, gpg };
  const results: Result[] = [];
  for (const one of found) results.push(await examineOne(one, about));
  const signer = results.find(({ verified }) => verified !== null)?.verified ?? null;
  const findings = [
    ...results.flatMap((result) => result.findings.map((one) => weighed(one, signer, publisher))),
    ...expiring(trust),
    ...notAsked(results, signer, required, policy),
  ];
  if (required && signer === null && findings.every(({ severity }) => severity === "info")) {
    findings.push(finding("signature/absent", "no signature by anybody the policy names for this source"));
  }
  const status = signer === null ? "unverified" : "signed";
  const evidence: Evidence = { status, required, signatures: results.map(evidenceOf) };
  return conclude(policy, findings, evidence, {
    cleared: signer === null ? "signature not verified" : signedBy(signer),
    refused: ({ rule, message }) => rule === "signature/absent" ? message : "signature verification failed",
  });
}

function rootsOf(policy: Policy, files: SignatureTrust["trustRoots"]): TrustRootFile[] {
  return policy.trustRoots.flatMap(({ name, expires }) => {
    const file = files.find((one) => one.name === name);
    return file === undefined ? [] : [{ name, text: file.text, expires }];
  });
}

function subjectOf(
  artifact: Artifact,
  digest: ArtifactDigest,
  found: readonly FoundSignature[],
): SignedSubject {
  const whole = found.filter((one) => one.at === "inside" && one.about === "whole");
  return {
    name: artifact.name,
    shape: artifact.shape,
    digest,
    signatureFiles: new Set(whole.map(({ name }) => name)),
    hashFile: (algorithm) => hashAgain(artifact.path, digest, algorithm),
    hashPieces: (path, ends) => hashPieces(path === null ? artifact.path : join(artifact.path, path), ends),
  };
}

/** One reading for both digests, so that the second is of the bytes the first is of. */
async function hashAgain(path: string, { sha256 }: ArtifactDigest, algorithm: FileHash): Promise<Uint8Array> {
  const other = createHash(algorithm);
  const hashed = await hashFile(path, { tap: (chunk) => void other.update(chunk) });
  if (hashed.sha256 === sha256) return new Uint8Array(other.digest());
  throw new UndecidedError("line/digest-disagrees", "the artifact is not what the coordinator has hashed");
}

/** A second signature by somebody else is no fault beside one that holds; nor is a gap in a claim nobody relies on. */
function weighed(one: Finding, signer: Verified | null, publisher: Publisher | null): Finding {
  const harmless = signer === null
    ? publisher === null && !BAD_BY_ITSELF.includes(one.rule)
    : one.rule === "signer/unknown";
  if (!harmless) return one;
  return finding("provenance/unverified", one.message, one.path === undefined ? {} : { path: one.path });
}

function expiring({ publisher, roots, at }: Trust): Finding[] {
  const used = new Set(publisher?.signers.flatMap((one) => one.method === "keyless" ? [one.trustRoot] : []));
  return roots.filter(({ name, expires }) => {
    const left = new Date(expires).getTime() - at.getTime();
    return used.has(name) && left > 0 && left < WARN_BEFORE_MS;
  }).map(({ name, expires }) => finding("trust/expiring", `trust root ${name} is trusted until ${expires}`));
}

/** A signature whose reader is missing: nothing is lost beside one that holds, else the policy says what it means. */
function notAsked(
  results: readonly Result[],
  signer: Verified | null,
  required: boolean,
  { quarantine }: Policy,
): Finding[] {
  const missing = results.flatMap(({ file, unavailable }) =>
    unavailable === null ? [] : [`${file}: ${unavailable}`]
  );
  if (missing.length > 0 && signer === null && (required || quarantine.scannerMissing === "fail-closed")) {
    throw new UndecidedError("line/missing-program", missing.join("; "));
  }
  return missing.map((message) => finding("provenance/unverified", message));
}

function signedBy({ signer, time }: Verified): string {
  return `signed by ${signer}${time === null ? "" : ` at ${time.at}`}`;
}

function evidenceOf({ file, sha256, form, verified }: Result): Json {
  return { file, sha256, form, verified: verified === null ? null : { ...verified } };
}
