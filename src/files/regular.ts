import fs from "node:fs";
import { UndecidedError } from "../model/mod.ts";

/** A regular file held open for reading, with what `fstat` said when it was opened. */
export interface OpenFile {
  readonly fd: number;
  readonly stat: FileIdentity;
}

/** What must stay the same while a file is read. Times are cut to milliseconds by the runtime. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/**
 * Opens a regular file for reading. The runtime follows links even with O_NOFOLLOW when read
 * access is scoped, so the link is looked at first and the opened file compared with it.
 */
export function openRegular(path: string): OpenFile {
  const named = fs.lstatSync(path, { bigint: true });
  if (!named.isFile()) {
    throw new UndecidedError("claim/unreadable", `Cannot read ${path}: not a regular file`);
  }
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const opened = fs.fstatSync(fd, { bigint: true });
  if (opened.ino !== named.ino || opened.dev !== named.dev) {
    fs.closeSync(fd);
    throw new UndecidedError("claim/changed", `Cannot read ${path}: it was replaced while being opened`);
  }
  return { fd, stat: identityOf(opened) };
}

export function identityOf(stat: fs.BigIntStats): FileIdentity {
  return { dev: stat.dev, ino: stat.ino, sizeBytes: Number(stat.size), mtimeMs: Number(stat.mtimeMs) };
}

export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs;
}
