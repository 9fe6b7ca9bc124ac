import fs from "node:fs";
import { join } from "node:path";
import { byteLength, identityOf, isPlainName, systemCode, unlessMissing } from "../files/mod.ts";
import { FormatError, MAX_NAME_BYTES, type Place, type RuleId, UndecidedError } from "../model/mod.ts";
import { isHidden } from "./places.ts";

/** Most entries and deepest folder of a directory artifact; far above any real model. */
const MAX_TREE_ENTRIES = 25_000;
const MAX_TREE_DEPTH = 32;
/** A file may be this much larger than what is stored of it before it counts as mostly holes. */
const SPARSE_FACTOR = 2;
const SPARSE_MIN_BYTES = 64 * 1024 * 1024;

/** What `lstat` says about one entry of the incoming directory, without opening it. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly shape: "file" | "directory" | "other";
  /** Changes whenever anything about the entry or anything in it changes. */
  readonly fingerprint: string;
  /** Newest change of content in the entry or anything in it, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** User id of whoever dropped it. */
  readonly owner: number;
}

/** The visible entries of the incoming directory. Those that vanish while being looked at are left out. */
export function listIncoming(incoming: string): Entry[] {
  const names = fs.readdirSync(incoming).filter((name) => !isHidden(name)).sort();
  return names.flatMap((name) => lookAt(incoming, name) ?? []);
}

/** Names that are not UTF-8: the runtime shows them with replacement characters and cannot reach the files. */
export function unreachableNames(incoming: string): string[] {
  return fs.readdirSync(incoming).filter((name) =>
    name.includes("\ufffd") && unlessMissing(() => fs.lstatSync(join(incoming, name))) === null
  );
}

/** What cannot be looked at counts as complete: the line takes it and says what is wrong with it. */
function lookAt(incoming: string, name: string): Entry | null {
  const path = join(incoming, name);
  try {
    return { name, path, ...appearanceOf(path) };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    return { name, path, shape: "other", fingerprint: "", modifiedMs: 0, owner: 0 };
  }
}

/** How an artifact looks without being opened: a difference between two looks means that somebody wrote to it. */
export function appearanceOf(path: string): Pick<Entry, "shape" | "fingerprint" | "modifiedMs" | "owner"> {
  const stat = fs.lstatSync(path, { bigint: true });
  const own = identityOf(stat);
  let fingerprint = `${own.ino}:${own.sizeBytes}:${own.mtimeMs}`;
  let modifiedMs = own.mtimeMs;
  const shape = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
  if (shape === "directory") {
    for (const inner of walk(path)) {
      fingerprint += `|${inner.path}:${inner.stat.ino}:${inner.stat.size}:${inner.stat.mtimeMs}`;
      modifiedMs = Math.max(modifiedMs, Number(inner.stat.mtimeMs));
    }
  }
  return { shape, fingerprint, modifiedMs, owner: Number(stat.uid) };
}

/** One entry below a directory; `path` is relative, with `/`. */
export interface TreeEntry {
  readonly path: string;
  readonly stat: fs.BigIntStats;
}

/** Every entry below a directory, parents first, names sorted. Stops with `claim/tree-limit` past the caps. */
export function* walk(root: string): Generator<TreeEntry> {
  const open: { path: string; depth: number }[] = [{ path: "", depth: 0 }];
  let seen = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > MAX_TREE_DEPTH) {
      throw new FormatError("claim/tree-limit", `folders deeper than ${MAX_TREE_DEPTH}`, { path: next.path });
    }
    const below: { path: string; depth: number }[] = [];
    for (const name of fs.readdirSync(join(root, next.path)).sort()) {
      if (++seen > MAX_TREE_ENTRIES) {
        throw new FormatError("claim/tree-limit", `more than ${MAX_TREE_ENTRIES} entries`, {
          path: next.path,
        });
      }
      const path = next.path === "" ? name : `${next.path}/${name}`;
      const stat = unlessMissing(() => fs.lstatSync(join(root, path), { bigint: true }));
      if (stat === null) {
        if (name.includes("\ufffd")) throw new FormatError("name/not-utf8", "a name is not UTF-8", { path });
        throw new UndecidedError("claim/changed", `${path} vanished while its directory was listed`);
      }
      yield { path, stat };
      if (stat.isDirectory()) below.push({ path, depth: next.depth + 1 });
    }
    open.push(...below.reverse());
  }
}

/**
 * Refuses, without opening anything, what can never be a model. Throws `FormatError`. Gives the size of what may be one:
 * of the file, or of all files of the directory together, in bytes.
 */
export function refuseUnopened(path: string, name: string, maxBytes: number): number {
  refuseName(name, {});
  const stat = fs.lstatSync(path, { bigint: true });
  refuseKind(stat, {});
  let total = stat.isDirectory() ? 0n : stat.size;
  if (stat.isDirectory()) {
    for (const inner of walk(path)) {
      refuseName(inner.path, { path: inner.path });
      refuseKind(inner.stat, { path: inner.path });
      if (inner.stat.isFile()) total += inner.stat.size;
    }
  }
  if (total === 0n) {
    throw new FormatError("claim/empty", `${stat.isDirectory() ? "directory" : "file"} holds no bytes`);
  }
  if (total > BigInt(maxBytes)) {
    throw new FormatError("claim/too-large", `${total} bytes, the policy allows ${maxBytes}`);
  }
  return Number(total);
}

function refuseName(name: string, place: Place): void {
  if (name.includes("\ufffd")) throw new FormatError("name/not-utf8", "the name is not UTF-8", place);
  if (!isPlainName(name)) {
    throw new FormatError("name/control-character", "the name has control characters", place);
  }
  const size = byteLength(name.slice(name.lastIndexOf("/") + 1));
  if (size > MAX_NAME_BYTES) {
    throw new FormatError(
      "name/too-long",
      `the name has ${size} bytes, at most ${MAX_NAME_BYTES} are taken in`,
      place,
    );
  }
}

function refuseKind(stat: fs.BigIntStats, place: { path?: string }): void {
  const refuse = (rule: RuleId, what: string) => new FormatError(rule, what, place);
  if (stat.isSymbolicLink()) throw refuse("claim/symlink", "a symbolic link, not a file");
  if (stat.isDirectory()) return;
  if (!stat.isFile()) throw refuse("claim/special-file", `a ${kindOf(stat)}, not a file`);
  if (stat.nlink > 1n) throw refuse("claim/hard-link", `a file with ${stat.nlink} names`);
  const stored = stat.blocks * 512n;
  if (stat.size > SPARSE_MIN_BYTES && stat.size > stored * BigInt(SPARSE_FACTOR)) {
    throw refuse("claim/sparse", `claims ${stat.size} bytes, stores ${stored}`);
  }
}

function kindOf(stat: fs.BigIntStats): string {
  if (stat.isFIFO()) return "pipe";
  if (stat.isSocket()) return "socket";
  return stat.isBlockDevice() || stat.isCharacterDevice() ? "device" : "special file";
}
