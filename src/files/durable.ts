import fs from "node:fs";
import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";

/** Makes a directory's entries survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Replaces a file's content so that after a crash it is either the old or the new one, whole. */
export function writeDurably(path: string, content: string | Uint8Array, mode = 0o640): void {
  const temporary = writeTemporary(path, content, mode);
  fs.renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Creates a file with its content, whole or not at all. Throws `EEXIST` when the name is taken. */
export function createDurably(path: string, content: string | Uint8Array, mode = 0o640): void {
  const temporary = writeTemporary(path, content, mode);
  publish(temporary, path);
}

/** Gives a finished file its final name without ever replacing another: throws `EEXIST` when the name is taken. */
export function publish(temporary: string, path: string): void {
  try {
    fs.linkSync(temporary, path);
  } finally {
    fs.unlinkSync(temporary);
  }
  syncDirectory(dirname(path));
}

function writeTemporary(path: string, content: string | Uint8Array, mode: number): string {
  const temporary = join(dirname(path), `.aiq-${randomBytes(8).toString("hex")}.tmp`);
  const fd = fs.openSync(temporary, "wx", mode);
  try {
    fs.fchmodSync(fd, mode); // Whatever the umask: readers of promoted models are other users.
    fs.writeFileSync(fd, content);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  return temporary;
}

/** The error code of a failed system call, such as `ENOENT`, or `null` for any other error. */
export function systemCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/**
 * Runs a file operation; `null` when what it is about does not exist, or cannot because its name is too long for
 * the filesystem. Every other failure is thrown.
 */
export function unlessMissing<T>(operation: () => T): T | null {
  try {
    return operation();
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENAMETOOLONG") return null;
    throw error;
  }
}
