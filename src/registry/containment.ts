import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { clipBytes, unlessMissing, writeDurably } from "../files/mod.ts";
import { move } from "./artifact_bytes.ts";
import type { RegistryEntry } from "./wire.ts";

/** What is written down about a model that was taken out of use, beside its bytes. */
const containmentRecordSchema = z.object({
  schema: z.literal(1),
  incident_id: z.string(),
  name: z.string(),
  filename: z.string(),
  sha256: z.string(),
  contained_as: z.string(),
  contained_at: z.string(),
});
export type ContainmentRecord = z.infer<typeof containmentRecordSchema>;

const RECORD_NAME = /^incident-[0-9a-f]{12}\.json$/;

/** Writes the record; the same containment again replaces it. */
export function recordContainment(
  directory: string,
  entry: RegistryEntry,
  { incidentId, containedAs, at }: {
    readonly incidentId: string;
    readonly containedAs: string;
    readonly at: Date;
  },
): void {
  const record: ContainmentRecord = {
    schema: 1,
    incident_id: incidentId,
    name: entry.name,
    filename: entry.filename,
    sha256: entry.sha256,
    contained_as: containedAs,
    contained_at: at.toISOString(),
  };
  const id = createHash("sha256").update(containedAs).digest("hex").slice(0, 12);
  writeDurably(join(directory, `incident-${id}.json`), JSON.stringify(record, null, 2) + "\n");
}

/** Takes along what stands beside the model: without it, these files would speak for whatever comes next. */
export async function moveRecords(
  from: string,
  suffixes: readonly string[],
  directory: string,
  containedAs: string,
): Promise<void> {
  for (const suffix of suffixes) {
    if (unlessMissing(() => fs.lstatSync(from + suffix)) === null) continue;
    await move(from + suffix, join(directory, clipBytes(containedAs, 255 - suffix.length) + suffix));
  }
}

/** Every containment that was recorded, by file name. A record that cannot be read counts as none. */
export function readContainments(directory: string): ContainmentRecord[] {
  const names = (unlessMissing(() => fs.readdirSync(directory)) ?? []).filter((name) =>
    RECORD_NAME.test(name)
  ).sort();
  return names.flatMap((name) => {
    const record = parseRecord(fs.readFileSync(join(directory, name), "utf8"));
    return record === null ? [] : [record];
  });
}

function parseRecord(text: string): ContainmentRecord | null {
  try {
    return containmentRecordSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
