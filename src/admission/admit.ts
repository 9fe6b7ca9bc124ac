import fs from "node:fs";
import { join } from "node:path";
import { AuditError } from "../audit/mod.ts";
import { FileSource, isPlainName, makeEmpty, systemCode, unlessMissing } from "../files/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Examination,
  formatClaimedByDirectory,
  formatClaimedByFile,
  FormatError,
  type Origin,
  type Refusal,
  type SignatureFile,
  type StageContext,
  UndecidedError,
} from "../model/mod.ts";
import { UnusableAttestation } from "../provenance/attest/reuse.ts";
import { Ahead } from "./ahead.ts";
import {
  type Claim,
  type ClaimRecord,
  closeClaim,
  hasBytes,
  inboxPath,
  openClaim,
  sealedDirectory,
  sealedPath,
  takeBytes,
  update,
} from "./claim.ts";
import { keepEvidence } from "./evidence.ts";
import { ruleOfFailure } from "./failure.ts";
import { freeze } from "./freeze.ts";
import { clearHold } from "./held.ts";
import { appearanceOf, refuseUnopened } from "./incoming.ts";
import { processing, stageFinished, stageStarting, warning } from "./journal.ts";
import { judge, leavesOpen, type Observer, willExamine } from "./judge.ts";
import type { AuditData, Line, Vouched } from "./line.ts";
import { ManifestEntries, saveManifest } from "./manifest.ts";
import { sidecarName } from "./places.ts";
import { promote } from "./promote.ts";
import { type Ended, refuse, withoutPaths } from "./refuse.ts";
import { stageEntries } from "./report.ts";
import { signaturesBeside } from "./signatures.ts";
import { takeManifest } from "./sidecars.ts";
import { sizeOf, waitForSpace } from "./space.ts";
import { decide, Promotion, reasonOfError } from "./verdict.ts";

const MAX_SIDECAR_BYTES = 4096;

/** How an admission of one claim ended, or that it is waiting (for space, or for the next start) or was put back (it changed). */
export type Admission = Ended | Parked;

export interface Parked {
  readonly kind: "parked";
  readonly word: "waiting" | "requeued";
  readonly name: string;
}

/** Takes one dropped artifact out of incoming. From here on its bytes are in the claim, whatever happens. */
export async function claimFromIncoming(
  line: Line,
  name: string,
  shape: ClaimRecord["shape"],
): Promise<Claim> {
  const origin: Origin = { kind: "local" }; // Until its sidecar has been read: see withOrigin().
  const opened = openClaim(line.places.scanning, { name, shape, origin, borrowed: null, now: line.now() });
  line.step("claim:recorded");
  const claim = takeFromIncoming(line, opened);
  line.step("claim:renamed");
  await auditClaim(line, claim);
  return claim;
}

/** A mount point, a directory of somebody else: what cannot be moved stays where it is, and leaves no claim behind. */
function takeFromIncoming(line: Line, opened: Claim): Claim {
  try {
    return takeBytes(opened, join(line.places.incoming, opened.record.name));
  } catch (cause) {
    if (!hasBytes(opened)) closeClaim(opened);
    const why = systemCode(cause) ?? "failed";
    throw new UndecidedError("claim/unreadable", `claim/unreadable: it cannot be moved (${why})`, { cause });
  }
}

/** Takes a file that stays its owner's: it is copied, never moved. */
export async function claimBorrowed(line: Line, path: string, name: string, origin: Origin): Promise<Claim> {
  const stat = fs.lstatSync(path);
  const shape = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
  const opened = openClaim(line.places.scanning, { name, shape, origin, borrowed: path, now: line.now() });
  const claim = takeBytes(opened, path);
  await auditClaim(line, claim);
  return claim;
}

async function auditClaim(line: Line, claim: Claim): Promise<void> {
  await line.audit.append("claimed", {
    claim: claim.id,
    filename: claim.record.name,
    shape: claim.record.shape,
    state: "SCANNING",
  });
  line.step("claim:audited");
}

