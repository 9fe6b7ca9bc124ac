import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { sha256 } from "../registry/fixture.ts";
import { tinyLlama } from "../make/gguf.ts";
import { evidenceOf, Lab, moveBack, outcomeOf } from "../support/lab.ts";
import { unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const DIGEST = sha256(MODEL);
const BROKEN = MODEL.slice(0, -40_000);
const SKETCHY = "https://sketchy-site.com/model.gguf";
const AT = "2026-03-08T14:30:00.700Z";
const setup = { registry: unreachableRegistry(), now: () => new Date(AT) };

Deno.test("P129-P132, P135: a rejection report has the promised fields first, in their order", async () => {
  using lab = Lab.make();
  lab.drop("my-model.gguf", MODEL, SKETCHY);
  const [ended] = await lab.watch(setup);
  assert.equal(outcomeOf(ended), "rejected origin/not-allowed");
  const text = fs.readFileSync(join(lab.places.rejected, "my-model.gguf.report.json"), "utf8");
  const report = JSON.parse(text);
  assert.equal(text, JSON.stringify(report, null, 2) + "\n");
  const reason = `origin "${SKETCHY}" not in sources.allowlist.yaml`;
  assert.deepEqual(Object.entries(report).slice(0, 11), [
    ["filename", "my-model.gguf"],
    ["rejected_at", "2026-03-08T14:30:00Z"],
    ["failed_stage", "source_policy"],
    ["reason", reason],
    ["scan_details", {
      "ai-quarantine_version": "0.1.0",
      findings: [{ type: "origin/not-allowed", severity: "critical", message: reason }],
    }],
    ["schema", 1],
    ["verdict", "rejected"],
    ["sha256", DIGEST],
    ["size_bytes", MODEL.byteLength],
    ["source", SKETCHY],
    ["rule", "origin/not-allowed"],
  ]);
  assert.equal(report.stages.length, 7);
  assert.deepEqual(report.stages.map((s: { outcome: string }) => s.outcome), [
    "FAIL",
    ...Array(6).fill("SKIP"),
  ]);
  assert.equal(report.policy.sha256, sha256(fs.readFileSync(lab.policyPath)));
  assert.match(report.what_to_do, /sources\.allowlist\.yaml/);
});

Deno.test("P128, P136: refused bytes are kept in rejected/, and mv back to incoming runs them again", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", BROKEN);
  const [first] = await lab.watch(setup);
  assert.equal(sha256(fs.readFileSync(join(lab.places.rejected, "m.gguf"))), sha256(BROKEN));
  moveBack(lab, "rejected", "m.gguf");
  const [second] = await lab.watch(setup);
  assert.equal(outcomeOf(second), outcomeOf(first));
  assert.equal(evidenceOf(second), evidenceOf(first), "P002");
  assert.equal(lab.events("rejected").length, 2);
});

Deno.test("refused bytes keep their origin: mv back does not make them a local import", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", MODEL, SKETCHY);
  await lab.watch(setup);
  assert.deepEqual(lab.names("incoming"), []);
  moveBack(lab, "rejected", "m.gguf");
  const [again] = await lab.watch(setup);
  assert.equal(outcomeOf(again), "rejected origin/not-allowed");
  assert.equal(lab.report("rejected", "m.gguf").source, SKETCHY);
});

Deno.test("P080-P082: without retention no refused byte is left anywhere, the report is", async () => {
  using lab = Lab.make({ retain_raw_artifacts: "false" });
  lab.drop("m.gguf", BROKEN, "https://huggingface.co/m.gguf");
  await lab.watch(setup);
  assert.deepEqual(lab.names("rejected"), ["m.gguf.report.json"]);
  for (const place of ["incoming", "scanning", "held", "registry"] as const) {
    assert.deepEqual(lab.names(place), [], place);
  }
});

Deno.test("without retention an undecided artifact's bytes are kept all the same", async () => {
  using lab = Lab.make({ retain_raw_artifacts: "false" });
  lab.drop("m.gguf", MODEL);
  const [ended] = await lab.watch(setup);
  assert.equal(outcomeOf(ended), "error registry/unreachable");
  assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), DIGEST);
});

