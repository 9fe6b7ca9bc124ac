import type { ByteSource } from "../source.ts";

/** Most files and folders of a directory: far above any published model. */
export const MAX_ENTRIES = 25_000;
/** Most folders inside each other. */
export const MAX_DEPTH = 32;

/** One entry below the top, as the file system describes it without opening or following it. */
export interface DirectoryEntry {
  /** Relative, with `/` between segments. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "special";
  readonly sizeBytes: number;
  /** Names the file has in its file system; meaningful for files only. */
  readonly links: number;
}

/** A directory to be examined. What is listed and what is read must be the same, frozen bytes. */
export interface DirectoryView {
  /** Every entry, in the order of `comparePaths`. */
  readonly entries: readonly DirectoryEntry[];
  /** Opens one of the files for the time of `use`. */
  read<T>(path: string, use: (source: ByteSource) => T): T;
}

/** The last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Everything before the last segment, without the `/`; empty for the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** A name inside a folder, as a path. */
export function inFolder(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
