import fs from "node:fs";
import { join } from "node:path";
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
    writeDurably(savedPath(claim), `{"schema": 1, "entries": [\n${lines}\n]}\n`);
  }
}

const savedPath = (claim: Claim): string => join(claim.directory, "manifest.json");

/** Puts a claim's manifest beside the promoted model; an artifact without weights has none. */
export function publishManifest(claim: Claim, registry: string): void {
  const text = unlessMissing(() => fs.readFileSync(savedPath(claim)));
  if (text !== null) writeDurably(join(registry, claim.record.name + MANIFEST_SUFFIX), text, 0o644);
}
