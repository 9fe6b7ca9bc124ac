import * as z from "zod";
import { UndecidedError } from "../../model/mod.ts";
import type { Tool } from "../tool.ts";
import {
  contradiction,
  readJsonReport,
  type ScannerFinding,
  type ScanReport,
  scanReport,
  scanReportSchema,
} from "./report.ts";

/** Above this score it says FAIL and ends with 2. */
const FAIL_ABOVE = 0.5;

const reportSchema = z.looseObject({
  fingerprint: z.looseObject({ tensor_count: z.int().nonnegative() }),
  policy: z.looseObject({
    violations: z.array(z.looseObject({ type: z.string(), severity: z.string(), description: z.string() }))
      .nullish(),
  }).nullish(),
  report: z.looseObject({
    score: z.number().min(0).max(1),
    summary: z.string(),
    anomalies: z.array(z.looseObject({
      tensor_name: z.string(),
      type: z.string(),
      severity: z.string(),
      description: z.string(),
    })).nullish(),
  }),
});

/**
 * gguf-guard: statistics of the weights of a GGUF file, tensor by tensor. A crash of its runtime ends it with the
 * code that also means FAIL, so a code without a report says nothing.
 * https://github.com/SecAI-Hub/gguf-guard
 */
export const ggufGuard: Tool<ScanReport> = {
  name: "gguf-guard",
  versionArgs: ["version"],
  version: (said) => /^gguf-guard v?(\d\S*)\s*$/.exec(said)?.[1] ?? null,
  args: ({ artifact, reportFile }) => ["scan", "--output", reportFile, artifact], // Options come first, or are ignored.
  // 0 pass or warn, 1 it could not read the file, 2 fail.
  exits: { 0: "answer", 1: "failed", 2: "answer" },
  maxOutputBytes: 32 * 1024 * 1024,
  reportsTo: "file",
  report: scanReportSchema,
  read({ code, report, stderr }) {
    const said = readJsonReport(report, reportSchema);
    const { score, summary } = said.report;
    if ((score > FAIL_ABOVE) !== (code === 2)) throw contradiction(`says score ${score} with exit ${code}`);
    if (said.fingerprint.tensor_count === 0) {
      throw new UndecidedError("scanner/nothing-scanned", "says that the file has no tensor");
    }
    const skipped = stderr.split("\n").filter((line) => line.startsWith("warn: "));
    const findings: ScannerFinding[] = [
      ...(said.report.anomalies ?? []).map(({ tensor_name, severity, type, description }) => ({
        severity: "info" as const,
        words: `${severity} ${type}: ${description}`,
        tensor: tensor_name,
      })),
      ...(said.policy?.violations ?? []).map(({ severity, type, description }) => ({
        severity: "info" as const,
        words: `${severity} ${type}: ${description}`,
      })),
    ];
    if (code === 2) {
      findings.unshift({ severity: "suspicious", words: `FAIL: ${summary}`, confidence: score });
    }
    return scanReport(1, findings, skipped.map((line) => line.slice("warn: ".length)));
  },
};
