import assert from "node:assert/strict";
import { type Facts, LineStatus } from "../../src/health/line_status.ts";
import { MAX_VERDICTS, type Status, statusSchema } from "../../src/health/status.ts";

const NOW = new Date("2026-03-08T14:30:00Z");
const PLACES = { queue: { length: 0, names: [] }, open_claims: 0, held: { length: 0, artifacts: [] } };
const SHA = "ab".repeat(32);

function lineStatus(before: Status | null = null): LineStatus {
  const policy = { profile: "standalone", sha256: "cd".repeat(32) };
  return new LineStatus({ version: "0.1.0", policy, before, now: () => NOW });
}

/** What it shows, which must be what a reader accepts. */
function shown(line: LineStatus): Status {
  return statusSchema.parse(line.show("running", PLACES));
}

type Event = readonly [event: string, facts: Facts];
const about = (name: string): Facts => ({ claim: `claim of ${name}`, filename: name });
const claimed = (name: string): Event => ["claimed", about(name)];
const decided = (name: string, verdict: string): Event => ["decided", { ...about(name), verdict }];
const promoted = (name: string): Event => ["promoted", { ...about(name), sha256: SHA, size_bytes: 7 }];
const rejected = (name: string): Event => ["rejected", {
  ...about(name),
  reason: "static_scan",
  rule: "template/object-walk",
  sha256: SHA,
  size_bytes: 7,
  details: { static_scan: { scanner: "template/object-walk", reason: "it walks" } },
}];

function after(events: readonly Event[], line = lineStatus()): Status {
  for (const [event, facts] of events) line.recorded(event, facts);
  return shown(line);
}

const ends: [what: string, events: Event[], verdict: string, refusals: [decided: number, audited: number]][] =
  [
    ["a promotion", [claimed("m"), decided("m", "passed"), promoted("m")], "passed", [0, 0]],
    ["a rejection", [claimed("m"), decided("m", "rejected"), rejected("m")], "rejected", [1, 1]],
    ["a failure", [claimed("m"), decided("m", "failed"), rejected("m")], "failed", [1, 1]],
    ["a hold", [claimed("m"), decided("m", "error"), ["held", about("m")]], "error", [1, 1]],
    [
      "a pass that could not be registered",
      [claimed("m"), decided("m", "passed"), decided("m", "error"), ["held", about("m")]],
      "error",
      [1, 1],
    ],
    ["a name that cannot be reached", [["rejected", { filename: "m", rule: "name/not-utf8" }]], "rejected", [
      1,
      1,
    ]],
  ];
for (const [what, events, verdict, [refusals, audited]] of ends) {
  Deno.test(`the status after ${what}`, () => {
    const status = after(events);
    assert.equal(status.current, null);
    assert.deepEqual(status.verdicts.map((one) => [one.name, one.verdict]), [["m", verdict]]);
    assert.deepEqual([status.totals.refusals, status.totals.refusals_audited], [refusals, audited]);
  });
}

Deno.test("a refusal says which stage, rule and reason", () => {
  const [verdict] = after([claimed("m"), decided("m", "failed"), rejected("m")]).verdicts;
  assert.ok(verdict !== undefined);
  assert.deepEqual(
    [verdict.stage, verdict.rule, verdict.reason, verdict.sha256, verdict.size_bytes],
    ["static_scan", "template/object-walk", "it walks", SHA, 7],
  );
});

Deno.test("a refusal that was decided and not audited shows in the totals", () => {
  const { totals } = after([claimed("m"), decided("m", "failed")]);
  assert.deepEqual([totals.refusals, totals.refusals_audited], [1, 0]);
});

Deno.test("a refusal that a crash interrupted is counted once", () => {
  const before = after([claimed("m"), decided("m", "failed")]);
  const { totals, verdicts } = after([rejected("m")], lineStatus(before));
  assert.deepEqual([totals.claims, totals.refusals, totals.refusals_audited], [1, 1, 1]);
  assert.equal(verdicts.length, 1);
});

Deno.test("the status follows stages and bytes", () => {
  const line = lineStatus();
  line.recorded(...claimed("m"));
  line.progress(5);
  assert.deepEqual(shown(line).current, {
    name: "m",
    started_at: NOW.toISOString(),
    size_bytes: null,
    stage: null,
    bytes_done: 5,
    stages: [],
  });
  line.examining("format_gate", { name: "m", sizeBytes: 100 });
  line.progress(40.7);
  const running = shown(line).current;
  assert.deepEqual([running?.stage, running?.bytes_done, running?.size_bytes], ["format_gate", 40, 100]);
  line.recorded("stage", { ...about("m"), stage: "format_gate", outcome: "PASS", summary: "gguf" });
  const ended = shown(line);
  assert.deepEqual(ended.current?.stages.map(({ stage, outcome, summary }) => [stage, outcome, summary]), [
    ["format_gate", "PASS", "gguf"],
  ]);
  assert.equal(ended.totals.stages.format_gate.outcomes.PASS, 1);
});

Deno.test("a stage that did not run counts as an outcome and not as a duration", () => {
  const skipped: Event = ["stage", {
    ...about("m"),
    stage: "diffusion_deep_scan",
    outcome: "SKIP",
    summary: "",
  }];
  const { totals } = after([claimed("m"), skipped]);
  assert.equal(totals.stages.diffusion_deep_scan.outcomes.SKIP, 1);
  assert.ok(totals.stages.diffusion_deep_scan.seconds.counts.every((count) => count === 0));
});

Deno.test("what waits in scanning/ is shown again though it is not claimed again", () => {
  const line = lineStatus();
  line.examining("source_policy", { name: "waited", sizeBytes: 3 });
  assert.equal(shown(line).current?.name, "waited");
});

Deno.test("an artifact that is put back or parked is no longer current, and no verdict", () => {
  const line = lineStatus();
  const status = after([claimed("m"), ["requeued", about("m")]], line);
  assert.deepEqual([status.current, status.totals.requeued, status.verdicts], [null, 1, []]);
  line.recorded(...claimed("n"));
  line.ended();
  assert.equal(shown(line).current, null);
});

Deno.test("only the newest verdicts are kept, and texts are capped", () => {
  const line = lineStatus();
  for (let i = 0; i <= MAX_VERDICTS; i++) {
    after([claimed(`m${i}`), decided(`m${i}`, "passed"), promoted(`m${i}`)], line);
  }
  const { verdicts, totals } = shown(line);
  assert.deepEqual([verdicts.length, verdicts[0]?.name, totals.verdicts.passed], [
    MAX_VERDICTS,
    `m${MAX_VERDICTS}`,
    MAX_VERDICTS + 1,
  ]);
  const long = after([["rejected", {
    filename: "m",
    reason: "s",
    details: { s: { reason: "x".repeat(10_000) } },
  }]]);
  assert.equal(long.verdicts[0]?.reason.length, 501);
});
