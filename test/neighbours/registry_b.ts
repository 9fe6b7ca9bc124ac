import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import type { Answer, Seen } from "./fault_registry.ts";
import { bearerOf, goError, goJson, NOT_FOUND, routeOf, strictObject } from "./go_replies.ts";

/** One token a scope; the promote token may do nothing but promote. */
export const TOKENS_B = { promote: "b1".repeat(32), read: "b2".repeat(32), admin: "b3".repeat(32) };

const KEYS = [
  ..."name filename staged_filename sha256 size_bytes source source_revision scan_results".split(" "),
  ..."scanner_versions policy_version policy_bundle directory_provenance".split(" "),
  ..."gguf_guard_fingerprint gguf_guard_manifest".split(" "),
];
const FIXED = ["policy.yaml", "models.lock.yaml", "diffusion-models.lock.yaml", "sources.allowlist.yaml"];

export interface PlacesB {
  readonly models: string;
  readonly staging: string;
  /** The policy as it is installed, with `yara/` in it. */
  readonly policy: string;
}

/** A registry of dialect B: its routes, its checks and its words, over real directories. */
export class RegistryB {
  readonly entries: Record<string, unknown>[] = [];

  constructor(private readonly places: PlacesB) {}

  readonly answer = (seen: Seen): Answer => {
    const { route, name } = routeOf(seen);
    const scopes = SCOPES[route];
    if (scopes === undefined) return NOT_FOUND;
    const token = bearerOf(seen);
    if (scopes.length > 0 && !scopes.some((scope) => TOKENS_B[scope] === token)) {
      return goError(403, `{"error":"forbidden: invalid service token"}`);
    }
    switch (route) {
      case "GET /health":
        return goJson(200, {
          status: "ok",
          model_count: this.entries.length,
          registry_dir: this.places.models,
        });
      case "GET /v1/models":
        return goJson(200, this.entries);
      case "GET /v1/model": {
        const entry = this.entries.find((one) => one.name === name);
        return entry === undefined ? goError(404, "model not found") : goJson(200, entry);
      }
      default:
        return this.#promote(seen.body);
    }
  };

  #promote(text: string): Answer {
    const body = strictObject(text, KEYS);
    if (body === null || typeof body.policy_version !== "string") return goError(400, "invalid request body");
    const { name, filename, sha256, staged_filename: staged } = body;
    if (!name || !filename || !sha256) return goError(400, "name, filename, and sha256 are required");
    if (typeof staged !== "string" || staged === "") {
      return goError(403, "direct promotion is disabled; staged_filename is required");
    }
    const fault = this.#policyFault(body);
    if (fault !== null) return goError(403, `policy evidence rejected: ${fault}`);
    const path = join(this.places.staging, staged);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.nlink > 1) {
      return goError(403, "cannot copy staged artifact: staged artifact must be a regular file");
    }
    const bytes = fs.readFileSync(path);
    if (digest(bytes) !== sha256) return goError(409, `hash verification failed: hash mismatch`);
    if (body.size_bytes !== bytes.byteLength) {
      return goError(409, "size_bytes does not match copied artifact");
    }
    if (this.entries.some((one) => one.name === name || one.filename === filename)) {
      return goError(409, "model name or final filename already exists");
    }
    fs.copyFileSync(path, join(this.places.models, String(filename)));
    fs.rmSync(path);
    const { staged_filename: _, ...rest } = body;
    const entry = { ...rest, format: "gguf", promoted_at: "2026-03-08T14:30:00Z" };
    this.entries.push(entry);
    return goJson(201, entry);
  }

  /** Hashes what is installed itself and compares. */
  #policyFault({ policy_bundle: bundle, policy_version: version }: Record<string, unknown>): string | null {
    if (typeof bundle !== "object" || bundle === null || !("components" in bundle) || !("sha256" in bundle)) {
      return "complete version-1 policy_bundle evidence is required";
    }
    const rules = fs.readdirSync(join(this.places.policy, "yara")).map((file) => `yara/${file}`).sort();
    const sink = createHash("sha256").update("SecAI-Policy-Bundle-v1\0");
    const components = new Map(Object.entries(Object(bundle.components)));
    for (const file of [...FIXED, ...rules]) {
      const own = digest(fs.readFileSync(join(this.places.policy, file)));
      if (components.get(file) !== own) return `installed policy component ${file} does not match evidence`;
      const length = new Uint8Array(8);
      length[7] = file.length;
      sink.update(length).update(file).update(Uint8Array.fromHex(own));
    }
    if (components.size !== FIXED.length + rules.length) return "installed YARA rules do not match evidence";
    const sum = sink.digest("hex");
    if (bundle.sha256 !== sum) return "policy_bundle digest is inconsistent";
    return version === sum ? null : "policy_version must equal policy_bundle sha256";
  }
}

const SCOPES: Readonly<Record<string, readonly (keyof typeof TOKENS_B)[]>> = {
  "GET /health": [],
  "GET /v1/models": ["read", "admin"],
  "GET /v1/model": ["read", "admin"],
  "POST /v1/model/promote": ["promote"],
};

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
