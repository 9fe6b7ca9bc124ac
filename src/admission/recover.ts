import fs from "node:fs";
import { join } from "node:path";
import { type Claim, closeClaim, hasBytes, listClaims, update } from "./claim.ts";
import { type Admission, admit } from "./admit.ts";
import { intentSchema } from "./intent.ts";
import { warning } from "./journal.ts";
import type { Line } from "./line.ts";
import { finishPromotion } from "./promote.ts";
import { finishRefusal } from "./refuse.ts";

/**
 * Finishes, at start-up, whatever a crash or a power cut left in scanning/: what was decided is carried out as it
 * was recorded, everything else is examined again from the dropped bytes.
 */
export async function* recover(line: Line): AsyncGenerator<Admission> {
  removeLeftovers(line.places.registry);
  for (const claim of listClaims(line.places.scanning)) {
    const ended = await finish(line, claim);
    if (ended !== null) yield ended;
  }
}

/** Examines again what waits in scanning/ for space on the disk. */
export async function* resumeWaiting(line: Line): AsyncGenerator<Admission> {
  for (const claim of listClaims(line.places.scanning)) {
    if (claim.record.state === "claimed") yield await admit(line, claim);
  }
}

async function finish(line: Line, claim: Claim): Promise<Admission | null> {
  switch (claim.record.state) {
    case "claiming":
      if (!hasBytes(claim) || claim.record.borrowed !== null) {
        closeClaim(claim); // Nothing was moved yet: the bytes are still where they were dropped.
        return null;
      }
      return await examineAgain(line, update(claim, { state: "claimed" }));
    case "claimed":
      return await examineAgain(line, claim);
    case "promoting":
    case "refusing":
      return await carryOutIntent(line, claim);
    case "done":
      closeClaim(claim);
      return null;
  }
}

async function examineAgain(line: Line, claim: Claim): Promise<Admission | null> {
  if (!hasBytes(claim)) {
    closeClaim(claim); // Put back into incoming just before the crash.
    return null;
  }
  await line.audit.append("recovered", {
    claim: claim.id,
    filename: claim.record.name,
    from: claim.record.state,
  });
  return await admit(line, claim);
}

async function carryOutIntent(line: Line, claim: Claim): Promise<Admission> {
  const { name } = claim.record;
  line.say(warning(`finishing ${name}, whose verdict was recorded before a restart`));
  const intent = intentSchema.parse(claim.record.intent);
  if (intent.kind === "promote") return await finishPromotion(line, claim, intent, null);
  const written = await finishRefusal(line, claim, intent);
  return { kind: "ended", name, word: intent.word, examination: null, refusal: null, written };
}

/** Copies that were being made for the registry directory when the machine stopped. */
function removeLeftovers(registry: string): void {
  for (const name of fs.readdirSync(registry)) {
    if (/^\.aiq-.*\.(part|tmp)$/.test(name)) {
      fs.rmSync(join(registry, name), { recursive: true, force: true });
    }
  }
}