Deno.test("a second refusal of a name overwrites neither report nor bytes", async () => {
  using lab = Lab.make();
  const drops = [1, 2, 3].map((n) => BROKEN.slice(0, -n));
  for (const bytes of drops) {
    lab.drop("my-model.gguf", bytes);
    await lab.watch(setup);
  }
  const names = lab.names("rejected");
  const bytes = names.filter((name) => name.endsWith(".gguf"));
  const reports = names.filter((name) => name.endsWith(".report.json"));
  assert.equal(bytes.length, 3);
  assert.equal(reports.length, 3);
  assert.ok(bytes.includes("my-model.gguf"));
  for (const name of bytes) assert.match(name, /^my-model(\.\d{8}T\d{6}Z(-\d)?)?\.gguf$/);
  for (const name of reports) assert.match(name, /^my-model\.gguf(\.\d{8}T\d{6}Z(-\d)?)?\.report\.json$/);
  const kept = bytes.map((name) => sha256(fs.readFileSync(join(lab.places.rejected, name)))).sort();
  assert.deepEqual(kept, drops.map((drop) => sha256(drop)).sort());
});

Deno.test("P134: a refusal writes one CRITICAL entry that the user interface can read", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", MODEL, SKETCHY);
  await lab.watch(setup);
  const [entry, ...more] = lab.events("rejected");
  assert.deepEqual(more, []);
  assert.ok(entry !== undefined);
  const { filename, reason, sha256: digest, size_bytes, severity, passed, details } = entry;
  assert.deepEqual({ filename, reason, digest, size_bytes, severity, passed, details }, {
    filename: "m.gguf",
    reason: "source_policy",
    digest: DIGEST,
    size_bytes: MODEL.byteLength,
    severity: "CRITICAL",
    passed: false,
    details: {
      source_policy: {
        scanner: "origin/not-allowed",
        reason: `origin "${SKETCHY}" not in sources.allowlist.yaml`,
      },
    },
  });
});

Deno.test("P079: the audit log names no directory of this machine", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", MODEL);
  lab.drop("n.gguf", BROKEN);
  await lab.watch(setup);
  assert.ok(!fs.readFileSync(lab.auditLog, "utf8").includes(lab.root));
});

Deno.test("P003, P012, P141: REJECTED for stages 1 and 2 with nothing after them, FAILED for a later stage", async () => {
  using lab = Lab.make();
  lab.pin("pinned.gguf", "ab".repeat(32));
  lab.drop("origin.gguf", MODEL, SKETCHY);
  lab.drop("format.gguf", BROKEN);
  lab.drop("pinned.gguf", MODEL);
  const ended = await lab.watch(setup);
  assert.deepEqual(ended.map((one) => [one.name, outcomeOf(one).split(" ")[0]]), [
    ["format.gguf", "rejected"],
    ["origin.gguf", "rejected"],
    ["pinned.gguf", "failed"],
  ]);
  const reached = lab.events("stage").map(({ filename, stage, outcome }) =>
    `${filename} ${stage} ${outcome}`
  );
  assert.deepEqual(reached, [
    "format.gguf source_policy PASS",
    "format.gguf format_gate FAIL",
    "origin.gguf source_policy FAIL",
    "pinned.gguf source_policy PASS",
    "pinned.gguf format_gate PASS",
    "pinned.gguf integrity_check FAIL",
  ]);
});

Deno.test("P110: a hash mismatch says what was expected and what was found", async () => {
  using lab = Lab.make();
  lab.pin("m.gguf", "ab".repeat(32));
  lab.drop("m.gguf", MODEL);
  await lab.watch(setup);
  const line = `<2>[quarantine] Stage 3/7: integrity_check — FAIL: hash mismatch expected: ${
    "ab".repeat(32)
  }`;
  assert.ok(lab.journal.includes(`${line} actual: ${DIGEST}`), lab.journal.join("\n"));
});

Deno.test("blocked bytes are refused under any name", async () => {
  using lab = Lab.make();
  lab.pin("bad.gguf", DIGEST, ", blocked: true, blocked_reason: stolen");
  lab.drop("innocent.gguf", MODEL);
  assert.deepEqual((await lab.watch(setup)).map(outcomeOf), ["failed integrity/blocked"]);
});
