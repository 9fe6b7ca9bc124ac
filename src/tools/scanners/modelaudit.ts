import * as z from "zod";
import { UndecidedError } from "../../model/mod.ts";
import { lastLine } from "../run_program.ts";
import type { Tool } from "../tool.ts";
import {
  contradiction,
  pathInside,
  readJsonReport,
  type ScannerFinding,
  type ScanReport,
  scanReport,
  scanReportSchema,
} from "./report.ts";

const issueSchema = z.looseObject({
  message: z.string(),
  severity: z.enum(["debug", "info", "warning", "critical"]),
  location: z.string().nullish(),
  rule_code: z.string().nullish(),
  type: z.string().nullish(),
});
type Issue = z.infer<typeof issueSchema>;

const reportSchema = z.looseObject({
  files_scanned: z.int().nonnegative(),
  bytes_scanned: z.int().nonnegative(),
  has_errors: z.boolean(),
  success: z.boolean(),
  scanner_names: z.array(z.string()),
  issues: z.array(issueSchema),
  file_metadata: z.record(z.string(), z.looseObject({ scan_outcome_reasons: z.array(z.string()).nullish() })),
});

/**
 * What it calls an issue and what the format gate, which reads every byte of these formats, has proved to be in order:
 * layout it does not expect (an alignment, a tensor type, a long header or name), and words in descriptions, which
 * nothing runs. They are said, and refuse nothing.
 */
const KNOWN_BETTER: readonly ((issue: Issue) => boolean)[] = [
  ({ rule_code, type }) => rule_code === "S902" && type === "gguf_check",
  ({ message, type }) =>
    type === "safetensors_check" && message === "Potential code injection detected in metadata",
];

/**
 * Limits of its own readers, by its names for them: a tensor type, an alignment, a name that is not UTF-8, a long header;
 * in a directory a picture, and a tokenizer that it takes for XGBoost. Our own parsers read all of these, so what it
 * could not read is said and refuses nothing. Any other incomplete scan is no answer.
 */
const GAPS: readonly string[] = [
  "gguf_parse_incomplete",
  "gguf_structure_validation_failed",
  "pickle_routing_incomplete",
  "safetensors_header_size_limit_exceeded",
  "safetensors_header_validation_failed",
  "xgboost_binary_structure_too_small",
  "xgboost_binary_structure_unrecognized",
];

/**
 * modelaudit: a second opinion on many formats, GGUF and safetensors among them. By default it reports its use to its
 * maker; that is switched off, and the sandbox has no network.
 * https://github.com/promptfoo/modelaudit
 */
export const modelaudit: Tool<ScanReport> = {
  name: "modelaudit",
  versionArgs: ["--version"],
  version: (said) => /^modelaudit, version (\S+)\s*$/.exec(said)?.[1] ?? null,
  // Strict: its list of well-known models makes nothing less severe, nothing is cached, every file is read.
  args: (
    { artifact, reportFile },
  ) => ["scan", "--strict", "--no-cache", "--quiet", "--format", "json", "--output", reportFile, artifact],
  environment: { PROMPTFOO_DISABLE_TELEMETRY: "1", NO_ANALYTICS: "1" },
  // 0 nothing found, 1 issues found, 2 errors or an incomplete scan: its report says which.
  exits: { 0: "answer", 1: "answer", 2: "answer" },
  maxOutputBytes: 32 * 1024 * 1024,
  reportsTo: "file",
  report: scanReportSchema,
  read({ code, report }, { artifact }) {
    const { issues, file_metadata, ...said } = readJsonReport(report, reportSchema);
    const gaps = Object.entries(file_metadata).flatMap(([location, { scan_outcome_reasons }]) =>
      (scan_outcome_reasons ?? []).map((reason) => ({ reason, ...pathInside(location, artifact) }))
    );
    const unknown = gaps.find(({ reason }) => !GAPS.includes(reason));
    if (said.has_errors || unknown !== undefined || code === 2 && gaps.length === 0) {
      const why = unknown?.reason ?? "it gives no reason";
      throw new UndecidedError("scanner/incomplete", `could not look at all of it${lastLine(why)}`);
    }
    const serious = issues.some(({ severity }) => severity === "critical" || severity === "warning");
    if (code === 1 && !serious || code === 0 && serious) {
      throw contradiction(`reports ${serious ? "issues" : "no issue"} with exit ${code}`);
    }
    const read = said.scanner_names.length === 0 || said.bytes_scanned === 0 ? 0 : said.files_scanned;
    const found = issues.filter(({ severity }) => severity !== "debug");
    return scanReport(read, found.map((issue) => findingOf(issue, artifact)), gaps.map(gapWords));
  },
};

function gapWords({ reason, path }: { readonly reason: string; readonly path?: string }): string {
  return path === undefined ? reason : `${path}: ${reason}`;
}

function findingOf(issue: Issue, artifact: string): ScannerFinding {
  const refuses = issue.severity === "critical" && !KNOWN_BETTER.some((known) => known(issue));
  const code = issue.rule_code ?? issue.type ?? "issue";
  return {
    severity: refuses ? "suspicious" : "info",
    words: `${issue.severity} ${code}: ${issue.message}`,
    ...pathInside((issue.location ?? "").replace(/ \(pos \d+\)$/, ""), artifact),
  };
}
