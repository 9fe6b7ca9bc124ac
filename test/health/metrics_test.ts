import assert from "node:assert/strict";
import { emptyHistogram, observe, PIPELINE_BOUNDS } from "../../src/health/histogram.ts";
import { metricsText } from "../../src/health/metrics.ts";
import { isMet, OBJECTIVES } from "../../src/health/objectives.ts";
import type { Snapshot } from "../../src/health/snapshot.ts";
import { emptyTotals, type Status, type Totals } from "../../src/health/status.ts";

const AT = new Date("2026-03-08T14:30:10Z");

function totalsOf(...seconds: number[]): Totals {
  const pipeline = seconds.reduce(
    (histogram, one) => observe(histogram, PIPELINE_BOUNDS, one),
    emptyHistogram(PIPELINE_BOUNDS),
  );
  return { ...emptyTotals(), pipeline };
}

function snapshot(totals: Totals, more: Partial<Snapshot> = {}): Snapshot {
  const status: Status = {
    schema: 1,
    version: "0.1.0",
    state: "running",
    started_at: "2026-03-08T14:00:00.000Z",
    alive_at: "2026-03-08T14:30:08.500Z",
    policy: { profile: "standalone", sha256: "cd".repeat(32) },
    current: null,
    queue: { length: 3, names: ['a"b\n.gguf'] },
    open_claims: 0,
    held: { length: 0, artifacts: [] },
    verdicts: [],
    totals,
  };
  const audit = { kind: "sound", entries: 42, lastHash: "ef".repeat(32), sizeBytes: 9000 } as const;
  return { at: AT, status, audit, problems: [], ...more };
}

/** The value of one sample, or undefined. */
function valueOf(text: string, sample: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`ai_quarantine_${sample} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
}

Deno.test("P178: the histogram counts what ended within each objective", () => {
  const text = metricsText(snapshot(totalsOf(0.4, 300, 300.1, 900, 1800, 4000)));
  const within = (le: number | string) => valueOf(text, `pipeline_duration_seconds_bucket{le="${le}"}`);
  assert.deepEqual([1, 300, 600, 900, 1800, 3600, "+Inf"].map(within), [1, 2, 3, 4, 5, 5, 6]);
  assert.equal(valueOf(text, "pipeline_duration_seconds_count"), 6);
  assert.equal(valueOf(text, "pipeline_duration_seconds_sum"), 7300.5);
});

const few = (count: number, seconds: number) => Array.from({ length: count }, () => seconds);
const objectives: [what: string, seconds: number[], met: boolean[]][] = [
  ["nothing yet", [], [true, true, true]],
  ["half at the bound of P50", [300, 301], [true, true, true]],
  ["less than half below it", [300, 301, 301], [false, true, true]],
  ["95 of 100 at the bound of P95", [...few(95, 900), ...few(5, 901)], [false, true, true]],
  ["94 of 100 below it", [...few(94, 900), ...few(6, 901)], [false, false, true]],
  ["99 of 100 at the bound of P99", [...few(99, 1), 1801], [true, true, true]],
  ["98 of 100 below it", [...few(98, 1), 1801, 1801], [true, true, false]],
];
for (const [what, seconds, met] of objectives) {
  Deno.test(`P178: the objectives with ${what}`, () => {
    const totals = totalsOf(...seconds);
    assert.deepEqual(OBJECTIVES.map((one) => isMet(totals, one)), met);
    const text = metricsText(snapshot(totals));
    const told = [["p50", 300], ["p95", 900], ["p99", 1800]].map(([name, within]) =>
      valueOf(text, `objective_met{objective="${name}",within_seconds="${within}"}`)
    );
    assert.deepEqual(told, met.map(Number));
  });
}

Deno.test("P178: refusals without an audit entry, and a gap in the chain, are told", () => {
  const lacking = { ...emptyTotals(), refusals: 3, refusals_audited: 2 };
  const text = metricsText(
    snapshot(lacking, { audit: { kind: "broken", why: "Gone." }, problems: ["Gone."] }),
  );
  assert.equal(valueOf(text, "refusals_total"), 3);
  assert.equal(valueOf(text, "refusals_audited_total"), 2);
  assert.equal(valueOf(text, "objective_refusals_audited"), 0);
  assert.equal(valueOf(text, "audit_chain_gap"), 1);
  assert.equal(valueOf(text, "audit_entries"), undefined);
  assert.equal(valueOf(text, "ready"), 0);
});

Deno.test("the text has one HELP and TYPE a family, samples of it alone, and no name of an artifact", () => {
  const text = metricsText(snapshot(totalsOf(5)));
  assert.ok(text.endsWith("\n"));
  assert.doesNotMatch(text, /gguf/);
  const families = [...text.matchAll(/^# TYPE (\S+) (?:gauge|counter|histogram)$/gm)].map(([, name = ""]) =>
    name
  );
  assert.equal(new Set(families).size, families.length);
  for (const line of text.trimEnd().split("\n").filter((one) => !one.startsWith("#"))) {
    assert.match(line, /^[a-z_]+(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? \d+(\.\d+)?$/);
    assert.ok(families.some((name) => line.startsWith(name)), line);
  }
});

Deno.test("a coordinator that never ran gives its metrics at nought", () => {
  const text = metricsText(
    snapshot(emptyTotals(), { status: null, problems: ["The coordinator has not run yet."] }),
  );
  assert.equal(valueOf(text, "coordinator_running"), 0);
  assert.equal(valueOf(text, "claims_total"), 0);
  assert.equal(valueOf(text, "queue_length"), undefined, "not known is not nought");
});
