import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { comparePaths } from "../formats/directory_hash.ts";
import {
  type DirectoryEntry,
  type DirectoryView,
  MAX_DEPTH,
  MAX_ENTRIES,
} from "../formats/directories/view.ts";
import type { ByteSource } from "../formats/source.ts";
import { FormatError } from "../model/mod.ts";
import { unlessMissing } from "./durable.ts";
import { FileSource } from "./file_source.ts";

/** A directory on disk, listed once. Links are listed and never followed; files are opened one at a time. */
export class DiskDirectory implements DirectoryView {
  readonly entries: readonly DirectoryEntry[];
  /** Another one where anything in the directory was written to, came or went since. */
  readonly fingerprint: string;

  /** Lists everything below `root`; throws `claim/tree-limit` when it is more than any model has. */
  constructor(readonly root: string) {
    const listed = [...entriesBelow(root)].sort((a, b) => comparePaths(a.entry.path, b.entry.path));
    this.entries = listed.map(({ entry }) => entry);
    const hash = createHash("sha256");
    for (const { entry, seen } of listed) hash.update(JSON.stringify([entry, seen]));
    this.fingerprint = hash.digest("hex");
  }

  read<T>(path: string, use: (source: ByteSource) => T): T {
    const source = new FileSource(join(this.root, path));
    try {
      return use(source);
    } finally {
      source.close();
    }
  }
}

/** An entry, and what changes when it is written to or replaced. */
interface Listed {
  readonly entry: DirectoryEntry;
  readonly seen: readonly [dev: number, ino: number, mtimeMs: number];
}

function* entriesBelow(root: string): Generator<Listed> {
  const open: { readonly path: string; readonly depth: number }[] = [{ path: "", depth: 0 }];
  let seen = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth >= MAX_DEPTH) {
      throw new FormatError("claim/tree-limit", `folders deeper than ${MAX_DEPTH}`, { path: next.path });
    }
    for (const name of fs.readdirSync(join(root, next.path))) {
      if (++seen > MAX_ENTRIES) {
        throw new FormatError("claim/tree-limit", `more than ${MAX_ENTRIES} files and folders`);
      }
      const path = next.path === "" ? name : `${next.path}/${name}`;
      const listed = lookAt(root, path);
      yield listed;
      if (listed.entry.kind === "directory") open.push({ path, depth: next.depth + 1 });
    }
  }
}

function lookAt(root: string, path: string): Listed {
  const stat = unlessMissing(() => fs.lstatSync(join(root, path)));
  // The runtime shows a name that is not UTF-8 with replacement characters and cannot reach the file.
  if (stat === null) throw new FormatError("name/not-utf8", "a name is not UTF-8", { path });
  const kind = stat.isSymbolicLink()
    ? "symlink"
    : stat.isDirectory()
    ? "directory"
    : stat.isFile()
    ? "file"
    : "special";
  const entry = { path, kind, sizeBytes: stat.size, links: stat.nlink } as const;
  return { entry, seen: [stat.dev, stat.ino, stat.mtimeMs] };
}
