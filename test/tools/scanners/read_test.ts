import assert from "node:assert/strict";
import { type ScannerFinding, type ScanReport } from "../../../src/tools/scanners/report.ts";
import { STATIC_SCANNERS, type StaticScanner } from "../../../src/tools/scanners.ts";
import { TOOLS } from "../../../src/tools/tools.ts";
import { ARTIFACT, CONTRACTS } from "../../support/fake_tool.ts";

const PLACES = {
  artifact: ARTIFACT,
  reportFile: "/tmp/job/report.json",
  rules: "/rules",
  input: () => assert.fail("no scanner asks for a file"),
};

function read(id: StaticScanner, report: string, code = 0, stderr = ""): ScanReport {
  return TOOLS[id].read({ code, report, stderr }, PLACES);
}

/** A clean report of the contract with parts of it changed. */
function changed(id: StaticScanner, more: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(CONTRACTS[id].clean), ...more });
}

const MODELSCAN_ISSUE = { description: "Use of unsafe operator", severity: "CRITICAL", source: "model.bin" };
const modelscan = (issues: readonly unknown[], total = issues.length) =>
  changed("modelscan", { summary: { total_issues: total, scanned: { total_scanned: 1 } }, issues });
const fickling = (severity: string) => changed("fickling", { severity });
const modelaudit = (severity: string, message: string, more: Record<string, unknown> = {}) =>
  changed("modelaudit", { issues: [{ severity, message, ...more }] });
const incomplete = (...reasons: string[]) => ({
  file_metadata: { [ARTIFACT]: { scan_outcome_reasons: reasons } },
});
const ggufGuard = (score: number, anomalies: readonly unknown[] = []) =>
  changed("gguf_guard", { report: { score, summary: "said so", anomalies } });
const yara = (rule: string, severity: string, path = ARTIFACT) =>
  `${rule} [description="d",severity="${severity}"] ${path}`;

const refused:
  readonly (readonly [why: string, id: StaticScanner, report: string, code: number, rule: string])[] = [
    ["issues, and an exit of 0", "modelscan", modelscan([MODELSCAN_ISSUE]), 0, "scanner/contradiction"],
    ["no issue, and an exit of 1", "modelscan", CONTRACTS.modelscan.clean, 1, "scanner/contradiction"],
    ["fewer issues than it counts", "modelscan", modelscan([MODELSCAN_ISSUE], 2), 1, "scanner/contradiction"],
    [
      "errors of its own",
      "modelscan",
      changed("modelscan", { errors: ["nested zip"] }),
      0,
      "scanner/incomplete",
    ],
    [
      "a severity that is none",
      "modelscan",
      modelscan([{ ...MODELSCAN_ISSUE, severity: "FINE" }]),
      1,
      "scanner/report",
    ],
    [
      "no file scanned",
      "modelscan",
      changed("modelscan", { summary: { total_issues: 0, scanned: { total_scanned: 0 } } }),
      0,
      "scanner/nothing-scanned",
    ],
    ["unsafe, and an exit of 0", "fickling", fickling("OVERTLY_MALICIOUS"), 0, "scanner/contradiction"],
    ["safe, and an exit of 1", "fickling", fickling("LIKELY_SAFE"), 1, "scanner/contradiction"],
    ["a severity that is none", "fickling", fickling("toString"), 0, "scanner/report"],
    ["an issue, and an exit of 0", "modelaudit", modelaudit("critical", "x"), 0, "scanner/contradiction"],
    ["no issue, and an exit of 1", "modelaudit", CONTRACTS.modelaudit.clean, 1, "scanner/contradiction"],
    ["errors", "modelaudit", changed("modelaudit", { has_errors: true }), 0, "scanner/incomplete"],
    [
      "an incomplete scan for a reason we do not know",
      "modelaudit",
      changed("modelaudit", incomplete("gguf_parse_incomplete", "ran_out_of_luck")),
      2,
      "scanner/incomplete",
    ],
    [
      "no file scanned",
      "modelaudit",
      changed("modelaudit", { files_scanned: 0 }),
      0,
      "scanner/nothing-scanned",
    ],
    [
      "no byte scanned",
      "modelaudit",
      changed("modelaudit", { bytes_scanned: 0 }),
      0,
      "scanner/nothing-scanned",
    ],
    [
      "no scanner of its own at work",
      "modelaudit",
      changed("modelaudit", { scanner_names: [] }),
      0,
      "scanner/nothing-scanned",
    ],
    ["FAIL, and an exit of 0", "gguf_guard", ggufGuard(0.64), 0, "scanner/contradiction"],
    ["pass, and an exit of 2", "gguf_guard", ggufGuard(0.5), 2, "scanner/contradiction"],
    ["a score that is none", "gguf_guard", ggufGuard(7), 2, "scanner/report"],
    [
      "no tensor",
      "gguf_guard",
      changed("gguf_guard", { fingerprint: { tensor_count: 0 } }),
      0,
      "scanner/nothing-scanned",
    ],
    [
      "matches, but no proof that it read",
      "yara",
      yara("private_key", "critical"),
      0,
      "scanner/nothing-scanned",
    ],
    ["a match in another file", "yara", yara("looked_at", "info", "/etc/passwd"), 0, "scanner/report"],
    ["a severity that is none", "yara", yara("looked_at", "fine"), 0, "scanner/report"],
  ];

