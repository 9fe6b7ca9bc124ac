import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { hashFile, identityOf, openRegular, sameIdentity, unlessMissing } from "../files/mod.ts";
import { comparePaths, DirectoryHash } from "../formats/directory_hash.ts";
import {
  type ArtifactFormat,
  formatClaimedByDirectory,
  formatClaimedByFile,
  parseSha256,
  type Sha256,
  UndecidedError,
} from "../model/mod.ts";
import type { RegistryFormat } from "./wire.ts";

/** What a registry finds out for itself about the bytes that lie in its directory. */
export interface Measured {
  readonly format: RegistryFormat;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

/** Why an artifact could not be measured, in the words the caller needs to choose an answer. */
export class ArtifactFault extends Error {
  override readonly name = "ArtifactFault";
  constructor(
    readonly kind: "missing" | "format" | "unsafe" | "changed",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const MAX_FILES = 100_000;
const MAX_DEPTH = 32;
const CHUNK_BYTES = 256 * 1024;
/** How much is hashed before other requests get their turn: about 12 ms. */
const BYTES_BETWEEN_TURNS = 16 * 1024 * 1024;
/** Opening a file costs about as much as hashing this many bytes. */
const BYTES_PER_FILE = 64 * 1024;

/**
 * Hashes a registered file or directory: regular files with one name only, no links, no devices. Throws
 * {@link ArtifactFault}, or the signal's reason when it is aborted.
 */
export async function measureArtifact(path: string, signal: AbortSignal): Promise<Measured> {
  const stat = unlessMissing(() => fs.lstatSync(path));
  if (stat === null) throw new ArtifactFault("missing", "no such file in the registry directory");
  try {
    return stat.isDirectory() ? await measureDirectory(path, signal) : await measureFile(path, stat, signal);
  } catch (cause) {
    if (cause instanceof UndecidedError || cause instanceof RangeError) {
      throw new ArtifactFault("changed", cause.message, { cause });
    }
    throw cause;
  }
}

async function measureFile(path: string, stat: fs.Stats, signal: AbortSignal): Promise<Measured> {
  requirePlainFile(path, stat);
  const format = requireFormat(formatClaimedByFile(path));
  const { sha256, sizeBytes } = await hashFile(path, { signal });
  return { format, sha256, sizeBytes };
}

/** What measuring a file would give whose digest is known already. Throws {@link ArtifactFault} as measuring does. */
export function measuredAs(
  path: string,
  { sha256, sizeBytes }: Pick<Measured, "sha256" | "sizeBytes">,
): Measured {
  requirePlainFile(path, fs.lstatSync(path));
  return { format: requireFormat(formatClaimedByFile(path)), sha256, sizeBytes };
}

function requireFormat(format: ArtifactFormat): RegistryFormat {
  if (format === "unknown") throw new ArtifactFault("format", "no format of ours claims this name");
  return format;
}

function requirePlainFile(path: string, stat: fs.Stats): void {
  if (!stat.isFile()) throw new ArtifactFault("unsafe", `${JSON.stringify(path)} is not a regular file`);
  if (stat.nlink !== 1) throw new ArtifactFault("unsafe", `${JSON.stringify(path)} has ${stat.nlink} names`);
}

async function measureDirectory(root: string, signal: AbortSignal): Promise<Measured> {
  const files = listFiles(root).sort(comparePaths);
  const sha256 = createHash("sha256");
  const tree = new DirectoryHash(sha256);
  let sizeBytes = 0;
  let turn = BYTES_BETWEEN_TURNS;
  for (const file of files) {
    for (const read of hashInto(tree, root, file)) {
      sizeBytes += read;
      turn -= read;
      if (turn <= 0) turn = await takeTurn(signal);
    }
    turn -= BYTES_PER_FILE;
  }
  tree.finish();
  const format = requireFormat(formatClaimedByDirectory(fs.readdirSync(root)));
  return { format, sha256: parseSha256(sha256.digest("hex")), sizeBytes };
}

async function takeTurn(signal: AbortSignal): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal.throwIfAborted();
  return BYTES_BETWEEN_TURNS;
}

/** Every file below, as relative paths. Any other kind of entry, and a limit that is reached, is refused. */
function listFiles(root: string): string[] {
  const files: string[] = [];
  const waiting: [path: string, depth: number][] = [["", 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [directory, depth] = next;
    if (depth > MAX_DEPTH) throw new ArtifactFault("unsafe", `folders nest deeper than ${MAX_DEPTH}`);
    for (const entry of fs.readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) waiting.push([path, depth + 1]);
      else if (entry.isFile()) files.push(path);
      else throw new ArtifactFault("unsafe", `${JSON.stringify(path)} is not a regular file`);
      if (files.length + waiting.length > MAX_FILES) {
        throw new ArtifactFault("unsafe", `more than ${MAX_FILES} files`);
      }
    }
  }
  return files;
}

/** Feeds one file to the tree's hash, yielding the size of each part. */
function* hashInto(tree: DirectoryHash, root: string, file: string): Generator<number> {
  const path = join(root, file);
  const { fd, stat } = openRegular(path);
  try {
    requirePlainFile(file, fs.fstatSync(fd));
    tree.file(file, stat.sizeBytes);
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const read = fs.readSync(fd, buffer, 0, CHUNK_BYTES, null);
      if (read === 0) break;
      tree.update(buffer.subarray(0, read));
      yield read;
    }
    if (!sameIdentity(stat, identityOf(fs.fstatSync(fd, { bigint: true })))) {
      throw new ArtifactFault("changed", `${JSON.stringify(file)} changed while it was hashed`);
    }
  } finally {
    fs.closeSync(fd);
  }
}