/** Runs one claim from the frozen copy to its end. Safe to run again after a crash. */
export async function admit(line: Line, claim: Claim): Promise<Admission> {
  line.say(processing(claim.record.name));
  const examined = await examineClaim(line, claim);
  // What was decided is carried out outside of any catch: a failure there leaves the recorded intent to be finished.
  return examined.kind === "examined"
    ? await carryOut(line, examined.claim, examined.examination)
    : await examined.instead();
}

type Examined =
  | { readonly kind: "examined"; readonly claim: Claim; readonly examination: Examination }
  | { readonly kind: "not-examined"; readonly instead: () => Promise<Admission> };

async function examineClaim(line: Line, taken: Claim): Promise<Examined> {
  let claim = taken;
  const { name } = claim.record;
  const { signal } = line.bench.context;
  const otherwise = (instead: () => Promise<Admission>): Examined => ({ kind: "not-examined", instead });
  const parked = otherwise(() => Promise.resolve({ kind: "parked", word: "waiting", name }));
  try {
    claim = withOrigin(line, claim);
    refuseUnopened(inboxPath(claim), name, line.policy.quarantine.maxArtifactBytes);
    fs.rmSync(sealedDirectory(claim), { recursive: true, force: true });
    fs.mkdirSync(sealedDirectory(claim), { mode: 0o750 });
    takeManifest(line, claim);
    if (!waitForSpace(line, claim)) return parked;
    const before = appearanceOf(inboxPath(claim)).fingerprint;
    const examination = await freezeAndExamine(line, claim);
    if (signal.aborted) return parked; // The next start goes on.
    if (await hasChanged(line, claim, before)) return otherwise(() => putBack(line, claim));
    if (signal.aborted) return parked;
    return { kind: "examined", claim, examination };
  } catch (error) {
    if (error instanceof AuditError) throw error; // A log that cannot be written stops the line.
    if (signal.aborted) return parked;
    if (await isUnfinished(line, claim, error)) return otherwise(() => putBack(line, claim));
    if (signal.aborted) return parked;
    return otherwise(() => refuse(line, claim, refusalOf(error), null)); // Never lost: refused or held.
  }
}

/** Whether it failed because its writer is not done; a file that is still empty, say. */
async function isUnfinished(line: Line, claim: Claim, error: unknown): Promise<boolean> {
  if (error instanceof UndecidedError) return error.rule === "claim/changed";
  if (!(error instanceof FormatError) || claim.record.shape !== "file") return false;
  return await hasChanged(line, claim, appearanceOf(inboxPath(claim)).fingerprint);
}

/** Whether somebody wrote to the dropped bytes since, or does so before they count as stable. */
async function hasChanged(line: Line, claim: Claim, before: string): Promise<boolean> {
  const look = () => appearanceOf(inboxPath(claim));
  if (look().fingerprint !== before) return true;
  if (claim.record.borrowed !== null) return false; // Whoever named it said that it is complete.
  await line.untilStable(look().modifiedMs);
  return look().fingerprint !== before;
}

/** The examiner starts while the bytes are copied, and reads the copy while it is hashed here. */
async function freezeAndExamine(line: Line, claim: Claim): Promise<Examination> {
  const sealed = sealedPath(claim);
  if (claim.record.shape === "directory") fs.mkdirSync(sealed, { mode: 0o750 });
  else makeEmpty(sealed);
  const { startExaminer } = line;
  const ahead = new Ahead(
    startExaminer !== null && canBeginEarly(line, claim) ? () => startExaminer(sealed) : null,
  );
  if (isLongToCopy(claim)) ahead.start();
  const done = new AbortController();
  const { progress } = line.bench.context;
  const signal = AbortSignal.any([line.bench.context.signal, done.signal]);
  let digest: Promise<unknown> = Promise.resolve();
  try {
    const options = { reflink: line.reflink, signal, progress, lasting: "scratch" } as const;
    const frozen = await freeze(inboxPath(claim), sealed, options);
    line.step("freeze:copied");
    digest = frozen.digest.catch(() => {}); // Reported by whichever stage asks for it.
    return await examineFrozen(line, claim, artifactOf(line, claim, frozen.digest), ahead);
  } finally {
    done.abort();
    await ahead.end();
    await digest;
  }
}

