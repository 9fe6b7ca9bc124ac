import fs from "node:fs";
import { basename } from "node:path";
import { FileSource, unlessMissing } from "../files/mod.ts";
import { type SignatureFile, UndecidedError } from "../model/mod.ts";
import { MAX_SIGNATURE_BYTES, SIGNATURE_SUFFIXES } from "../provenance/files.ts";

/** The signatures that stand beside a path: under its name with an ending by which publishers mark them. */
export function signaturesBeside(path: string): readonly SignatureFile[] {
  return SIGNATURE_SUFFIXES.flatMap((suffix) => {
    const stat = unlessMissing(() => fs.lstatSync(path + suffix));
    if (stat === null) return [];
    const readable = stat.isFile() && stat.size <= MAX_SIGNATURE_BYTES;
    return [{ name: basename(path + suffix), bytes: readable ? read(path + suffix) : null }];
  });
}

/** Null where it grew or was replaced meanwhile: then it is no signature that could be judged. */
function read(path: string): Uint8Array | null {
  try {
    const source = new FileSource(path);
    try {
      const bytes = new Uint8Array(Math.min(source.sizeBytes, MAX_SIGNATURE_BYTES));
      return bytes.subarray(0, source.read(0, bytes));
    } finally {
      source.close();
    }
  } catch (error) {
    if (error instanceof UndecidedError) return null;
    throw error;
  }
}
