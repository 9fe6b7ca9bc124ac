import { basename } from "node:path";
import { readAnchor } from "./anchor.ts";
import { type Algorithm, type Seal, sealWith } from "./entry.ts";
import { fileState, LogFiles } from "./files.ts";
import { ChainWalk } from "./walk.ts";

/** What a check of the whole chain found. The names are wire format. */
export type Verification = Valid | Invalid;

export interface Valid {
  readonly valid: true;
  /** In the archives and the current log together. */
  readonly entries: number;
  readonly archives: number;
  /** `entry_hash` of the last entry; empty when there is none. */
  readonly last_hash: string;
  readonly algorithm: Algorithm;
  /** Whether the end was compared with the anchor: without it a removed tail cannot be seen. */
  readonly anchored: boolean;
}

export interface Invalid {
  readonly valid: false;
  /** Sound entries before the break. */
  readonly entries: number;
  /** Line of `file`, from 1, where the chain first breaks. */
  readonly broken_at: number;
  /** Name of the archive or log, without its directory. */
  readonly file: string;
  readonly reason: string;
}

export interface VerifyOptions {
  readonly hmacKey?: Uint8Array;
  /** Without it a removed tail cannot be seen. */
  readonly anchorPath?: string;
}

/**
 * Checks the archives and the current log as one chain, in constant memory: every entry's spelling, hash and
 * link, and that the chain reaches at least as far as its anchor. Safe beside a running writer.
 */
export async function verifyChain(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const seal = sealWith(options.hmacKey);
  for (let attempt = 1;; attempt++) {
    const before = await describe(path);
    const result = await verifyOnce(path, seal, options.anchorPath);
    if (result.valid || attempt === 5) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
    // A writer may have been in the middle of an entry or of a rotation: what changed is looked at again.
    if (await describe(path) === before) return result;
  }
}

async function describe(path: string): Promise<string> {
  return JSON.stringify([await fileState(path), await new LogFiles(path).archives()]);
}

async function verifyOnce(path: string, seal: Seal, anchorPath: string | undefined): Promise<Verification> {
  // Before the log: the log may then be ahead of what was read here, but not behind.
  const reading = anchorPath === undefined ? null : await readAnchor(anchorPath, seal);
  const files = new LogFiles(path);
  const archives = await files.archives();
  const present = await fileState(path) !== null;
  const walk = new ChainWalk(seal, reading?.kind === "anchor" ? reading.anchor : null);
  for (const file of [...archives.map((archive) => archive.path), ...(present ? [path] : [])]) {
    const broken = await walk.file(file);
    if (broken !== null) return invalid(walk, broken.file, broken.line, `Line ${broken.line} ${broken.why}.`);
  }
  const end = (reason: string) => invalid(walk, path, walk.lineNumber + 1, reason);
  if (reading?.kind === "unreadable") return end(reading.why);
  if (reading?.kind === "absent") return end("The anchor that says how long the log must be is missing.");
  if (walk.missing > 0) return end(`The last ${walk.missing} entries that were written are missing.`);
  if (!present) return end("There is no log.");
  return {
    valid: true,
    entries: walk.entries,
    archives: archives.length,
    last_hash: walk.lastHash,
    algorithm: seal.algorithm,
    anchored: reading !== null,
  };
}

function invalid(walk: ChainWalk, file: string, line: number, reason: string): Invalid {
  return { valid: false, entries: walk.entries, broken_at: line, file: basename(file), reason };
}
