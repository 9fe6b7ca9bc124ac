import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { ArtifactFault, measureArtifact, type Measured } from "./measure_artifact.ts";
import { type ManifestStore, StoreError } from "./store.ts";
import { moveRecords, readContainments, recordContainment } from "./containment.ts";
import { containArtifact, removeArtifact } from "./artifact_bytes.ts";
import {
  type ContainmentOrder,
  entrySchema,
  filenameSchema,
  nameSchema,
  type PromoteBody,
  REGISTRY_FORMATS,
  type RegistryEntry,
} from "./wire.ts";

export interface RegistryDeps {
  readonly store: ManifestStore;
  readonly registryDir: string;
  /** Where contained models go; outside the registry directory, so that nothing takes them for models. */
  readonly containedDir: string;
  /** What follows a model's name in the names of the records that stand beside it. */
  readonly recordSuffixes: readonly string[];
  /** Hashes bytes that are to be registered; `measureArtifact` when left out. */
  readonly measure?: typeof measureArtifact;
  readonly now: () => Date;
  /** Aborts when the program stops and can wait no longer. */
  readonly signal: AbortSignal;
}

/** A request that is answered with an error status; the message is the reply's text. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  constructor(readonly status: 400 | 403 | 404 | 409 | 413 | 500, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

export type ModelCheck =
  | { readonly name: string; readonly status: "verified"; readonly sha256: string }
  | {
    readonly name: string;
    readonly status: "failed";
    readonly expected: string;
    readonly actual: string;
    readonly error: string;
  };

export interface IntegrityResult {
  readonly status: "ok" | "failed";
  readonly models: readonly ModelCheck[];
  readonly checked: number;
}

export interface Containment {
  readonly incidentId: string;
  readonly entry: RegistryEntry;
  readonly containedAs: string;
}

/** What a registry does, without the HTTP around it. Every method that fails throws {@link RequestRefused}. */
export class Registry {
  #lastIntegrity: IntegrityResult | null = null;
  #verifying: Promise<unknown> = Promise.resolve();
  #verifyingAll: Promise<IntegrityResult> | null = null;

  constructor(private readonly deps: RegistryDeps) {}

  get entries(): readonly RegistryEntry[] {
    return this.deps.store.entries;
  }

  get lastIntegrity(): IntegrityResult | null {
    return this.#lastIntegrity;
  }

  isIntact(): boolean {
    return this.deps.store.isIntact();
  }

  find(name: string): RegistryEntry {
    const entry = this.deps.store.find(name);
    if (entry === null) throw new RequestRefused(404, "model not found");
    return entry;
  }

  /** Aborts when requests are to be broken off. */
  get stopping(): AbortSignal {
    return this.deps.signal;
  }

  get directory(): string {
    return this.deps.registryDir;
  }

  /** Where a model lies, provided that something does. */
  existingPathOf(entry: RegistryEntry): string {
    const path = this.#pathOf(entry);
    if (unlessMissing(() => fs.lstatSync(path)) === null) {
      throw new RequestRefused(404, "model file not found on disk");
    }
    return path;
  }

