import fs from "node:fs";
import * as z from "zod";
import type { ReferenceManifest } from "../measure/reference_manifest.ts";
import { StartupError } from "../model/mod.ts";

/** A manifest of a million tensors is larger than any model's. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

const digestSchema = z.string().transform((text) => text.replace(/^sha256:/, "").toLowerCase())
  .pipe(z.string().regex(/^[0-9a-f]{64}$/));

const schema = z.object({
  manifest_version: z.literal("1.0"),
  file_hash: digestSchema.optional(),
  file_size: z.int().nonnegative().optional(),
  tensors: z.array(z.object({
    name: z.string(),
    type: z.string(),
    shape: z.array(z.int().nonnegative()),
    data_size: z.int().nonnegative(),
    hash: digestSchema,
  })).min(1),
});

/** Whether a file says that it is one: its version is the first thing that tells it from a manifest of ours. */
export function isReferenceManifest(path: string): boolean {
  return path.endsWith(".json") && /"manifest_version"\s*:\s*"1\.0"/.test(textOf(path));
}

function textOf(path: string): string {
  if (fs.statSync(path).size > MAX_MANIFEST_BYTES) throw new RangeError(`${path} is too large`);
  return fs.readFileSync(path, "utf8");
}

/** Reads a manifest of the reference scanner. Throws `StartupError` for anything else. */
export function readReferenceManifest(path: string): ReferenceManifest {
  try {
    const { file_hash, file_size, tensors } = schema.parse(JSON.parse(textOf(path)));
    return {
      fileSha256: file_hash ?? null,
      sizeBytes: file_size ?? null,
      tensors: tensors.map(({ data_size, hash, ...rest }) => ({
        ...rest,
        sizeBytes: data_size,
        sha256: hash,
      })),
    };
  } catch (cause) {
    throw new StartupError("usage", `Cannot read ${path}: it is not a manifest of tensors`, { cause });
  }
}
