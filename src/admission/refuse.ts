import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { type Examination, isRuleId, type Refusal, type RuleId, stateAfter } from "../model/mod.ts";
import { type Claim, closeClaim, inboxPath, update } from "./claim.ts";
import { reportChangedUnderSeal } from "./boundary.ts";
import type { RefusalIntent } from "./intent.ts";
import { heldLine, refusedLine } from "./journal.ts";
import type { AuditData, Line } from "./line.ts";
import { LAYOUT_SUFFIX } from "../provenance/files.ts";
import { rejectionReport } from "./report.ts";
import { holdAgain, isRetryable } from "./held.ts";
import { putBytes, putReport } from "./shelf.ts";
import { sidecarNames } from "./sidecars.ts";

/** How an admission ended, for exit codes and terminals. */
export interface Ended {
  readonly kind: "ended";
  readonly name: string;
  readonly word: "passed" | "rejected" | "failed" | "error";
  readonly examination: Examination | null;
  readonly refusal: Refusal | null;
  /** Where the record or the report lies. */
  readonly written: string | null;
}

/** Refuses or holds a claim: records the intent, then does it. */
export async function refuse(
  line: Line,
  claim: Claim,
  refusal: Refusal,
  examination: Examination | null,
): Promise<Ended> {
  const intent = intentOf(line, claim, refusal, examination);
  if (refusal.rule === "line/digest-disagrees") await reportChangedUnderSeal(line, claim, refusal.reason);
  const decided = update(claim, { state: "refusing", intent });
  line.step("refuse:intent-recorded");
  await line.audit.append("decided", {
    claim: claim.id,
    filename: claim.record.name,
    verdict: refusal.word,
    state: stateAfter(refusal.word),
  });
  line.step("refuse:intent-audited");
  const written = await finishRefusal(line, decided, intent, "first");
  return { kind: "ended", name: claim.record.name, word: refusal.word, examination, refusal, written };
}

function intentOf(
  line: Line,
  claim: Claim,
  refusal: Refusal,
  examination: Examination | null,
): RefusalIntent {
  const { origin, name } = claim.record;
  const digest = examination?.digest ?? null;
  const subject = {
    name,
    source: origin.kind === "remote" ? origin.url : "local-import",
    sha256: digest?.sha256 ?? null,
    sizeBytes: digest?.sizeBytes ?? null,
  };
  const report = rejectionReport(subject, refusal, examination, line.policy, line.now());
  const kept = line.policy.quarantine.retainRawArtifacts ? "reject" : "delete";
  return {
    kind: "refuse",
    word: refusal.word,
    stage: refusal.stage,
    rule: refusal.rule,
    bytes: refusal.word === "error" ? "hold" : kept,
    report: report as Record<string, unknown>,
    sha256: subject.sha256,
    size_bytes: subject.sizeBytes,
    scanner_versions: { ...examination?.scanners },
  };
}

/** Does what the intent says; `resumed`: every step may have been done before. Returns the report's path. */
export async function finishRefusal(
  line: Line,
  claim: Claim,
  intent: RefusalIntent,
  attempt: "first" | "resumed",
): Promise<string> {
  const { name } = claim.record;
  const hold = intent.bytes === "hold";
  const shelf = hold ? line.places.held : line.places.rejected;
  const report = putReport(shelf, name, intent.report);
  line.step("refuse:report-written");
  disposeOfBytes(line, claim, intent, shelf);
  line.step("refuse:bytes-moved");
  const event = intent.bytes === "hold" ? "held" : "rejected";
  if (attempt === "first" || !await line.audit.has(event, claim.id)) {
    await auditRefusal(line, claim, intent, event);
  }
  line.step("refuse:audited");
  line.say(
    hold ? heldLine(name, intent.rule) : refusedLine(
      intent.word === "rejected" ? "REJECTED" : "FAILED",
      name,
      gateOf(intent),
      intent.rule,
    ),
  );
  if (!hold) shelveSidecars(line, claim);
  line.step("refuse:sidecar-moved");
  closeClaim(claim);
  line.step("refuse:closed");
  return report;
}

function disposeOfBytes(line: Line, claim: Claim, intent: RefusalIntent, shelf: string): void {
  if (claim.record.borrowed !== null) return; // The caller's own file: it stays where it is.
  switch (intent.bytes) {
    case "hold": {
      const rule: RuleId = isRuleId(intent.rule) ? intent.rule : "line/crashed";
      holdAgain(line.places.held, claim.record.name, { rule, automatic: isRetryable(rule), at: line.now() });
      putBytes(shelf, claim.record.name, inboxPath(claim));
      return;
    }
    case "reject":
      putBytes(shelf, claim.record.name, inboxPath(claim));
      return;
    case "delete":
      fs.rmSync(inboxPath(claim), { recursive: true, force: true });
  }
}

/** What stood against it: a stage, or the policy engine's domain once all stages had passed. */
function gateOf({ stage, word }: RefusalIntent): string {
  return stage ?? (word === "failed" ? "model_promotion" : "format_gate");
}

async function auditRefusal(
  line: Line,
  claim: Claim,
  intent: RefusalIntent,
  event: "held" | "rejected",
): Promise<void> {
  const stage = gateOf(intent);
  const reason = withoutPaths(String(intent.report.reason));
  const data: AuditData = {
    claim: claim.id,
    filename: claim.record.name,
    reason: stage,
    rule: intent.rule,
    passed: false,
    severity: "CRITICAL",
    sha256: intent.sha256 ?? "",
    size_bytes: intent.size_bytes ?? 0,
    scanner_versions: intent.scanner_versions,
    details: { [stage]: { scanner: intent.rule, reason } },
  };
  await line.audit.append(event, data);
}

/** Reports a file whose name cannot be reached at all; it stays where it is. */
export async function reportUnreachable(line: Line, name: string): Promise<void> {
  const rule = "name/not-utf8";
  const refusal: Refusal = { word: "rejected", stage: "format_gate", rule, reason: "the name is not UTF-8" };
  const subject = { name, source: "local-import", sha256: null, sizeBytes: null };
  putReport(line.places.rejected, name, rejectionReport(subject, refusal, null, line.policy, line.now()));
  await line.audit.append("rejected", {
    filename: name,
    reason: "format_gate",
    rule,
    passed: false,
    severity: "CRITICAL",
  });
  line.say(refusedLine("REJECTED", name, "format_gate", rule));
}

/** The audit log holds no path of this machine: only the last name of each is kept. URLs stay as they are. */
export function withoutPaths(text: string): string {
  return text.replace(/(?<![\w:/.])\/(?:[^\s"'/]+\/)+/g, "");
}

/**
 * The sidecars stay with the refused bytes, so that moving them back to incoming does not turn them into an unsigned
 * local import of whatever files. They are moved, never read here: what stands under their names may be a link or a
 * pipe.
 */
function shelveSidecars(line: Line, claim: Claim): void {
  if (claim.record.borrowed !== null) return; // Whatever lies in incoming belongs to another artifact.
  for (const name of sidecarNames(claim.record.name)) {
    const sidecar = join(line.places.incoming, name);
    const stat = unlessMissing(() => fs.lstatSync(sidecar));
    if (stat === null) continue;
    const isKept = stat.isFile() || (stat.isDirectory() && name.endsWith(LAYOUT_SUFFIX));
    if (line.policy.quarantine.retainRawArtifacts && isKept) {
      fs.rmSync(join(line.places.rejected, name), { recursive: true, force: true });
      fs.renameSync(sidecar, join(line.places.rejected, name));
    } else fs.rmSync(sidecar, { recursive: true, force: true });
  }
}
