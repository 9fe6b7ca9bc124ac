import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { RegistryClient, type RegistryClientOptions, type TokenReader } from "../../src/registry/mod.ts";
import type { PromoteRequest } from "../../src/model/mod.ts";
import { registryAddress } from "../../src/registry/mod.ts";
import { type RunningRegistry, startRegistry } from "../../src/roles/registry.ts";

export const TOKEN = "9f0c".repeat(16);
export const NOW = new Date("2026-03-08T14:30:00.123Z");

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A registry's directories, empty. */
export class Places {
  readonly root = Deno.makeTempDirSync({ prefix: "registry-" });
  readonly registryDir = join(this.root, "registry");
  readonly stateDir = join(this.root, "state");
  readonly containedDir = join(this.root, "contained-models");
  readonly pinPath = join(this.stateDir, "registry-manifest.json");

  constructor() {
    for (const path of [this.registryDir, this.stateDir]) Deno.mkdirSync(path);
  }

  get manifestPath(): string {
    return join(this.registryDir, "manifest.json");
  }

  manifest(): { version: number; models: Record<string, unknown>[] } {
    return JSON.parse(Deno.readTextFileSync(this.manifestPath));
  }

  /** Puts a blob where the coordinator would, and gives the request that registers it. */
  put(filename: string, content: string, more: Partial<PromoteRequest> = {}): PromoteRequest {
    Deno.writeTextFileSync(join(this.registryDir, filename), content, { mode: 0o444 });
    return request(filename, content, more);
  }

  /** Writes a directory artifact. */
  putTree(name: string, files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.registryDir, name, path);
      Deno.mkdirSync(dirname(target), { recursive: true });
      Deno.writeTextFileSync(target, content);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

export function request(
  filename: string,
  content: string,
  more: Partial<PromoteRequest> = {},
): PromoteRequest {
  return {
    name: filename.replace(/\.(gguf|safetensors)$/, ""),
    filename,
    sha256: sha256(content),
    size_bytes: content.length,
    source: "",
    source_revision: "",
    policy_version: "ab".repeat(32),
    scan_results: { source_policy: "pass", diffusion_deep_scan: "skip" },
    scanner_versions: { modelscan: "0.8.8" },
    ...more,
  };
}

export interface FixtureOptions {
  readonly token?: TokenReader;
  readonly reading?: "guarded" | "open";
}

/** The real registry on a free port, in directories of its own, with the real client. */
export class Fixture extends Places {
  readonly reports: unknown[] = [];
  readonly running: RunningRegistry;
  readonly client: RegistryClient;

  constructor(options: FixtureOptions = {}) {
    super();
    this.running = startRegistry({
      registryDir: this.registryDir,
      stateDir: this.stateDir,
      containedDir: this.containedDir,
      port: 0,
      token: options.token ?? (() => Promise.resolve(TOKEN)),
      reading: options.reading ?? "guarded",
      now: () => NOW,
      report: (error) => this.reports.push(error),
      drainMs: 300,
    });
    this.client = clientOf(this.url);
  }

  get url(): string {
    return `http://127.0.0.1:${this.running.port}`;
  }

  /** One request with the token, unless the headers say otherwise. The body has been read. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop();
    this[Symbol.dispose]();
  }
}

export function clientOf(
  url: string,
  more: Partial<RegistryClientOptions> = {},
): RegistryClient {
  return new RegistryClient({
    baseUrl: registryAddress(url),
    token: () => Promise.resolve(TOKEN),
    readToken: null,
    dialect: "a",
    stagingDir: null,
    policyEvidence: () => {
      throw new Error("No policy is shown to a registry of dialect A");
    },
    timeoutMs: 5_000,
    delays: [],
    ...more,
  });
}