/** What is copied in no time waits for the first stage: many small drops may come at once, and be refused by it. */
function isLongToCopy(claim: Claim): boolean {
  const { size } = fs.lstatSync(inboxPath(claim));
  return claim.record.shape === "directory" || size >= LONG_TO_COPY_BYTES;
}
const LONG_TO_COPY_BYTES = 16 * 1024 * 1024;

/** Not where a peer's word about the digest may spare the examination, or a stage is not asked at all. */
function canBeginEarly({ policy }: Line, { record: { name, shape } }: Claim): boolean {
  const { format_gate, static_scan } = policy.quarantine.stages;
  return policy.trustAttestations.length === 0 && format_gate && static_scan &&
    (shape === "directory" || formatClaimedByFile(name) !== "unknown");
}

async function examineFrozen(
  line: Line,
  claim: Claim,
  artifact: Artifact,
  ahead: Ahead,
): Promise<Examination> {
  const manifest = new ManifestEntries();
  const vouched = line.policy.trustAttestations.length === 0
    ? null
    : vouchedFor(line, claim, await artifact.digest);
  const { record } = manifest;
  const context: StageContext = {
    ...line.bench.context,
    record,
    ahead: (stage) => ahead.said(stage, artifact, record),
  };
  const bench = { ...line.bench, context, attested: vouched?.attested ?? null };
  const begin = () => ahead.begin(artifact, context);
  const examination = await judge(artifact, bench, auditing(line, claim, begin));
  if (line.policy.ggufGuard.generateManifest) {
    if (vouched?.attested.stages.includes("static_scan")) saveManifest(claim, vouched.manifest);
    else manifest.save(claim);
  }
  if (!context.signal.aborted) await keepEvidence(line, claim, examination);
  return examination;
}

/** A peer's word that cannot be relied on is said to be so, and then everything is examined here. */
function vouchedFor(line: Line, claim: Claim, digest: ArtifactDigest): Vouched | null {
  const { name, borrowed } = claim.record;
  try {
    return line.vouched(borrowed ?? join(line.places.incoming, `.${name}`), digest);
  } catch (error) {
    if (!(error instanceof UnusableAttestation)) throw error;
    line.say(warning(`the attestation of ${name} is not used: ${error.message}`));
    return null;
  }
}

async function carryOut(line: Line, claim: Claim, examination: Examination): Promise<Ended> {
  const decision = decide(examination);
  if (decision instanceof Promotion) return await promote(line, claim, decision);
  if (decision.word !== "error") clearHold(line.places.held, claim.record.name);
  return await refuse(line, claim, decision, examination);
}

function refusalOf(error: unknown): Refusal {
  const reason = withoutPaths(reasonOfError(error));
  if (!(error instanceof FormatError)) {
    return { word: "error", stage: null, rule: ruleOfFailure(error), reason };
  }
  if (error.rule === "integrity/manifest-unreadable") {
    return { word: "failed", stage: "integrity_check", rule: error.rule, reason };
  }
  const stage = error.rule === "claim/sidecar" ? "source_policy" : "format_gate";
  return { word: "rejected", stage, rule: error.rule, reason };
}

/** Somebody kept writing: the artifact goes back to incoming and is looked at again when it has settled. */
async function putBack(line: Line, claim: Claim): Promise<Admission> {
  const { name, borrowed } = claim.record;
  line.say(warning(`${name} changed while it was examined; it is queued again`));
  await line.audit.append("requeued", { claim: claim.id, filename: name });
  const target = join(line.places.incoming, name);
  if (borrowed === null) {
    if (unlessMissing(() => fs.lstatSync(target)) !== null) {
      const reason = "it changed while it was examined, and incoming has a newer file of that name";
      return await refuse(line, claim, { word: "error", stage: null, rule: "claim/changed", reason }, null);
    }
    fs.renameSync(inboxPath(claim), target);
  }
  line.step("requeue:moved");
  closeClaim(claim);
  return { kind: "parked", word: "requeued", name };
}

