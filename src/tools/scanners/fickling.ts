import * as z from "zod";
import type { Tool } from "../tool.ts";
import {
  contradiction,
  readJsonReport,
  type ScannerSeverity,
  type ScanReport,
  scanReport,
  scanReportSchema,
} from "./report.ts";

/** Its own scale; the first one is as good as it gets. */
const SEVERITIES: Readonly<Record<string, ScannerSeverity | null>> = {
  LIKELY_SAFE: null,
  POSSIBLY_UNSAFE: "suspicious",
  SUSPICIOUS: "suspicious",
  LIKELY_UNSAFE: "critical",
  LIKELY_OVERTLY_MALICIOUS: "critical",
  OVERTLY_MALICIOUS: "critical",
};

const reportSchema = z.looseObject({
  severity: z.string().refine((name) => Object.hasOwn(SEVERITIES, name), "not on its scale"),
  analysis: z.string(),
});

/**
 * fickling: symbolic analysis of one pickle. It reads nothing else. An error of its own ends it with the code that
 * also means "unsafe", so a code without a report says nothing.
 * https://github.com/trailofbits/fickling
 */
export const fickling: Tool<ScanReport> = {
  name: "fickling",
  versionArgs: ["--version"],
  version: (said) => /^(\d\S*)\s*$/.exec(said)?.[1] ?? null,
  args: ({ artifact, reportFile }) => ["--check-safety", "--json-output", reportFile, artifact],
  // 0 nothing found, 1 unsafe, 2 an error.
  exits: { 0: "answer", 1: "answer", 2: "failed" },
  maxOutputBytes: 8 * 1024 * 1024,
  reportsTo: "file",
  report: scanReportSchema,
  read({ code, report }) {
    const { severity, analysis } = readJsonReport(report, reportSchema);
    const ours = SEVERITIES[severity] ?? null;
    if ((code === 1) !== (ours !== null)) throw contradiction(`says ${severity} with exit ${code}`);
    return scanReport(1, ours === null ? [] : [{ severity: ours, words: `${severity}: ${analysis}` }]);
  },
};
