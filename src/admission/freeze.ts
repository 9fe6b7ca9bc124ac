import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import {
  CHUNK_BYTES,
  copyAndHash,
  type CopyOptions,
  type HashedFile,
  hashFile,
  type HashOptions,
  openRegular,
  sameIdentity,
} from "../files/mod.ts";
import { comparePaths, DirectoryHash } from "../formats/directory_hash.ts";
import { type ArtifactDigest, type FileDigest, parseSha256, UndecidedError } from "../model/mod.ts";
import { walk } from "./incoming.ts";

/** Makes a copy that shares its blocks with the original; false where the filesystem cannot. */
export type Reflink = (from: string, to: string) => Promise<boolean>;

/** A private inode of the artifact, with the digest that is the authority for everything after. */
export interface Frozen {
  readonly path: string;
  readonly digest: ArtifactDigest;
}

/**
 * Makes a private copy of `from` at `to` (a file or a whole directory) and hashes it: by reflink where the
 * filesystem has it, else while copying, in one read. Nobody else holds the new inodes open.
 */
export async function freeze(
  from: string,
  to: string,
  reflink: Reflink,
  options: CopyOptions,
): Promise<Frozen> {
  const copy = (source: string, target: string, more: CopyOptions) =>
    freezeFile(source, target, reflink, more);
  if (!fs.lstatSync(from).isDirectory()) return { path: to, digest: asDigest(await copy(from, to, options)) };
  fs.mkdirSync(to, { mode: 0o750 });
  for (const { path, stat } of walk(from)) {
    if (stat.isDirectory()) fs.mkdirSync(join(to, path), { mode: 0o750 });
  }
  const digest = await hashTree(
    from,
    options,
    (path, more) => copy(join(from, path), join(to, path), { ...options, ...more }),
  );
  return { path: to, digest };
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

/** The group of scanning/ is that of the sandboxes. */
const SEALED_MODE = 0o640;

async function freezeFile(
  from: string,
  to: string,
  reflink: Reflink,
  options: CopyOptions,
): Promise<HashedFile> {
  const source = openRegular(from);
  fs.closeSync(source.fd);
  if (!await reflink(from, to)) return await copyAndHash(from, to, options);
  fs.chmodSync(to, SEALED_MODE); // cp(1) takes over the mode of the original.
  const after = openRegular(from);
  fs.closeSync(after.fd);
  if (!sameIdentity(source.stat, after.stat)) {
    throw new UndecidedError("claim/changed", `Cannot freeze ${from}: it changed while it was copied`);
  }
  return await hashFile(to, options);
}

const asDigest = (hashed: HashedFile): ArtifactDigest => ({ ...hashed, files: [] });
