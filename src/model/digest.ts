declare const checked: unique symbol;

/** A SHA-256 as 64 lower-case hexadecimal digits. Made only by {@link parseSha256}. */
export type Sha256 = string & { readonly [checked]: "sha256" };

/** Reads lower- or upper-case hexadecimal; anything else throws `TypeError`. */
export function parseSha256(text: string): Sha256 {
  const lower = text.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(lower)) throw new TypeError(`Cannot read ${JSON.stringify(text)} as a SHA-256`);
  return lower as Sha256;
}

/** What the coordinator computed over the frozen bytes. The authority for every later comparison. */
export interface ArtifactDigest {
  /** Of the file, or of the whole tree for a directory (`SecAI-Directory-Hash-v1`). */
  readonly sha256: Sha256;
  readonly sizeBytes: number;
  /** Directory artifacts only: every regular file, sorted by path. */
  readonly files: readonly FileDigest[];
}

export interface FileDigest {
  /** Relative path with `/` between segments. */
  readonly path: string;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}
