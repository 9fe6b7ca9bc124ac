import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import {
  CHUNK_BYTES,
  type CopyOptions,
  fill,
  fillAndHash,
  type HashedFile,
  hashFile,
  type HashOptions,
  makeEmpty,
  openRegular,
  sameIdentity,
  syncFile,
  unlessMissing,
} from "../files/mod.ts";
import { comparePaths, DirectoryHash } from "../formats/directory_hash.ts";
import { type ArtifactDigest, type FileDigest, parseSha256, UndecidedError } from "../model/mod.ts";
import { walk } from "./incoming.ts";

/** Has an empty file of ours share the blocks of another; follows no link. False where the filesystem cannot. */
export type Reflink = (from: string, to: string) => Promise<boolean>;

export interface FreezeOptions extends CopyOptions {
  readonly reflink: Reflink;
}

/** A private inode of the artifact, complete. Its digest is the authority for everything after. */
export interface Frozen {
  /** Settles when every byte was hashed, which others may do too from now on. */
  readonly digest: Promise<ArtifactDigest>;
}

/**
 * Makes a private copy of `from` at `to`, a file or a whole directory, and hashes it: by reflink where the filesystem has
 * it. Nobody else holds the new inodes open. What is at `to` already must be empty.
 */
export async function freeze(from: string, to: string, options: FreezeOptions): Promise<Frozen> {
  if (!fs.lstatSync(from).isDirectory()) {
    if (unlessMissing(() => fs.lstatSync(to)) === null) makeEmpty(to);
    if (!await canShare(from, to, options)) {
      if (options.lasting === "durable") return hashed(await fillAndHash(from, to, options));
      await fill(from, to, options);
    }
    return { digest: hashShared(to, options).then(asDigest) };
  }
  fs.mkdirSync(to, { recursive: true, mode: 0o750 });
  for (const { path, stat } of walk(from)) {
    if (stat.isDirectory()) fs.mkdirSync(join(to, path), { mode: 0o750 });
  }
  const digest = await hashTree(from, options, async (path, more) => {
    const target = join(to, path);
    makeEmpty(target);
    if (await canShare(join(from, path), target, options)) {
      return await hashShared(target, { ...options, ...more });
    }
    return await fillAndHash(join(from, path), target, { ...options, ...more });
  });
  return { digest: Promise.resolve(digest) };
}

async function hashShared(path: string, { lasting, ...options }: CopyOptions): Promise<HashedFile> {
  if (lasting === "scratch") return await hashFile(path, options);
  const [hashed] = await Promise.all([hashFile(path, options), syncFile(path)]);
  return hashed;
}

/** Copying so little takes no longer than starting the program that makes a reflink. */
const REFLINK_MIN_BYTES = 4 * 1024 * 1024;

/** Shares the blocks of a file. Throws `claim/changed` when it changed meanwhile. */
async function canShare(from: string, to: string, { reflink }: FreezeOptions): Promise<boolean> {
  const source = openRegular(from);
  fs.closeSync(source.fd);
  if (source.stat.sizeBytes < REFLINK_MIN_BYTES || !await reflink(from, to)) return false;
  const after = openRegular(from);
  fs.closeSync(after.fd);
  if (!sameIdentity(source.stat, after.stat)) {
    throw new UndecidedError("claim/changed", `Cannot freeze ${from}: it changed while it was copied`);
  }
  return true;
}

/** Hashes an artifact where it lies, without a copy. */
export async function digestInPlace(path: string, options: HashOptions): Promise<ArtifactDigest> {
  if (!fs.lstatSync(path).isDirectory()) return asDigest(await hashFile(path, options));
  return await hashTree(path, options, (inner, more) => hashFile(join(path, inner), more));
}

/** Visits every file below `root` in the order of the directory hash; `visit` reads each through `more.tap`. */
async function hashTree(
  root: string,
  options: HashOptions,
  visit: (path: string, more: HashOptions) => Promise<HashedFile>,
): Promise<ArtifactDigest> {
  const listed: { readonly path: string; readonly sizeBytes: number }[] = [];
  for (const { path, stat } of walk(root)) {
    if (!stat.isDirectory()) listed.push({ path, sizeBytes: Number(stat.size) });
  }
  listed.sort((a, b) => comparePaths(a.path, b.path));
  const sink = createHash("sha256");
  const tree = new DirectoryHash(sink);
  const files: FileDigest[] = [];
  const buffer = new Uint8Array(CHUNK_BYTES);
  let before = 0;
  try {
    for (const { path, sizeBytes } of listed) {
      tree.file(path, sizeBytes);
      const done = before;
      const progress = (bytes: number) => options.progress?.(done + bytes);
      const hashed = await visit(path, { ...options, progress, buffer, tap: (chunk) => tree.update(chunk) });
      files.push({ path, ...hashed });
      before += hashed.sizeBytes;
    }
    tree.finish();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UndecidedError("claim/changed", `Cannot hash ${root}: ${cause.message}`, { cause });
  }
  return { sha256: parseSha256(sink.digest("hex")), sizeBytes: before, files };
}

const hashed = (file: HashedFile): Frozen => ({ digest: Promise.resolve(asDigest(file)) });
const asDigest = (hashed: HashedFile): ArtifactDigest => ({ ...hashed, files: [] });
