import { Buffer } from "node:buffer";
import fs from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../files/mod.ts";
import { blobBundle, statementBundle } from "../provenance/attest/bundle.ts";
import {
  ATTESTATION_SUFFIX,
  BOM_SUFFIX,
  BUNDLE_SUFFIX,
  PROVENANCE_SUFFIX,
  SIGNATURE_SUFFIX,
} from "../provenance/record.ts";
import type { Claim } from "./claim.ts";
import type { PromotionIntent } from "./intent.ts";
import type { Line } from "./line.ts";
import { MANIFEST_SUFFIX, savedManifest } from "./manifest.ts";

/** Everything that may stand beside a promoted model, by what follows its name. */
export const RECORD_SUFFIXES = [
  PROVENANCE_SUFFIX,
  SIGNATURE_SUFFIX,
  BUNDLE_SUFFIX,
  ATTESTATION_SUFFIX,
  BOM_SUFFIX,
  MANIFEST_SUFFIX,
] as const;

/** Writes what stands beside a promoted model; signed where there is a key. Safe to do again. Returns the record's path. */
export function writeRecords(line: Line, claim: Claim, intent: PromotionIntent, provenance: string): string {
  const beside = join(line.places.registry, claim.record.name);
  const write = (suffix: string, text: string) => writeDurably(beside + suffix, text, 0o644);
  write(PROVENANCE_SUFFIX, provenance);
  write(BOM_SUFFIX, intent.bill);
  const { signer } = line;
  if (signer !== null) {
    write(SIGNATURE_SUFFIX, signer.sign(Buffer.from(provenance)));
    write(BUNDLE_SUFFIX, blobBundle(provenance, signer));
    write(ATTESTATION_SUFFIX, statementBundle(intent.statement, signer));
  }
  const manifest = savedManifest(claim);
  if (manifest !== null) write(MANIFEST_SUFFIX, manifest);
  return beside + PROVENANCE_SUFFIX;
}

export function removeRecords(line: Line, name: string): void {
  for (const suffix of RECORD_SUFFIXES) fs.rmSync(join(line.places.registry, name + suffix), { force: true });
}
