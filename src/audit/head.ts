import { readAnchor } from "./anchor.ts";
import { type Reader, sealWith } from "./entry.ts";
import { fileState, LogFiles } from "./files.ts";
import { type Standing, standingOf } from "./standing.ts";

/** The end of the chain and how it stands to the anchor. */
export type Head =
  | {
    readonly kind: "sound";
    /** In the archives and the current log together. */
    readonly entries: number;
    /** `entry_hash` of the last entry; empty when there is none. */
    readonly lastHash: string;
    /** Of the current log. */
    readonly sizeBytes: number;
  }
  /** `why` is a whole sentence. */
  | { readonly kind: "broken"; readonly why: string };

export interface HeadOptions {
  readonly anchorPath: string;
  /** `unknown`: of a chain that is kept with a key the links are checked, and the hashes are not. */
  readonly hmacKey: Uint8Array | "none" | "unknown";
}

const ATTEMPTS = 5;
const RETRY_MS = 20;

/**
 * Compares the end of the log with its anchor. Reads what was written since the anchor and no more, so it answers at
 * once however long the history is; `verifyChain()` reads all of it. Safe beside a running writer.
 */
export async function chainHead(path: string, { anchorPath, hmacKey }: HeadOptions): Promise<Head> {
  const reader: Reader = hmacKey === "unknown"
    ? "keyless"
    : sealWith(hmacKey === "none" ? undefined : hmacKey);
  const files = new LogFiles(path);
  for (let attempt = 1;; attempt++) {
    const standing = await standingOf(files, await readAnchor(anchorPath, reader), reader);
    if (standing.kind === "sound") return await headOf(standing, path);
    if (attempt === ATTEMPTS) return standing;
    // A writer may have been in the middle of a rotation.
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function headOf({ entries, lastHash }: Standing & { kind: "sound" }, path: string): Promise<Head> {
  return { kind: "sound", entries, lastHash, sizeBytes: (await fileState(path))?.sizeBytes ?? 0 };
}
