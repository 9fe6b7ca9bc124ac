import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { unlessMissing, writeDurably } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { manifestSchema, MAX_MANIFEST_BYTES, MAX_MODELS, type RegistryEntry } from "./wire.ts";

export const MANIFEST_NAME = "manifest.json";

export interface StorePlaces {
  /** REGISTRY_DIR: model blobs and manifest.json. */
  readonly registryDir: string;
  /** Where the digest of our last manifest is kept, outside the registry directory. */
  readonly pinPath: string;
}

/** The manifest could not be written; nothing was changed. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

const pinSchema = z.strictObject({ schema: z.int(), manifests: z.array(z.string()).min(1).max(2) });
const PIN_SCHEMA = 1;
/** Stands for the digest of a manifest that does not exist yet. */
const ABSENT = "absent";

/**
 * The list of registered models, `manifest.json`, owned by one process. It is written whole or not at all, and never
 * over somebody else's change: the digest of the file as we left it is kept outside the directory, and a file that
 * differs from it stops both the next write and the next start.
 */
export class ManifestStore {
  #entries: readonly RegistryEntry[];
  #digest: string;

  private constructor(
    private readonly places: StorePlaces,
    private readonly lock: Deno.FsFile,
    text: string | null,
  ) {
    this.#entries = text === null ? [] : parseManifest(text, manifestPath(places));
    this.#digest = digestOf(text);
  }

  /**
   * Takes the directory's lock and reads the manifest. Throws `StartupError`: `state/locked` when another process
   * has it, `state/unreadable` when the file is not a manifest or not the one we left, `state/newer-schema`.
   */
  static open(places: StorePlaces): ManifestStore {
    const lock = takeLock(places.registryDir);
    try {
      const text = readManifest(places);
      const store = new ManifestStore(places, lock, text);
      requirePinned(places, store.#digest);
      return store;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** In the order of promotion. */
  get entries(): readonly RegistryEntry[] {
    return this.#entries;
  }

  find(name: string): RegistryEntry | null {
    return this.#entries.find((entry) => entry.name === name) ?? null;
  }

  /** Whether the file is still the one this process wrote or read last. */
  isIntact(): boolean {
    if (lookAtManifest(manifestPath(this.places)) === "other") return false;
    return digestOf(readManifest(this.places)) === this.#digest;
  }

  /** Appends an entry whose name and filename are free. Throws `StoreError`. */
  add(entry: RegistryEntry): void {
    if (this.#entries.length >= MAX_MODELS) throw new StoreError(`more than ${MAX_MODELS} models`);
    this.#write([...this.#entries, entry]);
  }

  /** Removes an entry by name. Throws `StoreError`. */
  remove(name: string): void {
    this.#write(this.#entries.filter((entry) => entry.name !== name));
  }

  /** Gives up the directory's lock. */
  close(): void {
    this.lock.close();
  }

  #write(entries: readonly RegistryEntry[]): void {
    const text = `${JSON.stringify({ version: 1, models: entries }, null, 2)}\n`;
    if (new TextEncoder().encode(text).byteLength > MAX_MANIFEST_BYTES) {
      throw new StoreError(`the manifest would exceed ${MAX_MANIFEST_BYTES} bytes`);
    }
    if (!this.isIntact()) throw new StoreError(`${MANIFEST_NAME} was changed by another program`);
    const digest = digestOf(text);
    // Both digests are good until the manifest is replaced, so a crash in between leaves a state that starts.
    writePin(this.places, [this.#digest, digest]);
    const path = manifestPath(this.places);
    writeDurably(path, text, 0o644);
    fs.chmodSync(path, 0o644); // whatever the umask: other services read the manifest
    this.#entries = entries;
    this.#digest = digest;
    writePin(this.places, [digest]);
  }
}

function manifestPath(places: StorePlaces): string {
  return join(places.registryDir, MANIFEST_NAME);
}

function takeLock(registryDir: string): Deno.FsFile {
  let directory: Deno.FsFile;
  try {
    directory = Deno.openSync(registryDir);
  } catch (cause) {
    throw new StartupError("state/unreadable", `Cannot open registry directory ${registryDir}`, { cause });
  }
  if (directory.tryLockSync(true)) return directory;
  directory.close();
  throw new StartupError("state/locked", `Cannot use ${registryDir}: another registry is running on it`);
}

function readManifest(places: StorePlaces): string | null {
  const path = manifestPath(places);
  switch (lookAtManifest(path)) {
    case "absent":
      return null;
    case "file":
      return fs.readFileSync(path, "utf8");
    case "other":
      throw new StartupError("state/unreadable", `Cannot read ${path}: not a file of at most 16 MiB`);
  }
}

function lookAtManifest(path: string): "absent" | "file" | "other" {
  const stat = unlessMissing(() => fs.lstatSync(path));
  if (stat === null) return "absent";
  return stat.isFile() && stat.size <= MAX_MANIFEST_BYTES ? "file" : "other";
}

function parseManifest(text: string, path: string): readonly RegistryEntry[] {
  const json = parseJson(text, path);
  if (z.looseObject({ version: z.int().min(2) }).safeParse(json).success) {
    throw new StartupError("state/newer-schema", `Cannot read ${path}: written by a newer version`);
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data.models;
  throw new StartupError("state/unreadable", `Cannot read ${path}: ${z.prettifyError(parsed.error)}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StartupError("state/unreadable", `Cannot read ${path}: not JSON`, { cause });
  }
}

function digestOf(text: string | null): string {
  return text === null ? ABSENT : createHash("sha256").update(text).digest("hex");
}

/** Adopts the manifest that is there at the first start; later it must be one we left. */
function requirePinned(places: StorePlaces, digest: string): void {
  const { registryDir, pinPath } = places;
  const text = unlessMissing(() => fs.readFileSync(pinPath, "utf8"));
  if (text === null) return writePin(places, [digest]);
  const pin = pinSchema.safeParse(parseJson(text, pinPath));
  if (!pin.success) throw new StartupError("state/unreadable", `Cannot read ${pinPath}: unknown content`);
  if (pin.data.schema > PIN_SCHEMA) {
    throw new StartupError("state/newer-schema", `Cannot read ${pinPath}: written by a newer version`);
  }
  if (pin.data.manifests.includes(digest)) return;
  throw new StartupError(
    "state/unreadable",
    `Cannot trust ${
      join(registryDir, MANIFEST_NAME)
    }: another program changed it since this registry wrote it. ` +
      `Compare it with the provenance records; to accept it as it is, remove ${pinPath}`,
  );
}

function writePin({ pinPath }: StorePlaces, manifests: readonly string[]): void {
  writeDurably(pinPath, `${JSON.stringify({ schema: PIN_SCHEMA, manifests })}\n`, 0o600);
}
