import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { dirname, extname, join } from "node:path";
import { publish, syncDirectory, systemCode, unlessMissing } from "../files/mod.ts";
import { type Json, UndecidedError } from "../model/mod.ts";
import { completeRecord } from "../provenance/record.ts";
import { reportIfTampered } from "./boundary.ts";
import { type Claim, sealedPath, update } from "./claim.ts";
import { digestInPlace, freeze } from "./freeze.ts";
import type { PromotionIntent } from "./intent.ts";
import type { Line, PromoteReply } from "./line.ts";
import { removeRecords, writeRecords } from "./records.ts";
import { seal, sealOf } from "./verity.ts";

/** What the registry made of bytes that were put where it takes them from. */
export type Registration =
  | { readonly claim: Claim; readonly reply: { readonly outcome: "promoted" }; readonly record: string }
  | { readonly claim: Claim; readonly reply: NotPromoted; readonly record: null }
  /** The bytes could not be put there, so the registry was not asked. */
  | { readonly unplaced: unknown };

type NotPromoted = Exclude<PromoteReply, { outcome: "promoted" }>;

/** Puts bytes and records into the registry directory, then has them registered; takes back what was refused. */
export async function registerInPlace(
  line: Line,
  claim: Claim,
  intent: PromotionIntent,
): Promise<Registration> {
  let current: Claim;
  try {
    current = await publishBlob(line, claim, intent);
  } catch (unplaced) {
    return { unplaced };
  }
  line.step("promote:blob-published");
  const { name } = claim.record;
  const integrity = await sealOf(line.verity, join(line.places.registry, name));
  const record = writeRecords(line, claim, intent, recordOf(line, intent, integrity));
  line.step("promote:provenance-written");
  const reply = await line.registry.promote(intent.request, null);
  line.step("promote:registry-replied");
  if (reply.outcome === "promoted") return { claim: current, reply, record };
  if (reply.outcome !== "unknown" && publishedOf(current) === "ours") {
    fs.rmSync(join(line.places.registry, name), { recursive: true, force: true });
    removeRecords(line, name);
  }
  line.step("promote:blob-withdrawn");
  return { claim: current, reply, record: null };
}

/** No seal can be put on the copy that a registry makes for itself. */
const UNSEALED = { fsverity_enabled: false, fsverity_digest: null };

/**
 * Stages bytes for the registry to copy and has them registered. The staged copy goes in every case: a registry that
 * has not read all of it by then registers nothing. Records follow the registration, since another model may have
 * the name and records of its own.
 */
export async function registerStaged(
  line: Line,
  claim: Claim,
  intent: PromotionIntent,
  staging: string,
): Promise<Registration> {
  const stagedAs = stagedName(claim);
  const staged = join(staging, stagedAs);
  let reply: PromoteReply;
  try {
    const failure = await stage(line, claim, intent, staged);
    if (failure !== null) return { unplaced: failure };
    line.step("promote:blob-published");
    reply = await line.registry.promote(intent.request, stagedAs);
    line.step("promote:registry-replied");
  } finally {
    fs.rmSync(staged, { recursive: true, force: true });
  }
  if (reply.outcome !== "promoted") return { claim, reply, record: null };
  const record = writeRecords(line, claim, intent, recordOf(line, intent, UNSEALED));
  line.step("promote:provenance-written");
  return { claim, reply, record };
}

/** `null`, or why there is no staged copy. */
async function stage(
  line: Line,
  claim: Claim,
  intent: PromotionIntent,
  staged: string,
): Promise<unknown> {
  try {
    fs.rmSync(staged, { recursive: true, force: true }); // Of a run before, cut off while it copied.
    await copyChecked(line, claim, intent, staged);
    makeReadOnly(staged);
    syncDirectory(dirname(staged));
    return null;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === null) return cause;
    return new UndecidedError("registry/staging", `Cannot copy into the staging directory: ${code}`, {
      cause,
    });
  }
}

/** A name that tells the registry the format and nobody anything else. */
function stagedName({ id, record }: Claim): string {
  return record.shape === "directory" ? id : id + extname(record.name);
}

function recordOf(line: Line, intent: PromotionIntent, integrity: Json): string {
  const late = { integrity, signed_by: line.signer?.keyId ?? null };
  return completeRecord(
    intent.provenance,
    intent.decision === null ? late : { ...late, policy_decision: intent.decision },
  );
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
      await reportIfTampered(line, claim, there.sha256);
      const message = `another model is registered as ${claim.record.name} (sha256=${there.sha256})`;
      throw new UndecidedError("registry/conflict", message);
    }
    const published = publishedOf(claim) ?? "there-before";
    return update(claim, { intent: { ...intent, published } });
  }
  const marked = update(claim, { intent: { ...intent, published: "ours" } });
  const temporary = join(line.places.registry, `.aiq-${claim.id}-${randomBytes(4).toString("hex")}.part`);
  try {
    await copyChecked(line, claim, intent, temporary);
    await seal(line.verity, temporary);
    makeReadOnly(temporary);
    publishArtifact(temporary, target);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return marked;
}

/** A durable copy of the frozen bytes that hashes to what was examined. */
async function copyChecked(line: Line, claim: Claim, intent: PromotionIntent, target: string): Promise<void> {
  const copy = await freeze(sealedPath(claim), target, { reflink: line.reflink, lasting: "durable" });
  const digest = await copy.digest;
  line.step("promote:blob-staged");
  if (digest.sha256 !== intent.sha256) {
    throw new UndecidedError(
      "line/digest-disagrees",
      `the copy of ${claim.record.name} hashes to ${digest.sha256}`,
    );
  }
  line.hashed(target, digest);
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
