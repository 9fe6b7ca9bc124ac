import { createHash } from "node:crypto";
import fs from "node:fs";
import * as z from "zod";
import { type FindVouched, MANIFEST_SUFFIX } from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { isIntact } from "../measure/manifest.ts";
import type { Policy } from "../model/mod.ts";
import { type Brought, reuse, UnusableAttestation } from "../provenance/attest/reuse.ts";
import { ATTESTATION_SUFFIX } from "../provenance/record.ts";
import { modelFrom } from "./inspection.ts";

const MAX_ATTESTATION_BYTES = 8 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** Looks for what a trusted peer says: only where the policy names one. */
export function vouchedBy(policy: Policy, suite: () => string, now: () => Date): FindVouched {
  if (policy.trustAttestations.length === 0) return () => null;
  const suiteSha256 = sha256Of(suite());
  return (stem, digest) => {
    const attestation = readSmall(stem + ATTESTATION_SUFFIX, MAX_ATTESTATION_BYTES);
    if (attestation === null) return null;
    const manifest = readSmall(stem + MANIFEST_SUFFIX, MAX_MANIFEST_BYTES);
    if (manifest === null) throw new UnusableAttestation("no manifest came with it");
    const brought = { attestation, merkleRoots: rootsOf(manifest) };
    return { attested: reuse(brought, { digest, policy, suiteSha256, now: now() }), manifest };
  };
}

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Reads a sidecar: a plain file of bounded size, or it is of no use. */
function readSmall(path: string, maxBytes: number): string | null {
  const stat = unlessMissing(() => fs.lstatSync(path));
  if (stat === null) return null;
  if (!stat.isFile() || stat.size > maxBytes) {
    throw new UnusableAttestation(`what came with it is not a file of at most ${maxBytes} bytes`);
  }
  return fs.readFileSync(path, "utf8");
}

const manifestFileSchema = z.object({ schema: z.literal(1), entries: z.array(z.unknown()) });

/** The roots as they follow from the entries themselves. */
function rootsOf(text: string): Brought["merkleRoots"] {
  let model: ReturnType<typeof modelFrom>;
  try {
    model = modelFrom(manifestFileSchema.parse(JSON.parse(text)).entries);
  } catch (cause) {
    throw new UnusableAttestation("the manifest that came with it is not one", { cause });
  }
  return new Map([...model].map(([path, { manifest }]) => {
    if (!isIntact(sha256Of, manifest)) {
      throw new UnusableAttestation("the manifest that came with it was changed");
    }
    return [path, { root: manifest.merkle_root, fileSha256: manifest.file_sha256 }];
  }));
}
