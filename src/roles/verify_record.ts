import { Buffer } from "node:buffer";
import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { isSignedBy } from "../provenance/attest/own_key.ts";
import { PROVENANCE_SUFFIX, SIGNATURE_SUFFIX } from "../provenance/record.ts";
import { knownPublicKeys } from "./signing_key.ts";
import { verityWithTool } from "./verity.ts";
import type { World } from "./world.ts";

const signatureOf = (path: string): string | null =>
  unlessMissing(() => fs.readFileSync(path + SIGNATURE_SUFFIX, "utf8"));

/** What is wrong with the signature of a record. None at all is not wrong: it is said by {@link signatureLine}. */
export function signatureFaults(world: World, path: string, record: string): string[] {
  const signature = signatureOf(path);
  const keys = knownPublicKeys(world.env);
  if (signature === null || keys.length === 0) return [];
  const bytes = Buffer.from(record);
  return keys.some((key) => isSignedBy(key, bytes, signature))
    ? []
    : ["the record's signature is by none of the public keys known here, or the record was changed"];
}

/** Who signed the record, for a person. */
export function signatureLine(world: World, path: string): string {
  const signature = signatureOf(path);
  if (signature === null) return "the record is unsigned";
  const bytes = fs.readFileSync(path + PROVENANCE_SUFFIX);
  const signer = knownPublicKeys(world.env).find((key) => isSignedBy(key, bytes, signature));
  return signer === undefined
    ? "the record is signed; no public key to check it with is known here"
    : `the record is signed by ${signer.keyId}`;
}

interface SealedRecord {
  readonly integrity?: {
    readonly fsverity_digest: string | null;
    readonly fsverity_files?: Readonly<Record<string, string>> | undefined;
  } | undefined;
}

/** Where the kernel measures something else than the record says it sealed. */
export async function sealFaults(path: string, { integrity }: SealedRecord): Promise<string[]> {
  if (integrity === undefined) return [];
  const { fsverity_digest, fsverity_files } = integrity;
  const sealed = fsverity_files ?? (fsverity_digest === null ? {} : { "": fsverity_digest });
  const verity = verityWithTool();
  const faults = await Promise.all(
    Object.entries(sealed).map(async ([file, expected]) => {
      const found = await verity.measure(join(path, file));
      return found === expected
        ? []
        : [`fs-verity${file === "" ? "" : ` of ${file}`}: expected ${expected}, ${found ?? "not sealed"}`];
    }),
  );
  return faults.flat();
}
