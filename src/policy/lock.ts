import * as z from "zod";
import type { Sha256 } from "../model/mod.ts";
import { type DocumentKind, loadDocument, type TextFile } from "./document.ts";
import { type Pin, pinConflicts, PinSet } from "./pin_set.ts";
import type { Problem } from "./problem.ts";
import { FILE_NAME, INNER_PATH, NAME_LINE, SHA256 } from "./scalars.ts";

/** models.lock.yaml: which bytes each name must have, and which bytes nobody wants. */
export interface ModelsLock {
  readonly pins: PinSet;
  /** Digest to the reason it is blocked for. Holds under every name, for files inside directories too. */
  readonly blocked: ReadonlyMap<Sha256, string>;
}

/** No file: nothing pinned, nothing blocked. */
export const EMPTY_LOCK: ModelsLock = { pins: new PinSet([]), blocked: new Map() };

/** An entry as lock files of this family write it; what a registry adds to its own entries is read past. */
const entrySchema = z.strictObject({
  name: NAME_LINE.optional(),
  filename: FILE_NAME.optional(),
  sha256: SHA256.optional(),
  files: z.array(z.strictObject({
    path: INNER_PATH,
    sha256: SHA256,
    size_bytes: z.int().min(0).optional(),
  })).min(1).max(50_000).optional(),
  blocked: z.boolean().default(false),
  blocked_reason: NAME_LINE.optional(),
  format: z.string().optional(),
  source: z.string().max(4096).optional(),
  source_revision: z.string().max(256).optional(),
  size_bytes: z.int().min(0).optional(),
  promoted_at: z.string().optional(),
  scan_results: z.record(z.string(), z.unknown()).optional(),
  scanner_versions: z.record(z.string(), z.unknown()).optional(),
  policy_version: z.string().optional(),
  gguf_guard_fingerprint: z.record(z.string(), z.unknown()).optional(),
  gguf_guard_manifest: z.string().optional(),
  notes: z.string().optional(),
});
type Entry = z.output<typeof entrySchema>;

const lockSchema = z.strictObject({
  version: z.literal(1).default(1),
  models: z.array(entrySchema).max(50_000),
});

const LOCK: DocumentKind<typeof lockSchema> = {
  schema: lockSchema,
  maxBytes: 4 * 2 ** 20,
  codes: { syntax: "lock/schema", schema: "lock/schema", forbidden: "lock/schema" },
  check: ({ models }) => [
    ...models.flatMap(entryProblems),
    ...pinConflicts(models.flatMap((entry, i) => {
      const pin = pinOf(entry);
      return pin === null ? [] : [{ pin, path: ["models", i] }];
    })),
  ],
};

/**
 * Reads models.lock.yaml. An empty text is an error, not an empty lock: a file that lost its content must not lose
 * its block list with it.
 */
export function loadLock(file: TextFile): ModelsLock {
  const { models } = loadDocument(LOCK, file);
  const blocked = new Map<Sha256, string>();
  for (const { blocked: isBlocked, sha256, blocked_reason } of models) {
    if (isBlocked && sha256 !== undefined) blocked.set(sha256, blocked_reason ?? "no reason given");
  }
  return { pins: new PinSet(models.flatMap((entry) => pinOf(entry) ?? [])), blocked };
}

/** A blocked entry pins nothing: it says which bytes are bad, not which are good. */
function pinOf({ filename, sha256, files, blocked }: Entry): Pin | null {
  if (blocked || filename === undefined) return null;
  return {
    filename,
    sha256: sha256 ?? null,
    files: (files ?? []).map(({ path, sha256 }) => ({ path, sha256 })),
  };
}

function entryProblems(entry: Entry, index: number): Problem[] {
  const path = ["models", index];
  const refuse = (message: string, key?: string): Problem => ({
    kind: "schema",
    path: key === undefined ? path : [...path, key],
    about: "value",
    message,
  });
  const problems: Problem[] = [];
  if (entry.blocked && entry.sha256 === undefined) problems.push(refuse("a blocked entry needs a sha256"));
  if (!entry.blocked && entry.filename === undefined) problems.push(refuse("a pin needs a filename"));
  if (!entry.blocked && entry.sha256 === undefined && entry.files === undefined) {
    problems.push(refuse("a pin needs a sha256, or files with one each"));
  }
  if (!entry.blocked && entry.blocked_reason !== undefined) {
    problems.push(refuse("has no effect without blocked: true", "blocked_reason"));
  }
  const paths = (entry.files ?? []).map((file) => file.path);
  if (new Set(paths).size < paths.length) problems.push(refuse("names one path twice", "files"));
  return problems;
}