for (const [why, id, report, code, rule] of refused) {
  Deno.test(`read() of ${id} has no answer when it says ${why}`, () => {
    assert.throws(() => read(id, report, code), { name: "UndecidedError", rule });
  });
}

Deno.test("a report that is cut off at any byte is no answer", () => {
  for (const id of STATIC_SCANNERS.filter((one) => one !== "yara")) {
    const { clean } = CONTRACTS[id];
    for (let length = 0; length < clean.length; length++) {
      assert.throws(() => read(id, clean.slice(0, length)), { rule: "scanner/report" }, `${id} ${length}`);
    }
  }
});

const findings: readonly (readonly [
  promise: string,
  id: StaticScanner,
  report: string,
  code: number,
  found: readonly ScannerFinding[],
])[] = [
  ["P047", "modelscan", modelscan([MODELSCAN_ISSUE]), 1, [{
    severity: "critical",
    words: "Use of unsafe operator",
  }]],
  ["P048", "fickling", fickling("SUSPICIOUS"), 1, [{ severity: "suspicious", words: "SUSPICIOUS: nothing" }]],
  [
    "P049",
    "modelaudit",
    modelaudit("critical", "Found REDUCE", { rule_code: "S201", location: `${ARTIFACT}/a/b.pkl (pos 4)` }),
    1,
    [{ severity: "suspicious", words: "critical S201: Found REDUCE", path: "a/b.pkl" }],
  ],
  [
    "P050, P114",
    "gguf_guard",
    ggufGuard(0.6, [{ tensor_name: "w", type: "nan", severity: "critical", description: "12 NaN values" }]),
    2,
    [
      { severity: "suspicious", words: "FAIL: said so", confidence: 0.6 },
      { severity: "info", words: "critical nan: 12 NaN values", tensor: "w" },
    ],
  ],
  [
    "P145",
    "yara",
    `${yara("looked_at", "info")}\n${yara("private_key", "critical")}\n`,
    0,
    [{ severity: "critical", words: "private_key: d" }],
  ],
];

for (const [promise, id, report, code, found] of findings) {
  Deno.test(`${promise}: read() hands on what ${id} found, in its own words`, () => {
    assert.deepEqual(read(id, report, code).findings, found);
  });
}

Deno.test("a scanner's words are made safe to print, and cut", () => {
  const { findings } = read(
    "modelaudit",
    modelaudit("critical", `\u001b[2J\u202eevil\n${"x".repeat(9999)}`),
    1,
  );
  const words = findings[0]?.words ?? "";
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(words, /[\u0000-\u001f\u202e]/);
  assert.ok(words.length <= 301, `${words.length}`);
});

Deno.test("of very many findings the worst are handed on and the rest is counted", () => {
  const issues = Array.from(
    { length: 1000 },
    (_, i) => ({ severity: i === 900 ? "critical" : "info", message: `${i}` }),
  );
  const { findings, more } = read("modelaudit", changed("modelaudit", { issues }), 1);
  assert.deepEqual([findings.length, more, findings[0]?.severity], [50, 950, "suspicious"]);
});

Deno.test("a limit of modelaudit's own reader is said", () => {
  const { gaps } = read("modelaudit", changed("modelaudit", incomplete("gguf_parse_incomplete")), 2);
  assert.deepEqual(gaps, ["gguf_parse_incomplete"]);
});

Deno.test("what gguf-guard skipped is no part of what it looked at", () => {
  const { gaps } = read("gguf_guard", ggufGuard(0), 0, 'warn: skipping tensor "w": read\n');
  assert.deepEqual(gaps, ['skipping tensor "w": read']);
});
