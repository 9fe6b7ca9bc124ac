import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { unlessMissing, writeDurably } from "../files/mod.ts";
import type { Json } from "../model/mod.ts";
import type { Claim } from "./claim.ts";

/** Stands beside a promoted model: every tensor with its digest, place and fingerprint. */
export const MANIFEST_SUFFIX = ".manifest.json";

/** Collects the entries of the manifest as the examiner reports them. */
export class ManifestEntries {
  readonly #entries: Json[] = [];

  readonly record = (entry: Json): void => void this.#entries.push(entry);

  /** Keeps the manifest with the claim, so that it outlives a restart. */
  save(claim: Claim): void {
    if (this.#entries.length === 0) return;
    const lines = this.#entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n");
    saveManifest(claim, `{"schema": 1, "entries": [\n${lines}\n]}\n`);
  }
}

/** Keeps a manifest with the claim that a trusted peer made of these very bytes. */
export function saveManifest(claim: Claim, text: string): void {
  writeDurably(savedPath(claim), text);
}

const savedPath = (claim: Claim): string => join(claim.directory, "manifest.json");

/** The claim's manifest as it will stand beside the promoted model; an artifact without weights has none. */
export function savedManifest(claim: Claim): string | null {
  return unlessMissing(() => fs.readFileSync(savedPath(claim), "utf8"));
}

export interface WeightSummary {
  /** Root by path of the weight file; the empty path is a single file. */
  readonly merkleRoots: Readonly<Record<string, string>>;
  /** How many tensors of each type. */
  readonly tensorTypes: Readonly<Record<string, number>>;
}

const summarySchema = z.object({
  entries: z.array(z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("tensor"), type: z.string() }),
    z.object({ kind: z.literal("manifest"), file: z.string().nullable(), merkle_root: z.string() }),
  ])),
});

/** What records say of the weights. */
export function summaryOfWeights(claim: Claim): WeightSummary {
  const text = savedManifest(claim);
  const entries = text === null ? [] : summarySchema.parse(JSON.parse(text)).entries;
  const merkleRoots: Record<string, string> = {};
  const tensorTypes: Record<string, number> = {};
  for (const entry of entries) {
    if (entry.kind === "manifest") merkleRoots[entry.file ?? ""] = entry.merkle_root;
    else tensorTypes[entry.type] = (tensorTypes[entry.type] ?? 0) + 1;
  }
  return { merkleRoots, tensorTypes };
}
