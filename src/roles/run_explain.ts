import fs from "node:fs";
import * as z from "zod";
import { escapeName, systemCode } from "../files/mod.ts";
import { isRuleId, RULES, StartupError } from "../model/mod.ts";
import { paint } from "./terminal.ts";
import { EXIT, type ExitCode, type Screen, type World } from "./world.ts";

const findingSchema = z.looseObject({
  type: z.string(),
  message: z.string().optional(),
  severity: z.string().optional(),
  tensor: z.string().optional(),
  path: z.string().optional(),
  field: z.string().optional(),
  offset: z.number().optional(),
  confidence: z.number().optional(),
});

const reportSchema = z.looseObject({
  filename: z.string(),
  rejected_at: z.string(),
  failed_stage: z.string().nullable(),
  reason: z.string(),
  verdict: z.string(),
  sha256: z.string().nullable(),
  source: z.string(),
  rule: z.string(),
  scan_details: z.looseObject({ findings: z.array(findingSchema) }),
});

/** `explain REPORT`: what is wrong, where, why it matters, and what to do, in plain words. */
export function runExplain(world: World, path: string): ExitCode {
  world.stdout.write(explanation(world.stdout, readReport(path)));
  return EXIT.passed;
}

function readReport(path: string): z.infer<typeof reportSchema> {
  try {
    return reportSchema.parse(JSON.parse(fs.readFileSync(path, "utf8")));
  } catch (cause) {
    const why = systemCode(cause) ?? "it is not a rejection report";
    throw new StartupError("usage", `Cannot explain ${path}: ${why}`, { cause });
  }
}

const HEADINGS: ReadonlyMap<string, string> = new Map([
  ["rejected", "was rejected"],
  ["failed", "failed"],
  ["error", "could not be decided; its bytes were kept"],
]);

function explanation(screen: Screen, report: z.infer<typeof reportSchema>): string {
  const rule = isRuleId(report.rule) ? RULES[report.rule] : null;
  const heading = HEADINGS.get(report.verdict) ?? report.verdict;
  const section = (title: string, text: string) => `${paint(screen, "bold", title.padEnd(7))} ${text}`;
  const lines = [
    `${paint(screen, "bold", escapeName(report.filename))} ${heading}${
      report.failed_stage === null ? "" : ` at ${report.failed_stage}`
    } (${report.rejected_at})`,
    section("what", escapeName(report.reason)),
    ...report.scan_details.findings.map((found) => section("where", escapeName(placeOf(found)))),
    section("rule", report.rule),
    section(
      "why",
      rule?.why ?? "This version does not know the rule; use the version that wrote the report.",
    ),
    section("to do", (rule?.whatToDo ?? "").replaceAll("NAME", escapeName(report.filename))),
    section("from", escapeName(report.source)),
    section("sha256", report.sha256 ?? "not hashed: it was refused before it was read"),
  ];
  return lines.join("\n") + "\n";
}

function placeOf(found: z.infer<typeof findingSchema>): string {
  const parts = [
    found.path === undefined ? null : `file ${found.path}`,
    found.tensor === undefined ? null : `tensor ${found.tensor}`,
    found.field === undefined ? null : `field ${found.field}`,
    found.offset === undefined ? null : `byte ${found.offset}`,
    found.confidence === undefined ? null : `confidence ${found.confidence.toFixed(2)}`,
  ].filter((part) => part !== null);
  return `${found.type}: ${found.message ?? ""}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}
