import { createHash } from "node:crypto";
import { parseSha256, type Policy, type Sha256 } from "../model/mod.ts";
import { canonicalJson } from "./canonical.ts";
import { type DocumentKind, loadDocument, readData, readText, type TextFile } from "./document.ts";
import { forbiddenIn } from "./forbidden.ts";
import { formatProblem, startupError } from "./problem.ts";
import { type PolicyInput, policySchema } from "./schema.ts";
import { settle } from "./settle.ts";

/** A policy file, and the time its waivers are judged by. */
export interface PolicyFile extends TextFile {
  readonly now: () => Date;
}

/**
 * Reads a policy. What it leaves out takes the stricter value; anything it says that is not known, not of the right
 * type or not allowed throws one `StartupError` that lists every problem, each with file, line, column and key.
 */
export function loadPolicy(file: PolicyFile): Policy {
  return settle(loadDocument(policyAt(file.now()), file), sha256Of(file.text));
}

/** What is wrong with a policy, one line each as {@link loadPolicy} would say it; empty when it loads. */
export function lintPolicy(file: PolicyFile): string[] {
  return readText(policyAt(file.now()), file.text).problems.map((problem) =>
    formatProblem(file.path, problem)
  );
}

/**
 * A policy stated by a program, such as `{models: {require_scan: true}}`, by the same schema and defaults. Its
 * digest is that of its canonical JSON: keys sorted, no spaces.
 */
export function policyFromObject(partial: PolicyInput, options: { readonly now: () => Date }): Policy {
  const kind = policyAt(options.now());
  const text = canonicalJson(partial);
  const { value, problems } = readData(kind, JSON.parse(text));
  if (value !== null) return settle(value, sha256Of(text));
  throw startupError("policy", kind.codes, problems.map((problem) => ({ ...problem, position: null })));
}

function policyAt(now: Date): DocumentKind<typeof policySchema> {
  return {
    schema: policySchema,
    maxBytes: 2 ** 20,
    codes: { syntax: "policy/syntax", schema: "policy/schema", forbidden: "policy/forbidden" },
    // Without the profile that was meant, nothing can be said against it.
    check: (value, found) => found.some(({ path }) => path[0] === "profile") ? [] : forbiddenIn(value, now),
  };
}

function sha256Of(text: string): Sha256 {
  return parseSha256(createHash("sha256").update(text).digest("hex"));
}
