import { type Context, Hono } from "hono";
import { isLocalRequest } from "../model/mod.ts";
import { metricsText } from "./metrics.ts";
import { statusPage } from "./page.ts";
import { PAGE_SCRIPT } from "./page_script.ts";
import { PAGE_ICON, PAGE_STYLE } from "./page_style.ts";
import { type Snapshot, type Sources, takeSnapshot } from "./snapshot.ts";
import { statusObject } from "./status_object.ts";

/** The health role's HTTP face, to be given to a server or called directly. */
export interface HealthApp {
  fetch(request: Request): Promise<Response>;
}

/** However often it is asked, the files are looked at so often. */
const FRESH_MS = 200;

/** Of all that is served: nothing from elsewhere, nothing inline, in no frame, never kept. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

type Show = (snapshot: Snapshot, c: Context) => Response | Promise<Response>;

/** What the page is shown with. */
const ASSETS: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/icon.svg": ["image/svg+xml", PAGE_ICON],
  "/status.css": ["text/css; charset=utf-8", PAGE_STYLE],
  "/status.js": ["text/javascript; charset=utf-8", PAGE_SCRIPT],
};

const ROUTES: Readonly<Record<string, Show>> = {
  "/": (snapshot, c) => c.html(statusPage(snapshot)),
  "/metrics": (snapshot, c) =>
    c.body(metricsText(snapshot), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  "/readyz": readiness,
  "/v1/status": (snapshot, c) => c.json(statusObject(snapshot)),
};

/** Builds the app. It reads the coordinator's status and the end of its audit log, and changes nothing. */
export function createHealthApp(sources: Sources): HealthApp {
  const app = new Hono();
  app.use(async (c, next) => {
    if (!isLocalRequest(c.req.raw.headers)) {
      return c.text("forbidden: this page is for its own machine only\n", 403, HEADERS);
    }
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    return undefined;
  });
  const snapshot = oneAtATime(() => takeSnapshot(sources));
  app.get("/livez", (c) => c.text("ok\n"));
  for (const [path, [type, body]] of Object.entries(ASSETS)) {
    app.get(path, (c) => c.body(body, 200, { "content-type": type }));
  }
  for (const [path, show] of Object.entries(ROUTES)) app.get(path, async (c) => show(await snapshot(), c));
  for (const path of ["/livez", ...Object.keys(ASSETS), ...Object.keys(ROUTES)]) {
    app.all(path, (c) => c.text("method not allowed\n", 405, { allow: "GET, HEAD" }));
  }
  app.notFound((c) => c.text("not found\n", 404));
  return { fetch: async (request) => await app.fetch(request) };
}

function readiness({ problems }: Snapshot, c: Context): Response {
  const ready = problems.length === 0;
  return c.json({ ready, reasons: problems }, ready ? 200 : 503);
}

/** Callers at the same time, or shortly after one another, share one look at the files. */
function oneAtATime<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { readonly startedMs: number; readonly result: Promise<T> } | null = null;
  return () => {
    if (last === null || performance.now() - last.startedMs > FRESH_MS) {
      last = { startedMs: performance.now(), result: look() };
    }
    return last.result;
  };
}
