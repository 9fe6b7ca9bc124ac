import * as z from "zod";
import { type ArtifactFormat, parseSha256 } from "../model/mod.ts";

/** Largest request a registry reads and largest reply about one model a client reads. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Largest manifest file, and largest list of models a client reads. */
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
export const MAX_MODELS = 10_000;

/**
 * What can be registered. `diffusion-directory` is the name registries know; a directory without a diffusion index
 * gets our own name for it, so that nobody loads it as a pipeline.
 */
export const REGISTRY_FORMATS = [
  "gguf",
  "safetensors",
  "diffusion-directory",
  "model-directory",
] as const satisfies readonly ArtifactFormat[];
export type RegistryFormat = typeof REGISTRY_FORMATS[number];

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/).transform(parseSha256);

/** Small string-to-string evidence: stage results, tool versions. */
const notesSchema = z.record(z.string(), z.string().max(1024))
  .refine((notes) => Object.keys(notes).length <= 64, "more than 64 entries");

/** A registry name: 1 to 512 characters, no NUL, no blanks around it. */
export const nameSchema = z.string().min(1).max(512)
  .refine((name) => name.trim() === name && !name.includes("\0"), "blanks around it, or NUL");

/** One visible path component, at most 255 bytes. */
export const filenameSchema = z.string().regex(/^[^/\\\0.][^/\\\0]*$/u)
  .refine((name) => new TextEncoder().encode(name).byteLength <= 255, "longer than 255 bytes");

/**
 * One registered model as it stands in manifest.json and in replies. A key that is not listed is refused, because
 * other registries that may take the file over do the same. Empty optional values are left out.
 */
export const entrySchema = z.strictObject({
  name: nameSchema,
  format: z.enum(REGISTRY_FORMATS),
  filename: filenameSchema,
  sha256: sha256Schema,
  size_bytes: z.int().min(1),
  source: z.string().max(4096).optional(),
  promoted_at: z.iso.datetime({ offset: true }),
  scan_results: notesSchema.optional(),
  scanner_versions: notesSchema.optional(),
  policy_version: z.string().max(256).optional(),
  source_revision: z.string().max(256).optional(),
  gguf_guard_fingerprint: z.record(z.string(), z.json()).optional(),
  gguf_guard_manifest: z.string().max(4096).optional(),
});
export type RegistryEntry = z.output<typeof entrySchema>;

/** The manifest file. Names and file names are unique; the order is the order of promotion. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  models: z.array(entrySchema).max(MAX_MODELS)
    .refine((models) => isUnique(models.map((m) => m.name)), "two models have one name")
    .refine((models) => isUnique(models.map((m) => m.filename)), "two models have one filename"),
});

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

/**
 * A promote request as the server reads it. Keys of other dialects are ignored, `null` counts as absent; whether
 * the required three are there is checked afterwards, because the reply differs.
 */
export const promoteBodySchema = z.object({
  name: z.string().nullish(),
  filename: z.string().nullish(),
  sha256: z.string().nullish(),
  size_bytes: z.int().min(0).nullish(),
  source: z.string().max(4096).nullish(),
  source_revision: z.string().max(256).nullish(),
  policy_version: z.string().max(256).nullish(),
  scan_results: notesSchema.nullish(),
  scanner_versions: notesSchema.nullish(),
  gguf_guard_fingerprint: z.record(z.string(), z.json()).nullish(),
  gguf_guard_manifest: z.string().max(4096).nullish(),
});
export type PromoteBody = z.output<typeof promoteBodySchema>;

/** What a client relies on in any registry's account of a model. Keys it does not know are left aside. */
export const registeredModelSchema = z.object({
  name: z.string(),
  format: z.string(),
  filename: z.string(),
  sha256: sha256Schema,
  size_bytes: z.int().min(0),
  promoted_at: z.string(),
  /** Dialect C: acquired, quarantined, trusted, revoked or deleted. */
  state: z.string().optional(),
  /** Dialect B. */
  blocked: z.boolean().optional(),
});
export type RegisteredModel = z.output<typeof registeredModelSchema>;

/** A containment order, as the incident recorder sends it. */
export const containmentSchema = z.object({
  action: z.string().nullish(),
  incident_id: z.string().max(512).nullish(),
  model_name: z.string().nullish(),
  model_path: z.string().nullish(),
});
export type ContainmentOrder = z.output<typeof containmentSchema>;
