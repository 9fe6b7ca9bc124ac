import * as z from "zod";
import { UndecidedError } from "../../model/mod.ts";
import type { Tool } from "../tool.ts";
import {
  contradiction,
  pathInside,
  readJsonReport,
  type ScannerSeverity,
  type ScanReport,
  scanReport,
  scanReportSchema,
} from "./report.ts";

const SEVERITIES = {
  LOW: "suspicious",
  MEDIUM: "suspicious",
  HIGH: "critical",
  CRITICAL: "critical",
} as const;

const reportSchema = z.looseObject({
  summary: z.looseObject({
    total_issues: z.int().nonnegative(),
    scanned: z.looseObject({ total_scanned: z.int().nonnegative() }),
  }),
  issues: z.array(z.looseObject({
    description: z.string(),
    severity: z.enum(["LOW", "MEDIUM", "HIGH", "CRITICAL"]),
    source: z.string(),
  })),
  errors: z.array(z.unknown()),
});

/**
 * modelscan: code in serialized data (pickle, PyTorch, NumPy, Keras, SavedModel). It goes by file names, and knows
 * neither GGUF nor safetensors. Its console wraps long lines, so the report is taken from a file.
 * https://github.com/protectai/modelscan
 */
export const modelscan: Tool<ScanReport> = {
  name: "modelscan",
  versionArgs: ["--version"],
  version: (said) => /^modelscan, version (\S+)\s*$/.exec(said)?.[1] ?? null,
  args: ({ artifact, reportFile }) => ["scan", "--path", artifact, "-r", "json", "-o", reportFile],
  // 0 nothing found, 1 issues found, 2 errors while scanning, 3 no supported file, 4 usage.
  exits: { 0: "answer", 1: "answer", 2: "failed", 3: "nothing-scanned", 4: "failed" },
  maxOutputBytes: 8 * 1024 * 1024,
  reportsTo: "file",
  report: scanReportSchema,
  read({ code, report }, { artifact }) {
    const { summary, issues, errors } = readJsonReport(report, reportSchema);
    if (errors.length > 0) {
      throw new UndecidedError("scanner/incomplete", `reports ${errors.length} errors of its own`);
    }
    if (issues.length !== summary.total_issues || (code === 1) !== (issues.length > 0)) {
      throw contradiction(`reports ${issues.length} of ${summary.total_issues} issues with exit ${code}`);
    }
    const folder = artifact.slice(0, artifact.lastIndexOf("/"));
    return scanReport(
      summary.scanned.total_scanned,
      issues.map(({ severity, description, source }) => ({
        severity: SEVERITIES[severity] satisfies ScannerSeverity,
        words: description,
        ...pathInside(source.startsWith("/") ? source : `${folder}/${source}`, artifact),
      })),
    );
  },
};
