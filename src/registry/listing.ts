import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { MANIFEST_NAME } from "./store.ts";
import { manifestSchema, type RegistryEntry } from "./wire.ts";

/** What the manifest of a registry directory lists, without asking the registry. A missing one lists nothing. */
export function readManifestEntries(registryDir: string): readonly RegistryEntry[] {
  const path = join(registryDir, MANIFEST_NAME);
  const text = unlessMissing(() => fs.readFileSync(path, "utf8"));
  if (text === null) return [];
  try {
    return manifestSchema.parse(JSON.parse(text)).models;
  } catch (cause) {
    throw new StartupError("state/unreadable", `Cannot read ${path}: it is not a registry manifest`, {
      cause,
    });
  }
}
