import fs from "node:fs";
import * as z from "zod";
import { FileSource, unlessMissing } from "../files/mod.ts";
import { type JsonLimits, parseJson } from "../formats/strict_json.ts";
import { FormatError, parseSha256, type Sha256 } from "../model/mod.ts";
import { INNER_PATH, NAME_LINE } from "./scalars.ts";

/** Its writers stop at 4 MiB; 25,000 entries, the most a directory may have, need less than this. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 25_000;
const LIMITS: JsonLimits = {
  numbers: "integers",
  maxBytes: MAX_MANIFEST_BYTES,
  maxDepth: 4,
  maxValues: 6 * MAX_FILES,
  maxStringBytes: 16_384,
};

const fileSchema = {
  path: INNER_PATH.refine((path) => !path.includes("\\"), "expected / between names"),
  size: z.int().min(0),
};
const manifestSchema = z.strictObject({
  version: z.literal(1),
  source: z.string().min(1).max(4096),
  repo_id: z.string().regex(/^[\w.-]{1,96}\/[\w.-]{1,96}$/, "expected OWNER/NAME"),
  revision: z.string().regex(/^[0-9a-f]{40}$/, "expected a commit of 40 hexadecimal digits"),
  variant: NAME_LINE.nullable(),
  files: z.array(z.discriminatedUnion("oid_type", [
    z.strictObject({
      ...fileSchema,
      oid_type: z.literal("sha256"),
      oid: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits").transform(parseSha256),
    }),
    z.strictObject({
      ...fileSchema,
      oid_type: z.literal("git-sha1"),
      oid: z.string().regex(/^[0-9a-f]{40}$/, "expected 40 hexadecimal digits"),
    }),
  ])).min(1).max(MAX_FILES),
});

/** One file as the hub stores it: large ones under their SHA-256, the others under Git's name of a blob. */
export type ManifestFile =
  & { readonly path: string; readonly size: number }
  & ({ readonly oid_type: "sha256"; readonly oid: Sha256 } | {
    readonly oid_type: "git-sha1";
    readonly oid: string;
  });

/** What whoever downloaded a directory wrote down about it: which files of which revision it consists of. */
export interface DownloadManifest {
  readonly source: string;
  readonly repo_id: string;
  readonly revision: string;
  readonly variant: string | null;
  readonly files: readonly ManifestFile[];
}

/** The hidden sidecar in which whoever downloaded a directory listed its files. */
export const manifestSidecarName = (name: string): string => `.${name}.hf-manifest.json`;

/** The bytes of the sidecar at a path, or `null` where there is none. Throws as {@link parseDownloadManifest} does. */
export function readManifestBytes(path: string): Uint8Array | null {
  const stat = unlessMissing(() => fs.lstatSync(path));
  if (stat === null) return null;
  if (!stat.isFile()) throw unreadable("it is not a regular file");
  const source = new FileSource(path);
  try {
    const { sizeBytes } = source;
    if (sizeBytes > MAX_MANIFEST_BYTES) throw unreadable(`${sizeBytes} bytes, at most ${MAX_MANIFEST_BYTES}`);
    const bytes = new Uint8Array(sizeBytes);
    return bytes.subarray(0, source.read(0, bytes));
  } finally {
    source.close();
  }
}

/**
 * Reads a `.NAME.hf-manifest.json`. It is as untrusted as the artifact: anything but exactly the known form throws
 * `FormatError` with `integrity/manifest-unreadable`.
 */
export function parseDownloadManifest(bytes: Uint8Array): DownloadManifest {
  const manifest = manifestSchema.safeParse(strictly(bytes));
  if (!manifest.success) {
    const [issue] = manifest.error.issues;
    throw unreadable(`${fieldOf(issue?.path ?? [])}: ${issue?.message ?? "not of its form"}`);
  }
  const paths = new Set<string>();
  for (const { path } of manifest.data.files) {
    if (paths.has(path)) throw unreadable(`${JSON.stringify(path)} is listed twice`);
    paths.add(path);
  }
  return manifest.data;
}

function strictly(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, LIMITS);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw unreadable(cause.message, cause);
  }
}

export function unreadable(why: string, cause?: unknown): FormatError {
  return new FormatError(
    "integrity/manifest-unreadable",
    `the download manifest cannot be read: ${why}`,
    {},
    {
      cause,
    },
  );
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (so, step) => so + (typeof step === "number" ? `[${step}]` : `.${String(step)}`),
    "$",
  );
}
