import { createHash } from "node:crypto";
import * as z from "zod";
import { FormatError, parseSha256, type Sha256 } from "../model/mod.ts";
import { readJsonText } from "./json_text.ts";

/**
 * The statement of OpenSSF Model Signing 1.0: which files, or pieces of files, a model consists of.
 * https://github.com/ossf/model-signing-spec
 */
export interface ModelStatement {
  readonly method: "files" | "shards";
  readonly resources: readonly Resource[];
  /** Paths the signer left out, as far as a file of a model can lie there. */
  readonly ignoredPaths: readonly string[];
}

export interface Resource {
  /** Relative, with `/`; `.` where the model is one file. */
  readonly path: string;
  readonly sha256: Sha256;
  /** The piece this digest is of; null for a whole file. */
  readonly range: { readonly start: number; readonly end: number } | null;
}

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "https://model_signing/signature/v1.0";
const RETIRED_PREDICATE_TYPE = "https://model_signing/Digests/v0.1";
/** The reference signer names the size of the pieces too; where they end is in each name. */
const RESOURCE_HASH = { files: /^sha256$/, shards: /^sha256(?:-sharded-\d{1,15})?$/ } as const;
const MAX_RESOURCES = 250_000;

const statementSchema = z.looseObject({
  _type: z.string(),
  predicateType: z.string(),
  subject: z.array(z.looseObject({ digest: z.looseObject({ sha256: z.string().optional() }) })).max(
    MAX_RESOURCES,
  ),
  predicate: z.unknown(),
});

const predicateSchema = z.looseObject({
  serialization: z.looseObject({
    method: z.enum(["files", "shards"]),
    hash_type: z.string(),
    allow_symlinks: z.boolean().default(false),
    ignore_paths: z.array(z.string().max(4096)).max(1000).default([]),
  }),
  resources: z.array(z.looseObject({ name: z.string().max(4200), algorithm: z.string(), digest: z.string() }))
    .min(1).max(MAX_RESOURCES),
});

/** Reads what was signed. Throws `FormatError`, each fault under a rule of its own. */
export function readModelStatement(payloadType: string, payload: Uint8Array): ModelStatement {
  if (payloadType !== PAYLOAD_TYPE) {
    throw new FormatError(
      "signature/payload-type",
      `a signature over ${JSON.stringify(payloadType)}, expected ${PAYLOAD_TYPE}`,
    );
  }
  const json = readJsonText(payload, "signature/statement", "what was signed");
  const statement = wellFormed(statementSchema, json);
  if (statement._type !== STATEMENT_TYPE) {
    throw unusable(`it is of type ${JSON.stringify(statement._type.slice(0, 100))}`);
  }
  if (statement.predicateType === RETIRED_PREDICATE_TYPE) {
    throw new FormatError("signature/downgraded", "the statement is of the retired form Digests/v0.1");
  }
  if (statement.predicateType !== PREDICATE_TYPE) {
    const found = JSON.stringify(statement.predicateType.slice(0, 100));
    throw new FormatError("signature/predicate", `the statement claims ${found}, not the content of a model`);
  }
  const predicate = wellFormed(predicateSchema, statement.predicate);
  const { method, hash_type, allow_symlinks, ignore_paths } = predicate.serialization;
  if (
    hash_type !== "sha256" ||
    predicate.resources.some(({ algorithm }) => !RESOURCE_HASH[method].test(algorithm))
  ) {
    throw new FormatError("signature/hash-type", "the statement does not use SHA-256 throughout");
  }
  if (allow_symlinks) throw new FormatError("signature/symlinks", "the signer followed links");
  const resources = predicate.resources.map((one) => resourceOf(one.name, one.digest, method));
  requireRootDigest(statement.subject, resources);
  return { method, resources, ignoredPaths: ignore_paths.map(withoutSlash).filter(isPlainPath) };
}

function resourceOf(name: string, digest: string, method: ModelStatement["method"]): Resource {
  const sha256 = digestOf(digest);
  if (method === "files") return { path: plainPath(name), sha256, range: null };
  const [, path = "", start = "", end = ""] = /^(.*):(\d{1,16}):(\d{1,16})$/s.exec(name) ?? [];
  const range = { start: Number(start), end: Number(end) };
  if (path === "" || !Number.isSafeInteger(range.end) || range.end <= range.start) {
    throw new FormatError(
      "signature/shards",
      `${JSON.stringify(name.slice(0, 200))} names no piece of a file`,
    );
  }
  return { path: plainPath(path), sha256, range };
}

function digestOf(text: string): Sha256 {
  try {
    return parseSha256(text);
  } catch {
    throw unusable("a digest that is no SHA-256");
  }
}

/** `.` (a model of one file), or names with `/` between them that stay below the model. */
function plainPath(path: string): string {
  if (path === "." || isPlainPath(path)) return path;
  throw new FormatError(
    "signature/resource-name",
    `the signed list names ${JSON.stringify(path.slice(0, 200))}`,
  );
}

const withoutSlash = (path: string): string => path.endsWith("/") ? path.slice(0, -1) : path;

function isPlainPath(path: string): boolean {
  return !/[\\\0]/.test(path) && path.isWellFormed() &&
    path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

/** SHA-256 over the digests of the list, in its order. */
function requireRootDigest(
  subject: readonly { readonly digest: { readonly sha256?: string | undefined } }[],
  resources: readonly Resource[],
): void {
  const [only, ...more] = subject;
  if (only === undefined || more.length > 0) throw unusable(`${subject.length} subjects, expected 1`);
  const root = createHash("sha256");
  for (const { sha256 } of resources) root.update(sha256, "hex");
  if (only.digest.sha256?.toLowerCase() === root.digest("hex")) return;
  throw new FormatError("signature/root-digest", "the digest of the whole is not that of the signed list");
}

function wellFormed<S extends z.ZodType>(schema: S, json: unknown): z.output<S> {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw unusable(`${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "not as expected"}`);
}

function unusable(what: string): FormatError {
  return new FormatError("signature/statement", `what was signed is no statement about a model: ${what}`);
}
