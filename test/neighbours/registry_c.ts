import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import type { Answer, Seen } from "./fault_registry.ts";
import { bearerOf, goError, goJson, NOT_FOUND, routeOf, strictObject } from "./go_replies.ts";

export const TOKEN_C = "c0".repeat(32);

const ACQUIRE_KEYS = "name filename sha256 size_bytes source".split(" ");
const PROMOTE_KEYS = [
  ...ACQUIRE_KEYS,
  ..."scan_results scanner_versions policy_version source_revision".split(" "),
  ..."gguf_guard_fingerprint gguf_guard_manifest".split(" "),
];

interface EntryC {
  readonly name: string;
  readonly filename: string;
  readonly sha256: string;
  state: "acquired" | "quarantined" | "trusted" | "revoked" | "deleted";
  readonly [key: string]: unknown;
}

/** A registry of dialect C: acquire, quarantine, promote, in its words, over a real directory. */
export class RegistryC {
  readonly entries: EntryC[] = [];
  /** What was done, in order. */
  readonly events: string[] = [];

  constructor(private readonly directory: string) {}

  readonly answer = (seen: Seen): Answer => {
    const { route, name } = routeOf(seen);
    if (route === "GET /health") return goJson(200, { status: "ok" });
    const handle = this.#routes[route];
    if (bearerOf(seen) !== TOKEN_C) return goError(403, `{"error":"forbidden: invalid service token"}`);
    return handle === undefined ? NOT_FOUND : handle(name, seen.body);
  };

  readonly #routes: Readonly<Record<string, (name: string, body: string) => Answer>> = {
    "GET /v1/models": () => goJson(200, this.entries),
    "GET /v1/stats": () =>
      goJson(200, { model_count: this.entries.length, trusted_count: 0, state_counts: {} }),
    "GET /v1/model": (name) => {
      const entry = this.#find(name);
      return entry === undefined ? goError(404, "model not found") : goJson(200, entry);
    },
    "POST /v1/model/acquire": (_, body) => this.#acquire(body),
    "POST /v1/model/quarantine": (name) => this.#quarantine(name),
    "POST /v1/model/promote": (_, body) => this.#promote(body),
  };

  #find(name: unknown): EntryC | undefined {
    return this.entries.find((entry) => entry.name === name);
  }

  #acquire(text: string): Answer {
    const body = strictObject(text, ACQUIRE_KEYS);
    if (body === null) return goError(400, "invalid request body");
    if (!/\.(gguf|safetensors)$/.test(String(body.filename))) {
      return goError(403, 'format "" not allowed; permitted: gguf, safetensors');
    }
    if (this.entries.some((one) => one.name === body.name || one.filename === body.filename)) {
      return goError(409, "artifact name or filename is already registered");
    }
    const { name, filename, sha256 } = body;
    const entry: EntryC = {
      ...body,
      name: String(name),
      filename: String(filename),
      sha256: String(sha256),
      format: "gguf",
      promoted_at: "2026-03-08T14:30:00Z",
      state: "acquired",
    };
    this.entries.push(entry);
    this.events.push(`acquire ${entry.name}`);
    return goJson(201, entry);
  }

  #quarantine(name: string): Answer {
    const entry = this.#find(name);
    if (entry === undefined) return goError(404, "model not found");
    if (entry.state === "quarantined") return goJson(200, { status: "already_quarantined", name });
    if (entry.state !== "acquired") {
      const error =
        `cannot quarantine artifact "${name}": must be in acquired state, currently ${entry.state}`;
      return goJson(409, { error });
    }
    entry.state = "quarantined";
    this.events.push(`quarantine ${name}`);
    return goJson(200, { status: "quarantined", name });
  }

  #promote(text: string): Answer {
    const body = strictObject(text, PROMOTE_KEYS);
    if (body === null) return goError(400, "invalid request body");
    const results = Object.entries(Object(body.scan_results));
    const versions = Object(body.scanner_versions);
    if (!body.policy_version || results.length === 0 || results.length !== Object.keys(versions).length) {
      return goError(422, "promotion requires policy version and scanner evidence");
    }
    if (results.some(([scanner, result]) => result !== "pass" || !versions[scanner])) {
      return goError(422, "promotion scanner evidence did not pass validation");
    }
    const entry = this.#find(body.name);
    if (entry?.state !== "quarantined" || entry.sha256 !== body.sha256 || entry.filename !== body.filename) {
      return goError(409, "production promotion requires a matching quarantined artifact");
    }
    const stat = fs.lstatSync(join(this.directory, entry.filename), { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.nlink > 1) {
      return goError(409, "hash verification failed: artifact must be a non-hard-linked regular file");
    }
    const bytes = fs.readFileSync(join(this.directory, entry.filename));
    if (createHash("sha256").update(bytes).digest("hex") !== body.sha256) {
      return goError(409, "hash verification failed: hash mismatch");
    }
    entry.state = "trusted";
    this.events.push(`promote ${entry.name}`);
    return goJson(201, entry);
  }
}
