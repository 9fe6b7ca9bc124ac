import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { publish, syncDirectory, systemCode, unlessMissing } from "../files/mod.ts";
import { parseSha256, registryName, type RuleId, stateAfter, UndecidedError } from "../model/mod.ts";
import { admissionStatement } from "../provenance/attest/statement.ts";
import { billOfMaterials } from "../provenance/bill_of_materials.ts";
import { completeRecord, provenanceRecord, revisionOf, scanSummary } from "../provenance/record.ts";
import { ruleOfFailure } from "./failure.ts";
import { type Claim, closeClaim, sealedPath, update } from "./claim.ts";
import { digestInPlace, freeze } from "./freeze.ts";
import { clearHold } from "./held.ts";
import type { PromotionIntent } from "./intent.ts";
import { promoted, promoting } from "./journal.ts";
import type { Line, PromoteReply } from "./line.ts";
import { summaryOfWeights } from "./manifest.ts";
import { removeRecords, writeRecords } from "./records.ts";
import { type Ended, refuse, withoutPaths } from "./refuse.ts";
import { sidecarNames } from "./sidecars.ts";
import { type Promotion, reasonOfError } from "./verdict.ts";
import { seal, sealOf } from "./verity.ts";

/** Promotes a claim that passed: records the intent, then does it. */
export async function promote(line: Line, claim: Claim, promotion: Promotion): Promise<Ended> {
  line.say(promoting(claim.record.name));
  const intent = intentOf(line, claim, promotion);
  const decided = update(claim, { state: "promoting", intent });
  line.step("promote:intent-recorded");
  await line.audit.append("decided", {
    claim: claim.id,
    filename: claim.record.name,
    verdict: "passed",
    state: stateAfter("passed"),
  });
  line.step("promote:intent-audited");
  return await finishPromotion(line, decided, intent, promotion);
}

function intentOf(line: Line, claim: Claim, { examination, digest }: Promotion): PromotionIntent {
  const { artifact } = examination;
  const source = artifact.origin.kind === "remote" ? artifact.origin.url : "";
  const facts = { at: line.now(), hostname: line.hostname, ...summaryOfWeights(claim) };
  const record = provenanceRecord(examination, digest, line.policy, facts);
  return {
    kind: "promote",
    sha256: digest.sha256,
    size_bytes: digest.sizeBytes,
    provenance: JSON.stringify(record, null, 2) + "\n",
    statement: JSON.stringify(admissionStatement(examination, digest, line.policy, facts)),
    bill: JSON.stringify(billOfMaterials(examination, digest, facts), null, 2) + "\n",
    request: {
      name: registryName(artifact.name),
      filename: artifact.name,
      sha256: digest.sha256,
      size_bytes: digest.sizeBytes,
      source,
      source_revision: revisionOf(examination) ?? "",
      policy_version: line.policy.sha256,
      scan_results: scanSummary(examination),
      scanner_versions: { ...examination.scanners },
    },
    pin: artifact.origin.kind === "local",
    published: null,
  };
}

/** Does what the intent says; every step may have been done before a crash. */
export async function finishPromotion(
  line: Line,
  claim: Claim,
  intent: PromotionIntent,
  promotion: Promotion | null,
): Promise<Ended> {
  const { name } = claim.record;
  const examination = promotion?.examination ?? null;
  let current: Claim;
  try {
    current = await publishBlob(line, claim, intent);
  } catch (error) {
    return await hold(line, claim, promotion, ruleOfFailure(error), withoutPaths(reasonOfError(error)));
  }
  line.step("promote:blob-published");
  const integrity = await sealOf(line.verity, join(line.places.registry, name));
  const late = { integrity, signed_by: line.signer?.keyId ?? null };
  const record = writeRecords(line, claim, intent, completeRecord(intent.provenance, late));
  line.step("promote:provenance-written");
  const reply = await line.registry.promote(intent.request);
  line.step("promote:registry-replied");
  if (reply.outcome !== "promoted") return await notRegistered(line, current, promotion, reply);
  if (intent.pin) {
    line.pins.record({
      filename: name,
      sha256: parseSha256(intent.sha256),
      sizeBytes: intent.size_bytes,
      at: line.now(),
    });
  }
  line.step("promote:pinned");
  if (promotion !== null || !await line.audit.has("promoted", claim.id)) {
    await line.audit.append("promoted", {
      claim: claim.id,
      filename: name,
      sha256: intent.sha256,
      size_bytes: intent.size_bytes,
      passed: true,
      policy_version: intent.request.policy_version,
      scan_summary: intent.request.scan_results,
      scanner_versions: intent.request.scanner_versions,
      signed_by: line.signer?.keyId ?? "",
    });
  }
  line.step("promote:audited");
  line.say(
    promoted(intent.request.name, name, {
      sha256: parseSha256(intent.sha256),
      sizeBytes: intent.size_bytes,
      files: [],
    }),
  );
  for (const sidecar of sidecarNames(name)) {
    fs.rmSync(join(line.places.incoming, sidecar), { recursive: true, force: true });
    fs.rmSync(join(line.places.rejected, sidecar), { recursive: true, force: true });
  }
  clearHold(line.places.held, name);
  line.step("promote:sidecar-removed");
  closeClaim(current);
  line.step("promote:closed");
  return { kind: "ended", name, word: "passed", examination, refusal: null, written: record };
}

