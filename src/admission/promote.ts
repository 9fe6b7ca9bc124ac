import fs from "node:fs";
import { join } from "node:path";
import { parseSha256, registryName, type RuleId, stateAfter } from "../model/mod.ts";
import { admissionStatement } from "../provenance/attest/statement.ts";
import { billOfMaterials } from "../provenance/bill_of_materials.ts";
import { downloadManifestFacts, provenanceRecord, revisionOf, scanSummary } from "../provenance/record.ts";
import { ruleOfFailure } from "./failure.ts";
import { type Claim, closeClaim, update } from "./claim.ts";
import { clearHold } from "./held.ts";
import type { PromotionIntent } from "./intent.ts";
import { promoted, promoting } from "./journal.ts";
import type { Line, PromoteReply } from "./line.ts";
import { summaryOfWeights } from "./manifest.ts";
import { registerInPlace, registerStaged } from "./place.ts";
import { type Ended, refuse, withoutPaths } from "./refuse.ts";
import { sidecarNames } from "./sidecars.ts";
import { type Promotion, reasonOfError } from "./verdict.ts";

/** Promotes a claim that passed: records the intent, then does it. */
export async function promote(line: Line, claim: Claim, promotion: Promotion): Promise<Ended> {
  line.say(promoting(claim.record.name));
  const prepared = intentOf(line, claim, promotion);
  const { examination } = promotion;
  const permission = await line.engine.decide({
    request: prepared.request,
    format: examination.artifact.format,
  });
  if (permission.kind !== "allowed") {
    const word = permission.kind === "denied" ? "failed" : "error";
    const refusal = { word, stage: null, rule: permission.rule, reason: permission.message } as const;
    if (word === "failed") clearHold(line.places.held, claim.record.name);
    return await refuse(line, claim, refusal, examination);
  }
  const intent = { ...prepared, decision: permission.evidence === null ? null : { ...permission.evidence } };
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
  const manifest = downloadManifestFacts(examination);
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
      ...(manifest === null ? {} : { download_manifest: manifest }),
    },
    decision: null,
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
  const placement = await line.registry.placement();
  if ("outcome" in placement) return await hold(line, claim, promotion, placement.rule, placement.message);
  const registration = placement.kind === "registry"
    ? await registerInPlace(line, claim, intent)
    : await registerStaged(line, claim, intent, placement.directory);
  if ("unplaced" in registration) {
    const { unplaced } = registration;
    return await hold(line, claim, promotion, ruleOfFailure(unplaced), withoutPaths(reasonOfError(unplaced)));
  }
  const { claim: current, record } = registration;
  if (record === null) return await notRegistered(line, current, promotion, registration.reply);
  return await concludePromotion(line, current, intent, { promotion, record });
}

/** What is left once the registry has the model: the pin, the audit entry, the journal; then the claim goes. */
async function concludePromotion(
  line: Line,
  claim: Claim,
  intent: PromotionIntent,
  { promotion, record }: { readonly promotion: Promotion | null; readonly record: string },
): Promise<Ended> {
  const { name } = claim.record;
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
      ...(intent.decision === null ? {} : { policy_decision: intent.decision }),
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
  closeClaim(claim);
  line.step("promote:closed");
  const examination = promotion?.examination ?? null;
  return { kind: "ended", name, word: "passed", examination, refusal: null, written: record };
}

async function notRegistered(
  line: Line,
  claim: Claim,
  promotion: Promotion | null,
  reply: Exclude<PromoteReply, { outcome: "promoted" }>,
): Promise<Ended> {
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
