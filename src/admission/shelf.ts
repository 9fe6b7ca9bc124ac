import fs from "node:fs";
import { join } from "node:path";
import {
  byteLength,
  clipBytes,
  createDurably,
  escapeName,
  isPlainName,
  systemCode,
  unlessMissing,
} from "../files/mod.ts";
import { MAX_NAME_BYTES } from "../model/mod.ts";
import { createHash } from "node:crypto";

/**
 * A directory of refused or held artifacts and their reports, in which nothing is ever overwritten: what is there
 * under a name is first renamed with its own time before the suffix.
 */

export const REPORT_SUFFIX = ".report.json";

/** The name an artifact has on a shelf: its own, or an escaped and shortened one when its own cannot be used. */
export function shelfName(name: string): string {
  const plain = isPlainName(name) ? name : escapeName(name).replaceAll("/", "_");
  if (plain === name && byteLength(name) <= MAX_NAME_BYTES) return name;
  const mark = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${clipBytes(plain, 200)}~${mark}`;
}

/** Puts a report on the shelf; an older one of the same name steps aside. */
export function putReport(shelf: string, name: string, report: unknown): string {
  const path = join(shelf, shelfName(name) + REPORT_SUFFIX);
  const text = JSON.stringify(report, null, 2) + "\n";
  if (unlessMissing(() => fs.readFileSync(path, "utf8")) === text) return path; // Written before a crash.
  stepAside(shelf, shelfName(name), REPORT_SUFFIX);
  createDurably(path, text);
  return path;
}

/** Moves an artifact's bytes onto the shelf; older bytes of the same name step aside. Returns where they lie. */
export function putBytes(shelf: string, name: string, from: string): string {
  const shelved = shelfName(name);
  const dot = shelved.lastIndexOf(".");
  const suffix = dot > 0 ? shelved.slice(dot) : "";
  if (unlessMissing(() => fs.lstatSync(from)) === null) return join(shelf, shelved); // Moved before a crash.
  stepAside(shelf, suffix === "" ? shelved : shelved.slice(0, dot), suffix);
  fs.renameSync(from, join(shelf, shelved));
  return join(shelf, shelved);
}

function stepAside(shelf: string, stem: string, suffix: string): void {
  const path = join(shelf, stem + suffix);
  const stat = unlessMissing(() => fs.lstatSync(path));
  if (stat === null) return;
  const time = timeMark(stat.mtime);
  for (let count = 0;; count++) {
    const mark = count === 0 ? `.${time}` : `.${time}-${count}`;
    const older = join(shelf, clipBytes(stem, 255 - byteLength(mark + suffix)) + mark + suffix);
    if (unlessMissing(() => fs.lstatSync(older)) !== null) continue;
    renameIfThere(path, older);
    return;
  }
}

/** `20260308T143000Z`; some filesystems keep times that no calendar has. */
function timeMark(time: Date): string {
  if (Number.isNaN(time.getTime())) return "undated";
  return time.toISOString().replace(/[-:]/g, "").replace(/\.\d{3}/, "");
}

function renameIfThere(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