/**
 * Puts the examined bytes into the registry directory under their name: copied to a hidden name, hashed again,
 * made durable and read-only, then published without replacing anything.
 */
async function publishBlob(line: Line, claim: Claim, intent: PromotionIntent): Promise<Claim> {
  const target = join(line.places.registry, claim.record.name);
  if (unlessMissing(() => fs.lstatSync(target)) !== null) {
    const there = await digestInPlace(target, {});
    if (there.sha256 !== intent.sha256) {
      const message = `another model is registered as ${claim.record.name} (sha256=${there.sha256})`;
      throw new UndecidedError("registry/conflict", message);
    }
    const published = publishedOf(claim) ?? "there-before";
    return update(claim, { intent: { ...intent, published } });
  }
  const marked = update(claim, { intent: { ...intent, published: "ours" } });
  const temporary = join(line.places.registry, `.aiq-${claim.id}-${randomBytes(4).toString("hex")}.part`);
  try {
    const copy = await freeze(sealedPath(claim), temporary, line.reflink, { lasting: "durable" });
    line.step("promote:blob-staged");
    if (copy.digest.sha256 !== intent.sha256) {
      throw new UndecidedError(
        "line/digest-disagrees",
        `the copy of ${claim.record.name} hashes to ${copy.digest.sha256}`,
      );
    }
    await seal(line.verity, temporary);
    makeReadOnly(temporary);
    publishArtifact(temporary, target);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return marked;
}

function publishedOf(claim: Claim): "ours" | "there-before" | null {
  const intent = claim.record.intent;
  if (typeof intent !== "object" || intent === null || !("published" in intent)) return null;
  return intent.published === "ours" || intent.published === "there-before" ? intent.published : null;
}

function publishArtifact(temporary: string, target: string): void {
  try {
    if (fs.lstatSync(temporary).isDirectory()) fs.renameSync(temporary, target); // Fails on a directory with entries.
    else publish(temporary, target);
    syncDirectory(join(target, ".."));
  } catch (cause) {
    const taken = ["EEXIST", "ENOTEMPTY", "ENOTDIR"].includes(systemCode(cause) ?? "");
    if (!taken) throw cause;
    throw new UndecidedError("registry/conflict", `something else appeared under the name of the model`, {
      cause,
    });
  }
}

function makeReadOnly(path: string): void {
  if (!fs.lstatSync(path).isDirectory()) return fs.chmodSync(path, 0o444);
  for (const name of fs.readdirSync(path)) makeReadOnly(join(path, name));
  fs.chmodSync(path, 0o755);
}

async function notRegistered(
  line: Line,
  claim: Claim,
  promotion: Promotion | null,
  reply: Exclude<PromoteReply, { outcome: "promoted" }>,
): Promise<Ended> {
  const ours = publishedOf(claim) === "ours";
  if (reply.outcome !== "unknown" && ours) {
    fs.rmSync(join(line.places.registry, claim.record.name), { recursive: true, force: true });
    removeRecords(line, claim.record.name);
  }
  line.step("promote:blob-withdrawn");
  if (reply.outcome === "unknown") {
    await line.audit.append("promotion_partial", {
      claim: claim.id,
      filename: claim.record.name,
      rule: reply.rule,
    });
  }
  return await hold(line, claim, promotion, reply.rule, reply.message);
}

async function hold(
  line: Line,
  claim: Claim,
  promotion: Promotion | null,
  rule: RuleId,
  reason: string,
): Promise<Ended> {
  return await refuse(
    line,
    claim,
    { word: "error", stage: null, rule, reason },
    promotion?.examination ?? null,
  );
}
