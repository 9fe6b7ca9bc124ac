import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { unlessMissing } from "../files/mod.ts";
import { type BoundaryEvent, registryName } from "../model/mod.ts";
import { PROVENANCE_SUFFIX } from "../provenance/record.ts";
import type { Claim } from "./claim.ts";
import type { Line } from "./line.ts";

/**
 * Events that no refusal explains: bytes that only this program may write have changed. Each is recorded in the
 * audit log and reported to the machine's incident recorder.
 */

/** The sealed copy of an artifact is not what it was while it was examined: something reached it in its sandbox. */
export async function reportChangedUnderSeal(line: Line, claim: Claim, reason: string): Promise<void> {
  await report(line, claim, {
    class: "integrity_violation",
    severity: "critical",
    description: `the sealed copy of ${claim.record.name} changed while it was examined: ${reason}`,
    evidence: { filename: claim.record.name, claim: claim.id },
  });
}

const recordSchema = z.object({ artifact: z.object({ sha256: z.string() }) });

/** A model that lies in the registry directory and is not what its own record says was changed after its promotion. */
export async function reportIfTampered(line: Line, claim: Claim, actual: string): Promise<void> {
  const { name } = claim.record;
  const path = join(line.places.registry, name);
  const expected = recordedDigest(path + PROVENANCE_SUFFIX);
  if (expected === null || expected === actual) return;
  await report(line, claim, {
    class: "manifest_mismatch",
    severity: "high",
    description: `the promoted model ${name} was changed after its promotion`,
    evidence: {
      model_name: registryName(name),
      model_path: path,
      expected_hash: expected,
      actual_hash: actual,
    },
  });
}

function recordedDigest(path: string): string | null {
  const text = unlessMissing(() => fs.readFileSync(path, "utf8"));
  if (text === null) return null;
  try {
    return recordSchema.parse(JSON.parse(text)).artifact.sha256;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null; // No record to compare with.
    throw error;
  }
}

async function report(line: Line, claim: Claim, event: BoundaryEvent): Promise<void> {
  await line.audit.append("boundary", {
    claim: claim.id,
    filename: claim.record.name,
    class: event.class,
    severity: "CRITICAL",
  });
  line.incidents.report(event);
}
