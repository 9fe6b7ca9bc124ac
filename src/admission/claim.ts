import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { unlessMissing, writeDurably } from "../files/mod.ts";
import { type Origin, StartupError } from "../model/mod.ts";

/**
 * One artifact taken out of incoming: a random directory below scanning/ that holds the dropped bytes (`inbox`),
 * their frozen private copy (`sealed`) and what has been decided so far (`claim.json`).
 */
export interface Claim {
  readonly id: string;
  readonly directory: string;
  readonly record: ClaimRecord;
}

const SCHEMA = 1;

const originSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("local") }),
  z.strictObject({ kind: z.literal("remote"), url: z.string() }),
]);

const recordSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  name: z.string(),
  shape: z.enum(["file", "directory", "other"]),
  origin: originSchema,
  claimed_at: z.string(),
  /** Where the dropped bytes lie when they are not ours to move (`admit PATH`), else null. */
  borrowed: z.string().nullable(),
  state: z.enum(["claiming", "claimed", "promoting", "refusing", "done"]),
  /** What was decided, whole: enough to finish after a crash without asking anything again. */
  intent: z.unknown().nullable(),
});

export type ClaimRecord = Readonly<z.infer<typeof recordSchema>>;

export const inboxPath = (claim: Claim): string => claim.record.borrowed ?? join(claim.directory, "inbox");
/** Holds the frozen copy under its own name, by whose extension scanners go, and nothing else anybody may read. */
export const sealedDirectory = (claim: Claim): string => join(claim.directory, "sealed");
export const sealedPath = (claim: Claim): string => join(sealedDirectory(claim), claim.record.name);
const recordPath = (directory: string): string => join(directory, "claim.json");

export interface ToClaim {
  readonly name: string;
  readonly shape: ClaimRecord["shape"];
  readonly origin: Origin;
  readonly borrowed: string | null;
  readonly now: Date;
}

/** Makes the directory of a new claim and records what is about to be moved into it. */
export function openClaim(scanning: string, about: ToClaim): Claim {
  const id = randomBytes(16).toString("hex");
  const directory = join(scanning, id);
  fs.mkdirSync(directory, { mode: 0o750 });
  const record: ClaimRecord = {
    schema: SCHEMA,
    name: about.name,
    shape: about.shape,
    origin: about.origin,
    claimed_at: about.now.toISOString(),
    borrowed: about.borrowed,
    state: "claiming",
    intent: null,
  };
  return update({ id, directory, record }, {});
}

/** Writes a claim's new state so that a crash leaves the old one or the new one. */
export function update(claim: Claim, change: Partial<ClaimRecord>): Claim {
  const record = { ...claim.record, ...change };
  writeDurably(recordPath(claim.directory), JSON.stringify(record, null, 2) + "\n", 0o600);
  return { ...claim, record };
}

/** Moves the dropped bytes into the claim. One rename on one filesystem: nobody can drop two things at once. */
export function takeBytes(claim: Claim, from: string): Claim {
  if (claim.record.borrowed === null) fs.renameSync(from, inboxPath(claim));
  return update(claim, { state: "claimed" });
}

export function closeClaim(claim: Claim): void {
  fs.rmSync(claim.directory, { recursive: true, force: true });
}

/** Every claim a run before left behind. Directories in which nothing was recorded yet hold no bytes and go. */
export function listClaims(scanning: string): Claim[] {
  return fs.readdirSync(scanning).filter((id) => /^[0-9a-f]{32}$/.test(id)).sort().flatMap((id) => {
    const directory = join(scanning, id);
    const text = unlessMissing(() => fs.readFileSync(recordPath(directory), "utf8"));
    if (text !== null) return [{ id, directory, record: readRecord(directory, text) }];
    fs.rmSync(directory, { recursive: true, force: true });
    return [];
  });
}

function readRecord(directory: string, text: string): ClaimRecord {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartupError(
      "state/newer-schema",
      `Cannot read the claim in ${directory}: written by another version of ai-quarantine? Nothing was changed.`,
      { cause },
    );
  }
}

/** Whether the claim's bytes were moved in before a crash. */
export function hasBytes(claim: Claim): boolean {
  return unlessMissing(() => fs.lstatSync(inboxPath(claim))) !== null;
}
