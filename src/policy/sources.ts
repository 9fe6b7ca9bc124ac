import * as z from "zod";
import { escapeName } from "../files/mod.ts";
import type { Origin, RuleId } from "../model/mod.ts";
import { type DocumentKind, loadDocument, type TextFile } from "./document.ts";
import type { Problem } from "./problem.ts";
import { isWithin, type PlainUrl, readPlainUrl } from "./plain_url.ts";
import { NAME_LINE } from "./scalars.ts";

/** One place models may come from. */
export interface AllowedSource {
  readonly name: string;
  readonly prefix: PlainUrl;
  /** Formats this source may deliver, or `null` for all that the policy allows. */
  readonly allowedFormats: readonly string[] | null;
  /** Models from here must carry a signature we trust. */
  readonly requireSignature: boolean;
}

export type Allowlist = readonly AllowedSource[];

/** No file, no remote origin. */
export const EMPTY_ALLOWLIST: Allowlist = [];

export type OriginMatch =
  | {
    readonly allowed: true;
    /** Name of the source it belongs to. */
    readonly source: string;
    readonly entry: AllowedSource;
    /** The origin without its query, which on download links can be a credential: what records should name. */
    readonly url: string;
  }
  | { readonly allowed: false; readonly rule: RuleId; readonly message: string };

const sourceSchema = z.strictObject({
  name: NAME_LINE,
  url_prefix: z.string().max(4096),
  require_signature: z.boolean().default(false),
  allowed_formats: z.array(z.string().min(1).max(32)).optional(),
  notes: z.string().optional(),
});

/** Container registries belong to the appliance's other services; they are read so that one file can serve both. */
const containerSchema = z.strictObject({
  registry: z.string(),
  require_cosign: z.boolean().optional(),
  notes: z.string().optional(),
});

const allowlistSchema = z.strictObject({
  version: z.literal(1).default(1),
  models: z.array(sourceSchema).max(1000).nullable().default([]),
  containers: z.array(containerSchema).nullable().optional(),
}).nullable().transform((file) => file?.models ?? []);

const ALLOWLIST: DocumentKind<typeof allowlistSchema> = {
  schema: allowlistSchema,
  maxBytes: 2 ** 20,
  codes: { syntax: "allowlist/schema", schema: "allowlist/schema", forbidden: "allowlist/schema" },
  check: (sources) => sources.flatMap((source, i) => prefixProblems(source.url_prefix, i)),
};

/** Reads sources.allowlist.yaml. A file without entries allows nothing remote; anything unknown is an error. */
export function loadAllowlist(file: TextFile): Allowlist {
  return loadDocument(ALLOWLIST, file).flatMap((source) => {
    const prefix = readPlainUrl(source.url_prefix);
    if (!prefix.ok) return []; // Not reached: the check above refuses the file.
    return [{
      name: source.name,
      prefix: prefix.url,
      allowedFormats: source.allowed_formats ?? null,
      requireSignature: source.require_signature,
    }];
  });
}

function prefixProblems(prefix: string, index: number): Problem[] {
  const read = readPlainUrl(prefix);
  const fault = !read.ok ? read.fault : read.url.query !== null ? "a prefix has no query" : null;
  if (fault === null) return [];
  return [{ kind: "schema", path: ["models", index, "url_prefix"], about: "value", message: fault }];
}

/**
 * Whether a model may come from this URL: https, the same host, and a path that begins with the prefix's path at a
 * segment boundary. A query is let through and plays no part: it cannot change which host answers nor which path is
 * asked for, and real download links carry one (`?download=true`). Of several matching sources the longest prefix,
 * being the most particular, speaks for the origin.
 */
export function matchOrigin(origin: string, allowlist: Allowlist): OriginMatch {
  const read = readPlainUrl(origin);
  const unlisted = `origin "${clip(escapeName(origin))}" not in sources.allowlist.yaml`;
  if (!read.ok) {
    return { allowed: false, rule: "origin/malformed-url", message: `${unlisted}: ${read.fault}` };
  }
  const { host, path } = read.url;
  let best: AllowedSource | null = null;
  for (const source of allowlist) {
    if (source.prefix.host !== host || !isWithin(path, source.prefix.path)) continue;
    if (best === null || source.prefix.path.length > best.prefix.path.length) best = source;
  }
  if (best === null) return { allowed: false, rule: "origin/not-allowed", message: unlisted };
  return { allowed: true, source: best.name, entry: best, url: `https://${host}${path}` };
}

/** Whether the source an origin belongs to is said to sign what it delivers. */
export function signatureRequired(origin: Origin, allowlist: Allowlist): boolean {
  const match = origin.kind === "remote" ? matchOrigin(origin.url, allowlist) : null;
  return match?.allowed === true && match.entry.requireSignature;
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
