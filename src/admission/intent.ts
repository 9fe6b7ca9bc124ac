import * as z from "zod";

/**
 * What was decided about a claim, written down before anything is done about it. It holds everything the rest
 * needs, so that a restart can finish without asking a stage again.
 */

const promotionSchema = z.strictObject({
  kind: z.literal("promote"),
  sha256: z.string(),
  size_bytes: z.number(),
  /** The provenance record, as it will stand beside the model. */
  provenance: z.string(),
  /** The in-toto statement, as it will be signed. */
  statement: z.string(),
  /** The AI bill of materials. */
  bill: z.string(),
  request: z.strictObject({
    name: z.string(),
    filename: z.string(),
    sha256: z.string(),
    size_bytes: z.number(),
    source: z.string(),
    source_revision: z.string(),
    policy_version: z.string(),
    scan_results: z.record(z.string(), z.string()),
    scanner_versions: z.record(z.string(), z.string()),
    download_manifest: z.strictObject({
      manifest_sha256: z.string(),
      repo_id: z.string(),
      revision: z.string(),
      variant: z.string().nullable(),
      files_checked: z.number(),
      total_size_bytes: z.number(),
      sha256_files_checked: z.number(),
      git_blob_files_checked: z.number(),
    }).exactOptional(),
  }),
  /** What the policy engine said it allowed the promotion by; null where none is asked. */
  decision: z.record(z.string(), z.string()).nullable().default(null),
  /** Whether a first-use pin is to be recorded. */
  pin: z.boolean(),
  /** Whether the file in the registry directory is ours to remove should the registry refuse; null until known. */
  published: z.enum(["ours", "there-before"]).nullable(),
});

const refusalSchema = z.strictObject({
  kind: z.literal("refuse"),
  word: z.enum(["rejected", "failed", "error"]),
  stage: z.string().nullable(),
  rule: z.string(),
  /** What becomes of the bytes. */
  bytes: z.enum(["reject", "delete", "hold"]),
  report: z.record(z.string(), z.unknown()),
  sha256: z.string().nullable(),
  size_bytes: z.number().nullable(),
  scanner_versions: z.record(z.string(), z.string()),
});

export const intentSchema = z.discriminatedUnion("kind", [promotionSchema, refusalSchema]);

export type PromotionIntent = z.infer<typeof promotionSchema>;
export type RefusalIntent = z.infer<typeof refusalSchema>;
export type Intent = z.infer<typeof intentSchema>;