  #pathOf(entry: RegistryEntry): string {
    return join(this.deps.registryDir, entry.filename);
  }

  /**
   * Registers bytes that already lie in the registry directory, after hashing them itself. The same name, filename
   * and digest again gives the entry that is there; another digest or filename is a conflict.
   */
  async promote(body: PromoteBody): Promise<RegistryEntry> {
    const { name, filename, sha256 } = requireIdentity(body);
    const measured = await this.#measureForPromotion(filename);
    if (measured.sha256 !== sha256) {
      throw new RequestRefused(
        409,
        `hash verification failed: expected ${sha256}, the file has ${measured.sha256}`,
      );
    }
    if (body.size_bytes && body.size_bytes !== measured.sizeBytes) {
      throw new RequestRefused(409, "size_bytes does not match copied artifact");
    }
    const contained = readContainments(this.deps.containedDir).find((record) => record.sha256 === sha256);
    if (contained !== undefined) {
      throw new RequestRefused(
        403,
        `artifact validation failed: contained by incident ${contained.incident_id}`,
      );
    }
    // From here on nothing waits, so no other request comes between the look and the write.
    const taken = this.entries.find((entry) => entry.name === name || entry.filename === filename);
    if (taken === undefined) return this.#register(entryOf(name, filename, body, measured, this.deps.now()));
    if (taken.name === name && taken.filename === filename && taken.sha256 === sha256) return taken;
    throw new RequestRefused(409, "model name or final filename already exists");
  }

  /** Hashes one model again. */
  async verify(entry: RegistryEntry): Promise<ModelCheck> {
    // One at a time: hashing is all this machine's disk can do, and the routes may be open to read.
    const check = this.#verifying.then(() => this.#check(entry));
    this.#verifying = check.catch(() => {});
    return await check;
  }

  /** Hashes every model again. Calls that come meanwhile share the run; its result stays readable afterwards. */
  verifyAll(): Promise<IntegrityResult> {
    this.#verifyingAll ??= this.#checkAll().finally(() => this.#verifyingAll = null);
    return this.#verifyingAll;
  }

  /** Deletes the bytes, then the entry: after a crash in between, asking again finishes it. */
  async remove(entry: RegistryEntry): Promise<void> {
    this.#requireIntact();
    await removeArtifact(this.#pathOf(entry));
    this.#save(() => this.deps.store.remove(entry.name));
  }

  /** Takes a model out of use and keeps its bytes for the investigation. */
  async contain(order: ContainmentOrder): Promise<Containment> {
    const { incident_id: incidentId } = order;
    if (order.action !== "quarantine" || !incidentId?.trim()) {
      throw new RequestRefused(400, "action=quarantine and incident_id are required");
    }
    if (!order.model_name && !order.model_path) {
      throw new RequestRefused(400, "model_name or model_path is required");
    }
    const entry = this.#findForContainment(order);
    this.#requireIntact();
    const { containedDir, recordSuffixes, now } = this.deps;
    const containedAs = await containArtifact(this.#pathOf(entry), containedDir, incidentId);
    if (containedAs === null) throw new RequestRefused(409, "containment target already exists");
    await moveRecords(this.#pathOf(entry), recordSuffixes, containedDir, containedAs);
    recordContainment(containedDir, entry, { incidentId, containedAs, at: now() });
    this.#save(() => this.deps.store.remove(entry.name));
    return { incidentId, entry, containedAs };
  }

  #findForContainment({ model_name: name, model_path: path }: ContainmentOrder): RegistryEntry {
    const entry = this.entries.find((e) => name ? e.name === name : this.#pathOf(e) === path);
    if (entry === undefined) throw new RequestRefused(404, "model not found");
    return entry;
  }

  async #measureForPromotion(filename: string): Promise<Measured> {
    try {
      const { measure = measureArtifact, registryDir, signal } = this.deps;
      const measured = await measure(join(registryDir, filename), signal);
      if (measured.sizeBytes > 0) return measured;
    } catch (cause) {
      if (cause instanceof ArtifactFault) throw refusalOf(cause);
      throw cause;
    }
    throw new RequestRefused(403, "artifact validation failed: it is empty");
  }

  #register(entry: RegistryEntry): RegistryEntry {
    this.#save(() => this.deps.store.add(entry));
    return entry;
  }

  #requireIntact(): void {
    if (!this.isIntact()) {
      throw new RequestRefused(500, "failed to save manifest: manifest.json was changed by another program");
    }
  }

  #save(change: () => void): void {
    try {
      change();
    } catch (cause) {
      const why = cause instanceof StoreError ? cause.message : "the write failed";
      throw new RequestRefused(500, `failed to save manifest: ${why}`, { cause });
    }
  }

  async #checkAll(): Promise<IntegrityResult> {
    const models: ModelCheck[] = [];
    for (const entry of this.entries) {
      // A model that was deleted meanwhile is no failure.
      if (this.entries.includes(entry)) models.push(await this.verify(entry));
    }
    const failed = models.some((model) => model.status === "failed");
    return this.#lastIntegrity = { status: failed ? "failed" : "ok", models, checked: models.length };
  }

  async #check(entry: RegistryEntry): Promise<ModelCheck> {
    const { name, sha256: expected } = entry;
    const failed = (actual: string, error: string): ModelCheck => ({
      name,
      status: "failed",
      expected,
      actual,
      error,
    });
    try {
      const { sha256 } = await measureArtifact(this.#pathOf(entry), this.deps.signal);
      return sha256 === expected ? { name, status: "verified", sha256 } : failed(sha256, "hash mismatch");
    } catch (error) {
      if (error instanceof ArtifactFault) return failed("", error.message);
      throw error;
    }
  }
}

function requireIdentity(body: PromoteBody): { name: string; filename: string; sha256: string } {
  const name = body.name?.trim();
  const { filename, sha256 } = body;
  if (!name || !filename || !sha256) throw new RequestRefused(400, "name, filename, and sha256 are required");
  if (!nameSchema.safeParse(name).success) {
    throw new RequestRefused(400, "invalid name: 1 to 512 characters, no NUL");
  }
  if (!filenameSchema.safeParse(filename).success) {
    throw new RequestRefused(
      400,
      "invalid filename: must be one visible path component of at most 255 bytes",
    );
  }
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new RequestRefused(400, "sha256 must be a lowercase 64-character hexadecimal digest");
  }
  return { name, filename, sha256 };
}

function refusalOf(fault: ArtifactFault): RequestRefused {
  switch (fault.kind) {
    case "format":
      return new RequestRefused(403, `format "" not allowed; permitted: ${REGISTRY_FORMATS.join(", ")}`);
    case "unsafe":
      return new RequestRefused(403, `artifact validation failed: ${fault.message}`, { cause: fault });
    case "missing":
    case "changed":
      return new RequestRefused(409, `hash verification failed: ${fault.message}`, { cause: fault });
  }
}

/** The entry as it is stored: what was measured counts, what is empty is left out, keys in the schema's order. */
function entryOf(
  name: string,
  filename: string,
  body: PromoteBody,
  measured: Measured,
  now: Date,
): RegistryEntry {
  return entrySchema.parse({
    name,
    format: measured.format,
    filename,
    sha256: measured.sha256,
    size_bytes: measured.sizeBytes,
    source: body.source || undefined,
    promoted_at: now.toISOString().replace(/\.\d+Z$/, "Z"),
    scan_results: unlessEmpty(body.scan_results),
    scanner_versions: unlessEmpty(body.scanner_versions),
    policy_version: body.policy_version || undefined,
    source_revision: body.source_revision || undefined,
    gguf_guard_fingerprint: unlessEmpty(body.gguf_guard_fingerprint),
    gguf_guard_manifest: body.gguf_guard_manifest || undefined,
  });
}

function unlessEmpty<T extends object>(value: T | null | undefined): T | undefined {
  return value && Object.keys(value).length > 0 ? value : undefined;
}
