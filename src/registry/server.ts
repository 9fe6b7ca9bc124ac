import { type Context, Hono, type MiddlewareHandler } from "hono";
import type * as z from "zod";
import { isLocalRequest } from "../model/mod.ts";
import { checkBearer, readJsonObject } from "./guards.ts";
import { Registry, type RegistryDeps, RequestRefused } from "./registry.ts";
import type { TokenReader } from "./token.ts";
import { containmentSchema, promoteBodySchema } from "./wire.ts";

export interface RegistryAppOptions extends RegistryDeps {
  /** Asked at each guarded request, so that a rotated token counts at once. */
  readonly token: TokenReader;
  /**
   * `open` serves clients of the older kind, which send no token when they read or verify. What changes the registry
   * is guarded always.
   */
  readonly reading: "guarded" | "open";
  /** Told of a fault of our own; the client sees only that there was one. */
  readonly report: (error: unknown) => void;
}

/** The registry's HTTP face, to be given to a server or called directly. */
export interface RegistryApp {
  fetch(request: Request): Promise<Response>;
}

type Handler = (registry: Registry, c: Context) => Response | Promise<Response>;
interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly access: "public" | "read" | "change";
  readonly handle: Handler;
}

const ROUTES: readonly Route[] = [
  { method: "GET", path: "/health", access: "public", handle: health },
  { method: "GET", path: "/v1/models", access: "read", handle: (r, c) => c.json(r.entries) },
  { method: "GET", path: "/v1/model", access: "read", handle: (r, c) => c.json(named(r, c)) },
  { method: "GET", path: "/v1/model/path", access: "read", handle: modelPath },
  { method: "GET", path: "/v1/integrity/status", access: "read", handle: integrityStatus },
  { method: "POST", path: "/v1/model/verify", access: "read", handle: verify },
  { method: "POST", path: "/v1/models/verify-all", access: "read", handle: verifyAll },
  { method: "POST", path: "/v1/model/verify-manifest", access: "read", handle: verifyManifest },
  { method: "POST", path: "/v1/model/promote", access: "change", handle: promote },
  { method: "DELETE", path: "/v1/model/delete", access: "change", handle: remove },
  { method: "POST", path: "/api/v1/quarantine", access: "change", handle: quarantine },
];

/** Builds the registry's app. Wire-compatible with the registries of dialect A. */
export function createRegistryApp(options: RegistryAppOptions): RegistryApp {
  const registry = new Registry(options);
  const app = new Hono();
  app.use(async (c, next) => {
    if (!isLocalRequest(c.req.raw.headers)) {
      return plain(403, "forbidden: this registry serves its own machine only");
    }
    return await next();
  });
  for (const { method, path, access, handle } of ROUTES) {
    const isPublic = access === "public" || (access === "read" && options.reading === "open");
    if (!isPublic) app.use(path, requireToken(options.token));
    app.on(method, path, (c) => handle(registry, c));
    app.all(path, () => plain(405, "method not allowed"));
  }
  app.notFound(() => plain(404, "404 page not found"));
  app.onError((error) => {
    if (error instanceof RequestRefused) return plain(error.status, error.message);
    if (options.signal.aborted) return plain(503, "registry is stopping");
    options.report(error);
    return plain(500, "internal error");
  });
  return { fetch: async (request) => await app.fetch(request) };
}

function requireToken(token: TokenReader): MiddlewareHandler {
  return async (c, next) => {
    const answer = await checkBearer(c.req.raw.headers, token);
    if (answer === "granted") return await next();
    if (answer === "unavailable") return plain(503, `{"error":"service authentication unavailable"}`);
    return c.json({ error: "forbidden: invalid service token" }, 403);
  };
}

/** An error as these registries send it: plain text, also where the text is JSON. */
function plain(status: number, message: string): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  });
}

/** The model that `?name=` asks for. */
function named(registry: Registry, c: Context) {
  const name = c.req.query("name");
  if (!name) throw new RequestRefused(400, "missing ?name= parameter");
  return registry.find(name);
}

async function readBody<T>(c: Context, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const parsed = schema.safeParse(await readJsonObject(c.req.raw, signal));
  if (!parsed.success) throw new RequestRefused(400, "invalid request body");
  return parsed.data;
}

function health(registry: Registry, c: Context): Response {
  // `dialect` is ours: guarded, this registry could not be told from one of dialect B by anything else.
  const count = { model_count: registry.entries.length, dialect: "a" };
  if (registry.isIntact()) return c.json({ status: "ok", ...count, registry_dir: registry.directory });
  const error = "registry enrollment metadata is unavailable or changed";
  return c.json({ status: "degraded", ...count, error }, 503);
}

function modelPath(registry: Registry, c: Context): Response {
  return c.json({ path: registry.existingPathOf(named(registry, c)) });
}

function integrityStatus(registry: Registry, c: Context): Response {
  return c.json(
    registry.lastIntegrity ?? { status: "unknown", detail: "no integrity check has run yet" },
  );
}

async function verify(registry: Registry, c: Context): Promise<Response> {
  const check = await registry.verify(named(registry, c));
  const verified = check.status === "verified";
  return c.json({ ...check, safe_to_use: verified ? "true" : "false" }, verified ? 200 : 409);
}

async function verifyAll(registry: Registry, c: Context): Promise<Response> {
  const result = await registry.verifyAll();
  return c.json(result, result.status === "ok" ? 200 : 409);
}

/** Per-tensor manifests are checked by `ai-quarantine verify`; a server that holds a token runs no other program. */
function verifyManifest(registry: Registry, c: Context): Response {
  const entry = named(registry, c);
  const reason = entry.gguf_guard_manifest === undefined
    ? "no gguf-guard manifest available"
    : "this registry does not run gguf-guard";
  return c.json({ status: "skipped", name: entry.name, reason });
}

async function promote(registry: Registry, c: Context): Promise<Response> {
  return c.json(await registry.promote(await readBody(c, promoteBodySchema, registry.stopping)), 201);
}

async function remove(registry: Registry, c: Context): Promise<Response> {
  const entry = named(registry, c);
  await registry.remove(entry);
  return c.json({ status: "deleted", name: entry.name });
}

async function quarantine(registry: Registry, c: Context): Promise<Response> {
  const { incidentId, entry, containedAs } = await registry.contain(
    await readBody(c, containmentSchema, registry.stopping),
  );
  return c.json({
    status: "quarantined",
    incident_id: incidentId,
    model_name: entry.name,
    original_filename: entry.filename,
    containment_filename: containedAs,
    manifest_updated: true,
  });
}
