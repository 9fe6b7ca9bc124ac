import { Buffer } from "node:buffer";
import fs from "node:fs";
import { basename, join } from "node:path";
import { FileSource, unlessMissing } from "../files/mod.ts";
import { type SignatureFile, UndecidedError } from "../model/mod.ts";
import { LAYOUT_SUFFIX, MAX_SIGNATURE_BYTES, SIGNATURE_SUFFIXES } from "../provenance/files.ts";

/** Of a layout only what describes and signs is taken; the layers themselves are the model, or not wanted. */
const MAX_BLOB_BYTES = 256 * 1024;
const MAX_BLOBS = 200;

/**
 * The signatures that stand beside a path: under its name with an ending by which publishers mark them, or as an OCI
 * layout. They are read and not looked into.
 */
export function signaturesBeside(path: string): readonly SignatureFile[] {
  const files = SIGNATURE_SUFFIXES.flatMap((suffix) => {
    const stat = unlessMissing(() => fs.lstatSync(path + suffix));
    return stat === null
      ? []
      : [{ name: basename(path + suffix), bytes: read(path + suffix, MAX_SIGNATURE_BYTES) }];
  });
  const layout = path + LAYOUT_SUFFIX;
  const stat = unlessMissing(() => fs.lstatSync(layout));
  if (stat === null) return files;
  return [...files, { name: basename(layout), bytes: stat.isDirectory() ? packedLayout(layout) : null }];
}

/** Null where it is no plain file, too large, or was replaced meanwhile: then it is nothing that could be judged. */
function read(path: string, maxBytes: number): Uint8Array | null {
  const stat = fs.lstatSync(path);
  if (!stat.isFile() || stat.size > maxBytes) return null;
  try {
    const source = new FileSource(path);
    try {
      const bytes = new Uint8Array(Math.min(source.sizeBytes, maxBytes));
      return bytes.subarray(0, source.read(0, bytes));
    } finally {
      source.close();
    }
  } catch (error) {
    if (error instanceof UndecidedError) return null;
    throw error;
  }
}

/** The small blobs of a layout in one text; null where there are more of them than any signed image has. */
function packedLayout(path: string): Uint8Array | null {
  const folder = join(path, "blobs", "sha256");
  const parts = [join(path, "blobs"), folder].map((part) => unlessMissing(() => fs.lstatSync(part)));
  if (!parts.every((stat) => stat?.isDirectory() === true)) return null; // Links are not followed.
  const names = fs.readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name));
  if (names.length > MAX_BLOBS) return null;
  const blobs: Record<string, string> = {};
  let size = 0;
  for (const name of names.sort()) {
    const bytes = read(join(folder, name), MAX_BLOB_BYTES);
    if (bytes === null) continue;
    size += bytes.byteLength;
    if (size > MAX_SIGNATURE_BYTES / 2) return null;
    blobs[name] = Buffer.from(bytes).toString("base64");
  }
  return new TextEncoder().encode(JSON.stringify({ blobs }));
}
