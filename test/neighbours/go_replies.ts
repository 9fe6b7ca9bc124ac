import type { Answer, Seen } from "./fault_registry.ts";

/** An error as Go's `http.Error` sends it: text, never JSON, with a newline. */
export function goError(status: number, message: string): Answer {
  return {
    kind: "reply",
    status,
    body: `${message}\n`,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  };
}

/** A value as Go's `json.NewEncoder` sends it. */
export function goJson(status: number, value: unknown): Answer {
  return {
    kind: "reply",
    status,
    body: `${JSON.stringify(value)}\n`,
    headers: { "content-type": "application/json" },
  };
}

export const NOT_FOUND = goError(404, "404 page not found");

/** Exactly one JSON object with no key but these, as Go decodes with `DisallowUnknownFields`; else `null`. */
export function strictObject(body: string, keys: readonly string[]): Record<string, unknown> | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return Object.keys(value).every((key) => keys.includes(key)) ? { ...value } : null;
}

export function bearerOf({ headers }: Seen): string | null {
  return /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1] ?? null;
}

/** `METHOD /path`, and the query's `name`. */
export function routeOf({ method, target }: Seen): { route: string; name: string } {
  const url = new URL(target, "http://127.0.0.1");
  return { route: `${method} ${url.pathname}`, name: url.searchParams.get("name") ?? "" };
}
