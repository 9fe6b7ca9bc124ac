import { STAGE_IDS } from "../model/mod.ts";
import { countOf, type Histogram, PIPELINE_BOUNDS, STAGE_BOUNDS } from "./histogram.ts";
import { isMet, OBJECTIVES, shareWithin } from "./objectives.ts";
import type { Snapshot } from "./snapshot.ts";
import { emptyTotals, STAGE_OUTCOMES, type Status, type Totals, VERDICTS } from "./status.ts";

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number];

/**
 * The snapshot as Prometheus text, format version 0.0.4. Labels come from fixed tables: no name of an artifact is one.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsText(snapshot: Snapshot): string {
  const { status } = snapshot;
  const totals = status?.totals ?? emptyTotals();
  return [
    ...state(snapshot),
    ...(status === null ? [] : atWork(status)),
    ...counters(totals),
    ...objectives(totals),
    ...histograms(totals),
  ].join("\n") + "\n";
}

function state({ at, status, audit, problems }: Snapshot): string[] {
  const alive = status === null ? [] : gauge(
    "coordinator_last_alive_seconds",
    "Seconds since the coordinator last said that it runs",
    [[{}, Math.max(0, at.getTime() - new Date(status.alive_at).getTime()) / 1000]],
  );
  const head = audit.kind === "broken" ? [] : [
    ...gauge("audit_entries", "Entries of the audit log, archives included", [[{}, audit.entries]]),
    ...gauge("audit_log_bytes", "Size of the current audit log", [[{}, audit.sizeBytes]]),
  ];
  return [
    ...gauge("ready", "1 when nothing speaks against relying on the line", [[
      {},
      bit(problems.length === 0),
    ]]),
    ...gauge("coordinator_running", "1 while the coordinator runs; 0 when it ended in good order", [
      [{}, bit(status?.state === "running")],
    ]),
    ...alive,
    ...gauge("audit_chain_gap", "1 when entries of the audit log are missing or were changed", [
      [{}, bit(audit.kind === "broken")],
    ]),
    ...head,
  ];
}

function atWork({ current, queue, open_claims, held }: Status): string[] {
  return [
    ...gauge("queue_length", "Artifacts in the incoming directory", [[{}, queue.length]]),
    ...gauge(
      "open_claims",
      "Artifacts taken out of it and not yet decided: examined now, or parked by a stop",
      [
        [{}, open_claims],
      ],
    ),
    ...gauge("held_artifacts", "Artifacts that could not be decided", [[{}, held.length]]),
    ...gauge(
      "stage_running",
      "1 for the stage that examines an artifact now",
      STAGE_IDS.map((stage) => [{ stage }, bit(current?.stage === stage)]),
    ),
    ...gauge("artifact_size_bytes", "Size of the artifact that is examined now", [
      [{}, current?.size_bytes ?? 0],
    ]),
    ...gauge("artifact_examined_bytes", "Bytes of it that the running stage has examined", [
      [{}, current?.bytes_done ?? 0],
    ]),
  ];
}

function counters(totals: Totals): string[] {
  return [
    ...counter("claims_total", "Artifacts taken out of the incoming directory", [[{}, totals.claims]]),
    ...counter("requeued_total", "Artifacts put back because they changed while they were examined", [
      [{}, totals.requeued],
    ]),
    ...counter(
      "verdicts_total",
      "Admissions that ended, by verdict",
      VERDICTS.map((verdict) => [{ verdict }, totals.verdicts[verdict]]),
    ),
    ...counter("refusals_total", "Decisions other than a pass", [[{}, totals.refusals]]),
    ...counter("refusals_audited_total", "Refusals with an entry of their own in the audit log", [
      [{}, totals.refusals_audited],
    ]),
    ...counter(
      "stage_outcomes_total",
      "Stages that ended, by outcome",
      STAGE_IDS.flatMap((stage) =>
        STAGE_OUTCOMES.map((outcome): Sample => [{ stage, outcome }, totals.stages[stage].outcomes[outcome]])
      ),
    ),
  ];
}

function objectives(totals: Totals): string[] {
  const labels = ({ quantile, seconds }: typeof OBJECTIVES[number]): Labels => ({
    objective: `p${quantile * 100}`,
    within_seconds: seconds,
  });
  return [
    ...gauge(
      "objective_share",
      "Share of admissions that ended within so many seconds",
      OBJECTIVES.map((one) => [labels(one), shareWithin(totals, one)]),
    ),
    ...gauge(
      "objective_met",
      "1 when that share is at least what the objective asks",
      OBJECTIVES.map((one) => [labels(one), bit(isMet(totals, one))]),
    ),
    ...gauge("objective_refusals_audited", "1 when every refusal has its audit entry", [
      [{}, bit(totals.refusals_audited >= totals.refusals)],
    ]),
  ];
}

function histograms(totals: Totals): string[] {
  return [
    ...family("pipeline_duration_seconds", "From claim to the end of an admission", "histogram"),
    ...buckets("pipeline_duration_seconds", {}, totals.pipeline, PIPELINE_BOUNDS),
    ...family("stage_duration_seconds", "How long a stage examined an artifact", "histogram"),
    ...STAGE_IDS.flatMap((stage) =>
      buckets("stage_duration_seconds", { stage }, totals.stages[stage].seconds, STAGE_BOUNDS)
    ),
  ];
}

function buckets(name: string, labels: Labels, histogram: Histogram, bounds: readonly number[]): string[] {
  let below = 0;
  const lines = [...bounds, "+Inf"].map((le, index) => {
    below += histogram.counts[index] ?? 0;
    return sample(`${name}_bucket`, { ...labels, le }, below);
  });
  return [
    ...lines,
    sample(`${name}_sum`, labels, histogram.sumSeconds),
    sample(`${name}_count`, labels, countOf(histogram)),
  ];
}

const gauge = (name: string, help: string, samples: readonly Sample[]): string[] => [
  ...family(name, help, "gauge"),
  ...samples.map(([labels, value]) => sample(name, labels, value)),
];

const counter = (name: string, help: string, samples: readonly Sample[]): string[] => [
  ...family(name, help, "counter"),
  ...samples.map(([labels, value]) => sample(name, labels, value)),
];

function family(name: string, help: string, type: "gauge" | "counter" | "histogram"): string[] {
  return [`# HELP ${PREFIX}${name} ${help}.`, `# TYPE ${PREFIX}${name} ${type}`];
}

function sample(name: string, labels: Labels, value: number): string {
  const spelled = Object.entries(labels).map(([key, label]) => `${key}="${label}"`).join(",");
  return `${PREFIX}${name}${spelled === "" ? "" : `{${spelled}}`} ${value}`;
}

const PREFIX = "ai_quarantine_";
const bit = (value: boolean): number => value ? 1 : 0;
