import { staticScore } from "../measure/anomaly.ts";
import {
  type Artifact,
  conclude,
  type Evidence,
  type Finding,
  type Json,
  type Judgement,
  type Pipeline,
  refuses,
  type RuleId,
  type Stage,
  type StageContext,
  UndecidedError,
} from "../model/mod.ts";
import type { ScannerFinding } from "../tools/scanners/report.ts";
import {
  askScanners,
  type Installed,
  type Opinion,
  scannerName,
  type StaticScanner,
  willAsk,
} from "../tools/scanners.ts";

type Opinions = ReadonlyMap<StaticScanner, Opinion>;

const RULES_OF: Readonly<Record<StaticScanner, RuleId>> = {
  modelscan: "modelscan/issue",
  fickling: "fickling/issue",
  modelaudit: "modelaudit/issue",
  gguf_guard: "gguf-guard/anomaly",
  yara: "yara/match",
};

/** Adds the outside scanners to stage 5 of a pipeline. */
export function withScanners(pipeline: Pipeline, installed: Installed): Pipeline {
  const [source, format, integrity, provenance, scan, behaviour, diffusion] = pipeline;
  return [source, format, integrity, provenance, scannedToo(scan, installed), behaviour, diffusion];
}

function scannedToo(stage: Stage<"static_scan">, installed: Installed): Stage<"static_scan"> {
  return {
    ...stage,
    activityFor: (format) => [stage.activity, ...willAsk(installed, format).map(scannerName)].join(" + "),
    async askOthers(native, artifact, context) {
      const { policy, signal } = context;
      const opinions = await askScanners(installed, await subjectOf(artifact), policy, signal);
      return merged(native, opinions, context);
    },
  };
}

async function subjectOf({ path, format, sizeBytes, shape, digest }: Artifact) {
  if (shape === "file") return { path, format, sizeBytes, files: 1 };
  const { files, sizeBytes: total } = await digest;
  return { path, format, sizeBytes: total, files: files.length };
}

/**
 * One judgement out of ours and the scanners': whoever refuses, refuses. When nobody does, a scanner that should have
 * looked and gave no answer leaves the artifact undecided.
 */
function merged(native: Judgement, opinions: Opinions, { policy, used }: StageContext): Judgement {
  for (const [id, opinion] of opinions) {
    const version = "version" in opinion ? opinion.version : null;
    if (version !== null) used?.(scannerName(id), version);
  }
  const own = native.kind === "cleared" ? native.notes : native.findings;
  const findings = [...own, ...[...opinions].flatMap(([id, opinion]) => findingsOf(id, opinion))];
  const evidence: Evidence = {
    ...native.evidence,
    scanners: Object.fromEntries(
      [...opinions].map(([id, opinion]) => [scannerName(id), evidenceOf(opinion)]),
    ),
    opinions: sideBySide(native, opinions),
  };
  const failed = [...opinions.values()].find((opinion) => opinion.kind === "failed");
  if (failed !== undefined) {
    if (!findings.some((found) => refuses(policy, found))) {
      throw new UndecidedError(failed.error.rule, failed.error.message, { cause: failed.error, evidence });
    }
    // Accepting what others found must not make a pass of it.
    findings.push({ rule: failed.error.rule, severity: "critical", message: failed.error.message });
  }
  const score = staticScore(findings).toFixed(2);
  const notes = findings.filter(({ severity }) => severity !== "info").length;
  return conclude(policy, findings, { ...evidence, score }, {
    cleared: notes === 0 ? native.summary : `score=${score}, ${notes} ${notes === 1 ? "note" : "notes"}`,
    refused: (first) => native.kind === "refused" ? native.summary : withConfidence(first),
  });
}

function withConfidence({ message, confidence }: Finding): string {
  return confidence === undefined ? message : `${message} (confidence=${confidence.toFixed(2)})`;
}

/** What a scanner found, as findings of ours with its own words in them, and what it could not read. */
function findingsOf(id: StaticScanner, opinion: Opinion): Finding[] {
  if (opinion.kind !== "answered") return [];
  const name = scannerName(id);
  const { findings, gaps } = opinion.report;
  return [
    ...findings.map(({ words, ...found }: ScannerFinding): Finding => ({
      rule: RULES_OF[id],
      severity: found.severity,
      message: `${name} ${found.severity === "info" ? "notes" : "detected"} ${words}${inTensor(found)}`,
      ...(found.confidence === undefined ? {} : { confidence: found.confidence }),
      ...(found.tensor === undefined ? {} : { tensor: found.tensor }),
      ...(found.path === undefined ? {} : { path: found.path }),
    })),
    ...gaps.map((words): Finding => ({
      rule: "scanner/incomplete",
      severity: "info",
      message: `${name} could not read all of it: ${words}`,
    })),
  ];
}

function inTensor({ tensor }: Pick<ScannerFinding, "tensor">): string {
  return tensor === undefined ? "" : ` in tensor "${tensor}"`;
}

function evidenceOf(opinion: Opinion): Json {
  switch (opinion.kind) {
    case "answered": {
      const { files, findings, more, gaps } = opinion.report;
      return {
        outcome: "answered",
        version: opinion.version,
        files,
        findings: findings.length + more,
        could_not_read: gaps,
      };
    }
    case "not-applicable":
      return { outcome: "not applicable", why: opinion.why };
    case "not-examined":
      return { outcome: "not examined", why: opinion.why, ...versionOf(opinion) };
    case "failed":
      return {
        outcome: "failed",
        rule: opinion.error.rule,
        why: opinion.error.message,
        ...versionOf(opinion),
      };
  }
}

function versionOf({ version }: { readonly version: string | null }): { version?: string } {
  return version === null ? {} : { version };
}

/** Everybody's word side by side, ours first, so that a disagreement is seen at once. */
function sideBySide(native: Judgement, opinions: Opinions): Json {
  const ours = native.kind === "refused" ? "refuses" : native.notes.length === 0 ? "finds nothing" : "notes";
  const words = new Map<string, string>([["native", ours]]);
  for (const [id, opinion] of opinions) {
    if (opinion.kind !== "answered") continue;
    const worst = opinion.report.findings[0]?.severity;
    words.set(
      scannerName(id),
      worst === undefined ? "finds nothing" : worst === "info" ? "notes" : `calls it ${worst}`,
    );
  }
  const alarmed = [...words.values()].map((word) => word === "refuses" || word.startsWith("calls"));
  return { ...Object.fromEntries(words), disagree: alarmed.includes(true) && alarmed.includes(false) };
}
