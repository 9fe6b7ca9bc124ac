import type { Findings } from "./findings.ts";
import { FormatError } from "../../model/errors.ts";
import { baseName, type DirectoryEntry, MAX_DEPTH, MAX_ENTRIES } from "./view.ts";

/** Separators of other systems, and what Windows cuts off the end of a name. */
const UNSAFE_NAME = /[\\:]|[. ]$|^ /;
const INVISIBLE =
  /[\p{Cc}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;

/** What is wrong with the tree as it is listed, before any file is opened. Throws when there is too much of it. */
export function checkTree(entries: readonly DirectoryEntry[], findings: Findings): void {
  if (entries.length > MAX_ENTRIES) {
    throw new FormatError("claim/tree-limit", `more than ${MAX_ENTRIES} files and folders`);
  }
  const seen = new Map<string, string>();
  for (const entry of entries) {
    checkEntry(entry, findings);
    const key = folded(entry.path);
    const other = seen.get(key);
    if (other === undefined) seen.set(key, entry.path);
    else {
      const message = `${JSON.stringify(entry.path)} and ${
        JSON.stringify(other)
      } differ only in case or accents' form`;
      findings.add("directory/name-collision", message, { path: entry.path });
    }
  }
}

function checkEntry({ path, kind, links }: DirectoryEntry, findings: Findings): void {
  const place = { path };
  if (path.split("/").length > MAX_DEPTH) {
    throw new FormatError("claim/tree-limit", `folders deeper than ${MAX_DEPTH}`, place);
  }
  if (kind === "symlink") findings.add("claim/symlink", "a symbolic link, not a file", place);
  if (kind === "special") findings.add("claim/special-file", "a pipe, socket or device, not a file", place);
  if (kind === "file" && links > 1) findings.add("claim/hard-link", `a file with ${links} names`, place);
  const name = baseName(path);
  if (name.includes("\ufffd") || !name.isWellFormed()) {
    findings.add("name/not-utf8", "the name is not UTF-8", place);
  } else if (INVISIBLE.test(name)) {
    findings.add("name/control-character", "the name has characters that do not print", place);
  } else if (UNSAFE_NAME.test(name)) {
    findings.add(
      "directory/name-form",
      `${JSON.stringify(name)} is read differently by other systems`,
      place,
    );
  }
}

/** One key for all spellings that some file system holds to be the same name. */
function folded(path: string): string {
  return path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}
