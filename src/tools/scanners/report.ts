import * as z from "zod";
import { escapeName } from "../../files/mod.ts";
import { UndecidedError } from "../../model/mod.ts";

/** Most findings that are handed on one by one; the rest is counted. */
const MAX_FINDINGS = 50;
const MAX_WORDS = 300;

/** One thing a scanner said about an artifact, in its own words (escaped, and cut where they are long). */
const scannerFindingSchema = z.strictObject({
  severity: z.enum(["critical", "suspicious", "info"]),
  words: z.string().max(MAX_WORDS + 1),
  tensor: z.string().max(MAX_WORDS + 1).optional(),
  /** File inside a directory artifact. */
  path: z.string().max(MAX_WORDS + 1).optional(),
  confidence: z.number().min(0).max(1).optional(),
});

/** What a scanner said, in the terms of this program. */
export const scanReportSchema = z.strictObject({
  /** Files it read, by its own word. Never 0: that is no answer. */
  files: z.int().positive(),
  /** Parts it says it could not read, in its own words. */
  gaps: z.array(z.string().max(MAX_WORDS + 1)).max(MAX_FINDINGS),
  findings: z.array(scannerFindingSchema).max(MAX_FINDINGS),
  /** Findings beyond those, none of them worse. */
  more: z.int().nonnegative(),
});

export type ScanReport = z.infer<typeof scanReportSchema>;
export type ScannerFinding = z.infer<typeof scannerFindingSchema>;
export type ScannerSeverity = ScannerFinding["severity"];

const RANK: Readonly<Record<ScannerSeverity, number>> = { critical: 0, suspicious: 1, info: 2 };

/**
 * A report with the worst findings first and every text made safe to print, in an order that does not depend on the
 * order in which a disk lists its files. Nothing read is `scanner/nothing-scanned`.
 */
export function scanReport(
  files: number,
  found: readonly ScannerFinding[],
  gaps: readonly string[] = [],
): ScanReport {
  if (files === 0) throw new UndecidedError("scanner/nothing-scanned", "says that it looked at no file");
  const sorted = found.toSorted((a, b) =>
    RANK[a.severity] - RANK[b.severity] || compare(textOf(a), textOf(b))
  );
  return {
    files,
    gaps: [...new Set(gaps.map(words))].sort(compare).slice(0, MAX_FINDINGS),
    findings: sorted.slice(0, MAX_FINDINGS).map((one) => ({
      ...one,
      words: words(one.words),
      ...(one.tensor === undefined ? {} : { tensor: words(one.tensor) }),
      ...(one.path === undefined ? {} : { path: words(one.path) }),
    })),
    more: Math.max(0, sorted.length - MAX_FINDINGS),
  };
}

const textOf = ({ path = "", tensor = "", words }: ScannerFinding): string =>
  [path, tensor, words].join("\0");
const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

function words(text: string): string {
  const safe = escapeName(text.replaceAll(/\s+/g, " ").trim());
  return safe.length > MAX_WORDS ? `${safe.slice(0, MAX_WORDS)}…` : safe;
}

/** Reads a JSON report strictly by the schema of the tool: anything else is `scanner/report`. */
export function readJsonReport<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const what = text.trim() === "" ? "printed no report" : "printed something that is not a whole report";
    throw new UndecidedError("scanner/report", what, { cause });
  }
}

export function contradiction(what: string): UndecidedError {
  return new UndecidedError("scanner/contradiction", what);
}

/** The path of a file inside a directory artifact, or nothing for the artifact itself. */
export function pathInside(location: string, artifact: string): { path?: string } {
  return location.startsWith(`${artifact}/`) ? { path: location.slice(artifact.length + 1) } : {};
}
