import { join } from "node:path";
import { FileSource, hashPieces } from "../src/files/mod.ts";
import {
  type Artifact,
  conclude,
  type Evidence,
  type Finding,
  finding,
  FormatError,
  type Json,
  type Judgement,
  type Publisher,
  type RuleId,
  type StageContext,
} from "../src/model/mod.ts";
import type { SignedSubject } from "../src/provenance/coverage.ts";
import { digestOfSignature, examineBundle, type Trust, type Verified } from "../src/provenance/examine.ts";
import { type FoundSignature, MAX_SIGNATURE_BYTES, signatureFilesOf } from "../src/provenance/files.ts";
import { formOf } from "../src/provenance/forms.ts";

export interface SignatureTrust {
  readonly publisher: Publisher | null;
  readonly required: boolean;
  readonly trustRoots: readonly { readonly name: string; readonly text: string }[];
}

/** What became of one signature file. */
interface Result {
  readonly file: string;
  readonly sha256: string | null;
  readonly verified: Verified | null;
  readonly findings: readonly Finding[];
}

/** Without a named signer a model may be a part of what was signed: nothing is claimed, so nothing is refused. */
const NEEDS_A_SIGNER: readonly RuleId[] = [
  "signature/ignored-path",
  "signature/resource-missing",
  "signature/unsigned-file",
];
const WARN_BEFORE_MS = 30 * 24 * 3600 * 1000;

/** Judges every signature of an artifact. One by a trusted signer will do; a false one always refuses. */
export async function examineSignatures(
  artifact: Artifact,
  context: StageContext,
  given: SignatureTrust,
): Promise<Judgement> {
  const { policy, now } = context;
  const digest = await artifact.digest;
  const found = signatureFilesOf(artifact, digest);
  const roots = policy.trustRoots.flatMap(({ name, expires }) => {
    const file = given.trustRoots.find((one) => one.name === name);
    return file === undefined ? [] : [{ name, text: file.text, expires }];
  });
  const trust: Trust = { publisher: given.publisher, roots, at: now() };
  const subject: SignedSubject = {
    name: artifact.name,
    shape: artifact.shape,
    digest,
    signatureFiles: new Set(
      found.filter((one) => one.at === "inside" && one.about === "whole").map(({ name }) => name),
    ),
    hashPieces: (path, ends) => hashPieces(path === null ? artifact.path : join(artifact.path, path), ends),
  };
  const results: Result[] = [];
  for (const one of found) results.push(await resultOf(one, artifact, subject, trust));
  const signer = results.find(({ verified }) => verified !== null)?.verified ?? null;
  const findings = [
    ...results.flatMap((result) =>
      result.findings.map((one) => weighed(one, signer !== null, given.publisher))
    ),
    ...expiring(trust),
  ];
  if (given.required && signer === null && findings.every(({ severity }) => severity === "info")) {
    findings.push(finding("signature/absent", "no signature by anybody the policy names for this source"));
  }
  const status = signer === null ? "unverified" : "signed";
  const evidence: Evidence = { status, required: given.required, signatures: results.map(evidenceOf) };
  return conclude(policy, findings, evidence, {
    cleared: signer === null ? "signature not verified" : signedBy(signer),
    refused: ({ rule, message }) => rule === "signature/absent" ? message : "signature verification failed",
  });
}

async function resultOf(
  one: FoundSignature,
  artifact: Artifact,
  subject: SignedSubject,
  trust: Trust,
): Promise<Result> {
  const place = one.at === "inside" ? { path: one.name } : {};
  const note = (message: string) => [finding("provenance/unverified", message, place)];
  const nothing = { file: one.name, sha256: null, verified: null };
  if (one.at === "inside" && one.about === "part") {
    return { ...nothing, findings: note("a signature of a part of the model, which is not verified") };
  }
  const bytes = bytesOf(one, artifact);
  if (bytes === null) {
    const message = `${one.name} is no file of at most ${MAX_SIGNATURE_BYTES} bytes`;
    return { ...nothing, findings: [finding("signature/unreadable", message, place)] };
  }
  const file = { file: one.name, sha256: digestOfSignature(bytes), verified: null };
  switch (formOf(bytes)) {
    case "bundle":
      return await bundleResult(file, bytes, subject, trust);
    case "pgp":
      return { ...file, findings: note("a GPG signature, which was not checked") };
    case "other-tool":
      return { ...file, findings: note("a signature of a tool that is not supported (ssh, minisign)") };
    case "unknown":
      return {
        ...file,
        findings: [finding("signature/malformed", `${one.name} is no known form of signature`, place)],
      };
  }
}

async function bundleResult(
  file: Omit<Result, "findings">,
  bytes: Uint8Array,
  subject: SignedSubject,
  trust: Trust,
): Promise<Result> {
  try {
    const result = await examineBundle(bytes, subject, trust);
    if (result.kind === "verified") return { ...file, verified: result.by, findings: result.notes };
    const unnamed = finding("provenance/unverified", `${file.file} is signed by nobody the policy names`);
    return { ...file, findings: [...result.notes, unnamed] };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { ...file, findings: [finding(error.rule, `${file.file}: ${error.message}`, error.place)] };
  }
}

function bytesOf(one: FoundSignature, artifact: Artifact): Uint8Array | null {
  if (one.at === "beside") return one.bytes;
  if (one.sizeBytes > MAX_SIGNATURE_BYTES) return null;
  const source = new FileSource(join(artifact.path, one.name));
  try {
    const bytes = new Uint8Array(one.sizeBytes);
    return bytes.subarray(0, source.read(0, bytes));
  } finally {
    source.close();
  }
}

/** A second signature by somebody else is no fault beside one that holds; nor is a gap in a claim nobody relies on. */
function weighed(one: Finding, isSigned: boolean, publisher: Publisher | null): Finding {
  const harmless = isSigned
    ? one.rule === "signer/unknown"
    : publisher === null && NEEDS_A_SIGNER.includes(one.rule);
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

function signedBy({ signer, time }: Verified): string {
  return `signed by ${signer}${time === null ? "" : ` at ${time.at}`}`;
}

function evidenceOf({ file, sha256, verified }: Result): Json {
  return { file, sha256, verified: verified === null ? null : { ...verified } };
}