function artifactOf(line: Line, claim: Claim, digest: Promise<ArtifactDigest>): Artifact {
  const { name, shape, origin } = claim.record;
  const directory = shape === "directory";
  const path = sealedPath(claim);
  return {
    name,
    signatures: signaturesOf(line, claim),
    path,
    shape: directory ? "directory" : "file",
    format: directory ? formatClaimedByDirectory(fs.readdirSync(path)) : formatClaimedByFile(name),
    sizeBytes: sizeOf(path),
    origin,
    digest,
    digestFrom: "coordinator",
  };
}

/** Signatures beside the caller's own file, or hidden beside the drop; with refused bytes they came back with. */
function signaturesOf({ places }: Line, { record: { name, borrowed } }: Claim): readonly SignatureFile[] {
  if (borrowed !== null) return signaturesBeside(borrowed);
  const hidden = (folder: string) => signaturesBeside(join(folder, `.${name}`));
  const dropped = hidden(places.incoming);
  return dropped.length > 0 ? dropped : hidden(places.rejected);
}

/** The claim with the origin its sidecar names, so that every report says where it came from. */
function withOrigin(line: Line, claim: Claim): Claim {
  if (claim.record.borrowed !== null) return claim;
  const origin = readOrigin(line, claim.record.name);
  return origin.kind === "local" ? claim : update(claim, { origin });
}

/**
 * The origin in the `.NAME.source` sidecar; none means a local import. A name that was refused before keeps the
 * origin it had then, so moving refused bytes back does not turn them into a local import.
 */
export function readOrigin(line: Line, name: string): Origin {
  const read = (folder: string) => unlessMissing(() => readSidecar(join(folder, sidecarName(name))));
  const url = read(line.places.incoming) ?? read(line.places.rejected);
  return url === null ? { kind: "local" } : { kind: "remote", url };
}

function readSidecar(path: string): string {
  const malformed = (why: string) => new FormatError("claim/sidecar", `the .source sidecar is not ${why}`);
  const stat = fs.lstatSync(path);
  if (!stat.isFile() || stat.size > MAX_SIDECAR_BYTES) {
    throw malformed(`a file of at most ${MAX_SIDECAR_BYTES} bytes`);
  }
  const source = new FileSource(path);
  try {
    const bytes = new Uint8Array(MAX_SIDECAR_BYTES);
    const size = source.read(0, bytes);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, size));
    const url = text.replace(/\r?\n$/, "");
    if (url === "" || !isPlainName(url)) throw malformed("one line");
    return url;
  } finally {
    source.close();
  }
}

/** Audits every stage before the next begins, and tells the journal. `begin`: told once the origin is one we allow. */
function auditing(line: Line, claim: Claim, begin: () => void): Observer {
  return {
    starting(stage, artifact) {
      line.step(`stage:${stage.id}:starting`);
      if (!line.policy.quarantine.stages[stage.id]) {
        line.say(warning(`stage ${stage.id} is disabled by policy`));
      } else if (willExamine(stage, artifact, line.bench)) line.say(stageStarting(stage, artifact));
    },
    async finished(record, stage, artifact) {
      if (stage.id === "source_policy" && leavesOpen(record.outcome)) begin();
      const [entry] = stageEntries([record]);
      const data: AuditData = {
        claim: claim.id,
        filename: claim.record.name,
        sha256: (await artifact.digest).sha256,
        stage: stage.id,
        outcome: entry?.outcome ?? "ERROR",
        summary: withoutPaths(entry?.summary ?? ""),
        rules: (entry?.findings ?? []).map((f) => f.rule),
      };
      await line.audit.append("stage", data);
      line.step(`stage:${stage.id}:audited`);
      line.say(stageFinished(record, stage));
    },
  };
}
