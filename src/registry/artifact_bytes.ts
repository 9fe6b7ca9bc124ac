import { createHash } from "node:crypto";
import fs from "node:fs";
import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { clipBytes, syncDirectory, systemCode, unlessMissing } from "../files/mod.ts";

/** Deletes a model's bytes; nothing there is fine. */
export async function removeArtifact(path: string): Promise<void> {
  makeMovable(path);
  await rm(path, { recursive: true, force: true });
  syncDirectory(dirname(path));
}

/**
 * Moves a model out of the registry directory under a name that tells the incident, and returns that name. A move
 * that an earlier call finished counts as done; `null` when other bytes lie under the name already.
 */
export async function containArtifact(
  path: string,
  containedDir: string,
  incidentId: string,
): Promise<string | null> {
  const incident = createHash("sha256").update(incidentId).digest("hex").slice(0, 12);
  const containedAs = clipBytes(`contained-${incident}-${basename(path)}`, 255);
  const target = join(containedDir, containedAs);
  await mkdir(containedDir, { recursive: true, mode: 0o700 });
  const isThere = unlessMissing(() => fs.lstatSync(target)) !== null;
  const isHere = unlessMissing(() => fs.lstatSync(path)) !== null;
  if (isThere && isHere) return null;
  if (isHere) await move(path, target);
  return containedAs;
}

/** Moves a file or directory, across file systems too. */
export async function move(from: string, to: string): Promise<void> {
  makeMovable(from);
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== "EXDEV") throw error;
    const partial = join(dirname(to), clipBytes(`.partial-${basename(to)}`, 255));
    await rm(partial, { recursive: true, force: true });
    await copy(from, partial);
    unlessMissing(() => fs.renameSync(partial, to)); // There is none of what was only a link.
    await rm(from, { recursive: true });
  }
  syncDirectory(dirname(to));
  syncDirectory(dirname(from));
}

/**
 * Copies files and directories to the disk, and nothing else: a link that somebody put there later has no bytes of the
 * model. Not cp(), which looks at every parent directory, and a role may not.
 */
async function copy(from: string, to: string): Promise<void> {
  const waiting = [""];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [source, target] = [join(from, next), join(to, next)];
    const stat = fs.lstatSync(source);
    if (stat.isDirectory()) {
      fs.mkdirSync(target, { mode: 0o700 });
      for (const name of fs.readdirSync(source)) waiting.push(join(next, name));
    } else if (stat.isFile()) {
      await copyFile(source, target);
      await using file = await open(target);
      await file.sync();
    }
  }
}

/** A directory without write permission can neither be moved nor emptied by its owner. */
function makeMovable(path: string): void {
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const directory = next;
    const stat = unlessMissing(() => fs.lstatSync(directory));
    if (stat === null || !stat.isDirectory()) continue;
    fs.chmodSync(directory, 0o700);
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) waiting.push(join(directory, entry.name));
    }
  }
}
