import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { type Claim, closeClaim, hasBytes, listClaims, sealedPath, update } from "./claim.ts";
import { type Admission, admit } from "./admit.ts";
import { digestInPlace } from "./freeze.ts";
import { intentSchema, type PromotionIntent } from "./intent.ts";
import { warning } from "./journal.ts";
import type { Line } from "./line.ts";
import { finishPromotion } from "./promote.ts";
import { finishRefusal } from "./refuse.ts";

/** Why claims are in scanning/: the program ended in the middle of them, or they wait for space on the disk. */
export type Pending = "after-restart" | "waiting";

/** Everything that is in scanning/; at start-up also removes copies that were being made when the machine stopped. */
export function pendingClaims(line: Line, why: Pending): Claim[] {
  if (why === "after-restart") removeLeftovers(line.places.registry);
  return listClaims(line.places.scanning);
}

/**
 * Finishes one claim: what was decided is carried out as it was recorded, everything else is examined again from
 * the dropped bytes. `null` when there was nothing left to do.
 */
export async function finishClaim(line: Line, claim: Claim, why: Pending): Promise<Admission | null> {
  switch (claim.record.state) {
    case "claiming":
      if (!hasBytes(claim) || claim.record.borrowed !== null) {
        closeClaim(claim); // Nothing was moved yet: the bytes are still where they were dropped.
        return null;
      }
      return await examineAgain(line, update(claim, { state: "claimed" }), why);
    case "claimed":
      return await examineAgain(line, claim, why);
    case "promoting":
    case "refusing":
      return await carryOutIntent(line, claim, why);
    case "done":
      closeClaim(claim);
      return null;
  }
}

async function examineAgain(line: Line, claim: Claim, why: Pending): Promise<Admission | null> {
  if (!hasBytes(claim)) {
    closeClaim(claim); // Put back into incoming just before the crash.
    return null;
  }
  if (why === "after-restart") await auditRecovery(line, claim);
  return await admit(line, claim);
}

async function auditRecovery(line: Line, claim: Claim): Promise<void> {
  await line.audit.append("recovered", {
    claim: claim.id,
    filename: claim.record.name,
    from: claim.record.state,
  });
}

async function carryOutIntent(line: Line, claim: Claim, why: Pending): Promise<Admission | null> {
  const { name } = claim.record;
  line.say(warning(`finishing ${name}, whose verdict was recorded before a restart`));
  const intent = intentSchema.parse(claim.record.intent);
  if (intent.kind === "promote") {
    if (await hasLostItsCopy(line, claim, intent)) {
      return await examineAgain(line, update(claim, { state: "claimed", intent: null }), why);
    }
    return await finishPromotion(line, claim, intent, null);
  }
  const written = await finishRefusal(line, claim, intent, "resumed");
  return { kind: "ended", name, word: intent.word, examination: null, refusal: null, written };
}

/** A frozen copy need not survive a power cut: the dropped bytes do, and what is registered does. */
async function hasLostItsCopy(line: Line, claim: Claim, intent: PromotionIntent): Promise<boolean> {
  const exists = (path: string) => unlessMissing(() => fs.lstatSync(path)) !== null;
  if (exists(join(line.places.registry, claim.record.name))) return false;
  const sealed = sealedPath(claim);
  return !exists(sealed) || (await digestInPlace(sealed, {})).sha256 !== intent.sha256;
}

/** Copies that were being made for the registry directory when the machine stopped. */
function removeLeftovers(registry: string): void {
  for (const name of fs.readdirSync(registry)) {
    if (/^\.aiq-.*\.part$/.test(name)) {
      fs.rmSync(join(registry, name), { recursive: true, force: true });
    }
  }
}
