import { createHash } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Evidence, StartupError } from "../model/mod.ts";
import { type AnchorReading, readAnchor } from "./anchor.ts";
import { fileState, type LogFiles, makeDirectory, stampAfter, syncDirectory } from "./files.ts";
import { type Standing, standingOf } from "./standing.ts";
import { LogWriter, type WriterOptions } from "./writer.ts";

/** How much of an unfinished line is kept word for word. */
const MAX_KEPT_BYTES = 3 * 1024;

/** A writer that is ready, and what happened to the log that has to be recorded first. */
export interface Opening {
  readonly writer: LogWriter;
  readonly event: "audit-repaired" | "audit-moved" | "audit-reset" | null;
  readonly data: Evidence;
}

/** `onBroken` says whether a chain that does not hold stops the program or is set aside. */
export async function openLog(options: WriterOptions, onBroken: "refuse" | "set aside"): Promise<Opening> {
  await makeDirectory(options.files.directory);
  await makeDirectory(dirname(options.anchorPath));
  const reading = await readAnchor(options.anchorPath, options.seal);
  const standing = await standingOf(options.files, reading, options.seal);
  if (standing.kind === "sound") return await resume(options, standing);
  if (onBroken === "refuse") {
    throw new StartupError(
      "audit/unavailable",
      `Cannot continue the audit log ${options.files.log}: ${standing.why} Nothing was changed.`,
    );
  }
  return await reset(options, reading, standing.why);
}

async function resume(options: WriterOptions, standing: Standing & { kind: "sound" }): Promise<Opening> {
  const torn = standing.tornBytes === 0 ? null : await tornFacts(options.files.log, standing);
  const writer = await LogWriter.open(options, standing);
  if (torn !== null) return { writer, event: "audit-repaired", data: torn };
  if (standing.moved) return { writer, event: "audit-moved", data: { severity: "WARNING" } };
  await writer.writeAnchor();
  return { writer, event: null, data: {} };
}

/** An interrupted write never returned, so it recorded nothing; what it left is kept all the same. */
async function tornFacts(log: string, standing: Standing & { kind: "sound" }): Promise<Evidence> {
  const bytes = new Uint8Array(standing.tornBytes);
  const file = await open(log, "r");
  try {
    await file.read(bytes, 0, bytes.byteLength, standing.sizeBytes);
  } finally {
    await file.close();
  }
  return {
    severity: "WARNING",
    torn_bytes: bytes.byteLength,
    torn_sha256: createHash("sha256").update(bytes).digest("hex"),
    torn_base64: bytes.subarray(0, MAX_KEPT_BYTES).toBase64(),
  };
}

/**
 * Sets every file of the old chain aside, where it can still be verified under its own name. The anchor is
 * replaced only after the first entry of the new chain is written: until then a crash leaves a log that is
 * refused again.
 */
async function reset(options: WriterOptions, reading: AnchorReading, why: string): Promise<Opening> {
  const setAside = await setFilesAside(options);
  const writer = await LogWriter.open(options, { entries: 0, lastHash: "", sizeBytes: 0 });
  const known = reading.kind === "anchor"
    ? { previous_entries: reading.anchor.entries, previous_last_hash: reading.anchor.lastHash }
    : {};
  return {
    writer,
    event: "audit-reset",
    data: { severity: "CRITICAL", cause: why, set_aside: setAside, ...known },
  };
}

/** The name of the directory that holds the old files now; empty when there were none. */
async function setFilesAside({ files, now, step }: WriterOptions): Promise<string> {
  const old = (await files.archives()).map((archive) => archive.path);
  if (await fileState(files.log) !== null) old.push(files.log);
  if (old.length === 0) return "";
  const directory = await unusedDirectory(files, now());
  await mkdir(directory, { mode: 0o750 });
  for (const path of old) {
    step("reset:move");
    await rename(path, join(directory, basename(path)));
  }
  await syncDirectory(directory);
  await syncDirectory(files.directory);
  return basename(directory);
}

async function unusedDirectory(files: LogFiles, moment: Date): Promise<string> {
  let stamp = stampAfter(moment, undefined);
  while (await fileState(files.brokenDirectory(stamp)) !== null) stamp = stampAfter(moment, stamp);
  return files.brokenDirectory(stamp);
}
