import { UndecidedError } from "../../model/mod.ts";
import { lastLine } from "../run_program.ts";
import type { Tool } from "../tool.ts";
import { pathInside, type ScannerFinding, type ScanReport, scanReport, scanReportSchema } from "./report.ts";

/** A rule that every file matches: proof that the file was read. */
const SENTINEL = "looked_at";
const LINE = /^(\w+) \[description="([^"]*)",severity="(critical|suspicious|info)"\] (\/.*)$/;

/**
 * YARA with the rules of `policy/yara/`. It maps files, so none is too large for it, and no rule may have a size limit.
 * https://yara.readthedocs.io/
 */
export const yara: Tool<ScanReport> = {
  name: "yara",
  versionArgs: ["--version"],
  version: (said) => /^(\d[\w.]*)\s*$/.exec(said)?.[1] ?? null,
  args: (
    { artifact, rules },
  ) => [
    "--recursive",
    "--no-follow-symlinks",
    "--fail-on-warnings",
    "--print-meta",
    `${rules}/models.yar`,
    artifact,
  ],
  // 0 done, matches or not; everything else is an error.
  exits: { 0: "answer", 1: "failed" },
  maxOutputBytes: 32 * 1024 * 1024,
  reportsTo: "stdout",
  report: scanReportSchema,
  read({ report, stderr }, { artifact }) {
    if (stderr.trim() !== "") {
      throw new UndecidedError("scanner/incomplete", `complains${lastLine(stderr)}`);
    }
    const files = new Set<string>();
    const findings: ScannerFinding[] = [];
    for (const line of report.split("\n").filter((text) => text !== "")) {
      const [, rule, description = "", severity, path = ""] = LINE.exec(line) ?? [];
      if (path !== artifact && !path.startsWith(`${artifact}/`)) {
        throw new UndecidedError("scanner/report", "printed a line that is no match of a rule");
      }
      if (rule === SENTINEL) files.add(path);
      else {
        findings.push({
          severity: severity === "critical" || severity === "suspicious" ? severity : "info",
          words: `${rule}: ${description}`,
          ...pathInside(path, artifact),
        });
      }
    }
    return scanReport(files.size, findings);
  },
};
