import fs from "node:fs";
import { join } from "node:path";
import type { Json } from "../model/mod.ts";

/** fs-verity: the kernel refuses to return bytes of a file that are not those it was sealed with. */
export interface Verity {
  /** Seals a file that this program owns and nobody has open for writing. False where the filesystem cannot. */
  enable(path: string): Promise<boolean>;
  /** `sha256:…` as the kernel measures it, or `null` for a file that is not sealed. */
  measure(path: string): Promise<string | null>;
}

/** Seals a file, or every file of a directory. Stops at the first the filesystem will not seal: it will seal none. */
export async function seal(verity: Verity, path: string): Promise<void> {
  for (const file of filesOf(path)) if (!await verity.enable(join(path, file))) return;
}

/** What the record says about the seal: honest about a filesystem that has none. */
export async function sealOf(verity: Verity, path: string): Promise<Json> {
  const measured = await Promise.all(
    filesOf(path).map(async (file) => [file, await verity.measure(join(path, file))]),
  );
  const enabled = measured.length > 0 && measured.every(([, digest]) => digest !== null);
  const [first] = measured;
  if (!enabled || first === undefined) return { fsverity_enabled: false, fsverity_digest: null };
  return fs.lstatSync(path).isDirectory()
    ? { fsverity_enabled: true, fsverity_digest: null, fsverity_files: Object.fromEntries(measured) }
    : { fsverity_enabled: true, fsverity_digest: first[1] ?? null };
}

/** Paths below a directory, sorted; of a file, the empty path. */
function filesOf(path: string): string[] {
  if (!fs.lstatSync(path).isDirectory()) return [""];
  return fs.readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((inner) => fs.lstatSync(join(path, inner)).isFile()).sort();
}
