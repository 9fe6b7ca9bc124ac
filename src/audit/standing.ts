import { basename } from "node:path";
import type { Anchor, AnchorReading } from "./anchor.ts";
import { type Reader, readLine } from "./entry.ts";
import { type FileState, fileState, lineBefore, LogFiles } from "./files.ts";
import { ChainWalk } from "./walk.ts";

/** How the log on the disk stands to its anchor. */
export type Standing =
  | {
    readonly kind: "sound";
    readonly entries: number;
    readonly lastHash: string;
    /** Length of the current log up to its last sound entry; 0 when it has to be made. */
    readonly sizeBytes: number;
    /** Bytes after that, left by a write that was interrupted. */
    readonly tornBytes: number;
    /** The file is another one than the anchor knows, with the same content: restored or copied. */
    readonly moved: boolean;
  }
  /** Entries are missing or were changed. `why` is a whole sentence. */
  | { readonly kind: "broken"; readonly why: string };

/**
 * Compares the log with its anchor. Reads only what was written since the anchor, except when the file is not
 * the one the anchor knows: then the whole chain.
 */
export async function standingOf(files: LogFiles, reading: AnchorReading, reader: Reader): Promise<Standing> {
  const log = await fileState(files.log);
  if (log?.regular === false) return broken("The audit log is not a regular file.");
  switch (reading.kind) {
    case "unreadable":
      return broken(reading.why);
    case "absent":
      return await withoutAnchor(files, log);
    case "anchor":
      return await againstAnchor(files, log, reading.anchor, reader);
  }
}

/** The anchor is made together with the log, before its first entry. */
async function withoutAnchor(files: LogFiles, log: FileState | null): Promise<Standing> {
  const archives = await files.archives();
  if (archives.length === 0 && (log === null || log.sizeBytes === 0)) {
    // Otherwise a crash just after the files were set aside would leave that unrecorded.
    if (await files.hasBroken()) return broken("An earlier chain was set aside, and no new one was begun.");
    return { kind: "sound", entries: 0, lastHash: "", sizeBytes: 0, tornBytes: 0, moved: false };
  }
  return broken("There is an audit log, but the anchor that says how long it must be is missing.");
}

async function againstAnchor(
  files: LogFiles,
  log: FileState | null,
  anchor: Anchor,
  reader: Reader,
): Promise<Standing> {
  const archives = (await files.archives()).map((archive) => archive.path);
  const newest = archives.at(-1);
  const chain = log === null ? archives : [...archives, files.log];
  if (log?.inode === anchor.inode) {
    const why = await contradiction(files.log, log, anchor, reader, newest);
    if (why !== null) return broken(why);
    return await follow(new ChainWalk(reader, null, anchor), [files.log], anchor.sizeBytes, log);
  }
  const archived = newest === undefined ? null : await fileState(newest);
  if (newest !== undefined && archived?.inode === anchor.inode) {
    // A rotation was interrupted after its rename: the anchor still knows the log that is an archive now.
    const why = await contradiction(newest, archived, anchor, reader, archives.at(-2));
    if (why !== null) return broken(why);
    return await follow(
      new ChainWalk(reader, null, anchor),
      chain.slice(archives.length - 1),
      anchor.sizeBytes,
      log,
    );
  }
  const standing = await follow(new ChainWalk(reader, anchor), chain, 0, log);
  return standing.kind === "sound" ? { ...standing, moved: log !== null } : standing;
}

/** Why the file at hand cannot be the one the anchor knows, or `null`. `before` is the archive before it. */
async function contradiction(
  path: string,
  state: FileState,
  anchor: Anchor,
  reader: Reader,
  before: string | undefined,
): Promise<string | null> {
  if (state.sizeBytes < anchor.sizeBytes) return shrunk(anchor.sizeBytes, state.sizeBytes);
  if (anchor.entries === 0) return null;
  const line = anchor.sizeBytes > 0
    ? await lineBefore(path, anchor.sizeBytes)
    : before === undefined
    ? null
    : await lineBefore(before, (await fileState(before))?.sizeBytes ?? 0);
  const last = line === null ? null : readLine(line, reader);
  if (last?.kind === "entry" && last.entry.entry_hash === anchor.lastHash) return null;
  return "The last entry that the anchor knows is not in the audit log: the log was changed or replaced.";
}

/** What most likely happened to a log that lost bytes in place. */
export function shrunk(knownBytes: number, foundBytes: number): string {
  return `The audit log was cut in place from ${knownBytes} to ${foundBytes} bytes. logrotate with copytruncate ` +
    "does this: exclude the audit log from it, because the log rotates itself.";
}

/**
 * Follows the files from byte `offset` of the first on. A bad last line of the log is what an interrupted
 * write left.
 */
async function follow(
  walk: ChainWalk,
  chain: readonly string[],
  offset: number,
  log: FileState | null,
): Promise<Standing> {
  const sizeBytes = log?.sizeBytes ?? 0;
  for (const [i, path] of chain.entries()) {
    const gap = await walk.file(path, i === 0 ? offset : 0);
    if (gap === null) continue;
    const interrupted = log !== null && i === chain.length - 1 && gap.end === sizeBytes && walk.missing === 0;
    if (!interrupted) return broken(`The line at byte ${gap.start} of ${basename(path)} ${gap.why}.`);
    return sound(walk, gap.start, sizeBytes - gap.start);
  }
  if (walk.missing > 0) return broken(`The last ${walk.missing} entries that were written are missing.`);
  return sound(walk, sizeBytes, 0);
}

function sound({ entries, lastHash }: ChainWalk, sizeBytes: number, tornBytes: number): Standing {
  return { kind: "sound", entries, lastHash, sizeBytes, tornBytes, moved: false };
}

function broken(why: string): Standing {
  return { kind: "broken", why };
}
