import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { STAGE_IDS } from "../../src/model/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli, type Ran } from "../support/cli.ts";
import { Lab, LAUNCHER } from "../support/lab.ts";

const MODEL = tinyLlama();
const GREEN = "\u001b[32m";
const BROKEN = MODEL.slice(0, -40_000);

/** Files that lie somewhere, each named after what becomes of it. */
function shelf(lab: Lab, files: Readonly<Record<string, Uint8Array>>): string[] {
  return Object.entries(files).map(([name, bytes]) => {
    fs.writeFileSync(join(lab.root, name), bytes);
    return join(lab.root, name);
  });
}

async function check(lab: Lab, ...args: string[]): Promise<Ran> {
  return await cli(["check", "--policy", lab.policyPath, ...args], { XDG_STATE_HOME: lab.places.state });
}

// deno-lint-ignore no-explicit-any -- the test names every field of the object
const parsed = (ran: Ran): any[] => ran.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));

Deno.test("check --json of five files prints five objects, and the gravest exit code", async () => {
  using lab = Lab.make();
  lab.pin("mismatch.gguf", "ab".repeat(32));
  const files = {
    "pass.gguf": MODEL,
    "reject.gguf": BROKEN,
    "mismatch.gguf": MODEL,
    "pickle.gguf": new Uint8Array([0x80, 2, 0x5d, 0x71, 0, 0x2e]),
    "notes.txt": new TextEncoder().encode("hello"),
  };
  const ran = await check(lab, "--json", ...shelf(lab, files));
  assert.equal(ran.code, 1);
  const results = parsed(ran);
  assert.deepEqual(results.map(({ artifact, verdict, failed_stage }) => [artifact, verdict, failed_stage]), [
    ["pass.gguf", "passed", null],
    ["reject.gguf", "rejected", "format_gate"],
    ["mismatch.gguf", "failed", "integrity_check"],
    ["pickle.gguf", "rejected", "format_gate"],
    ["notes.txt", "rejected", "format_gate"],
  ]);
  const policy = { profile: "standalone", sha256: sha256(fs.readFileSync(lab.policyPath)) };
  for (const result of results) {
    assert.deepEqual(Object.keys(result), [
      "schema",
      "artifact",
      "kind",
      "sha256",
      "size_bytes",
      "verdict",
      "failed_stage",
      "reason",
      "sandbox",
      "stages",
      "scanners",
      "policy",
    ]);
    assert.equal(result.schema, 1);
    assert.deepEqual(result.policy, policy);
    assert.ok(["bubblewrap", "process"].includes(result.sandbox));
    assert.deepEqual(result.stages.map(({ stage, n }: { stage: string; n: number }) => [n, stage]), [
      ...STAGE_IDS.map((stage, index) => [index + 1, stage]),
    ]);
  }
  const [passed, rejected] = results;
  assert.deepEqual([passed.kind, passed.sha256, passed.size_bytes, passed.reason], [
    "gguf",
    sha256(MODEL),
    MODEL.byteLength,
    null,
  ]);
  assert.deepEqual(rejected.stages.map((stage: { outcome: string }) => stage.outcome), [
    "PASS",
    "FAIL",
    ...Array(5).fill("SKIP"),
  ]);
  assert.equal(rejected.stages[6].summary, "not reached");
  assert.equal(rejected.sha256, sha256(BROKEN), "hashed all the same");
});

Deno.test("P002: check says the same of the same bytes twice, byte for byte", async () => {
  using lab = Lab.make();
  const [path = ""] = shelf(lab, { "m.gguf": MODEL });
  const runs = [await check(lab, "--json", path), await check(lab, "--json", path)];
  const [first, second] = runs.map((ran) =>
    ran.stdout.replace(/"duration_ms":\d+/g, "").replace(/,"run":\{[^}]*\}/g, "")
  );
  assert.equal(second, first);
});

const codes: readonly (readonly [why: string, code: number, args: (lab: Lab) => string[]])[] = [
  ["0: it passes", 0, (lab) => shelf(lab, { "m.gguf": MODEL })],
  ["1: it is refused", 1, (lab) => shelf(lab, { "m.gguf": BROKEN })],
  ["1: one of two is refused", 1, (lab) => shelf(lab, { "m.gguf": MODEL, "n.gguf": BROKEN })],
  ["2: no such file", 2, (lab) => [join(lab.root, "missing.gguf")]],
  ["2: no path", 2, () => []],
  ["2: an option that is none", 2, (lab) => ["--fast", ...shelf(lab, { "m.gguf": MODEL })]],
  ["2: a profile that is none", 2, (lab) => ["--profile", "lax", ...shelf(lab, { "m.gguf": MODEL })]],
  ["2 before 1", 2, (lab) => [...shelf(lab, { "m.gguf": BROKEN }), join(lab.root, "missing.gguf")]],
];

for (const [why, code, args] of codes) {
  Deno.test(`check ends with ${why}`, async () => {
    using lab = Lab.make();
    const ran = await check(lab, ...args(lab));
    assert.equal(ran.code, code, ran.stderr);
  });
}

Deno.test("check ends with 3 when it cannot decide", async () => {
  using lab = Lab.make({ modelscan: "{ required: true }" });
  const ran = await check(lab, "--json", ...shelf(lab, { "m.gguf": MODEL }));
  assert.equal(ran.code, 3);
  const [result] = parsed(ran);
  assert.deepEqual([result.verdict, result.failed_stage], ["error", "static_scan"]);
  assert.equal(result.stages[4].outcome, "ERROR");
});

Deno.test("check refuses what the line refuses without opening it", async () => {
  using lab = Lab.make();
  fs.symlinkSync("/etc/passwd", join(lab.root, "link.gguf"));
  const ran = await check(lab, "--json", join(lab.root, "link.gguf"));
  const [result] = parsed(ran);
  assert.deepEqual([ran.code, result.verdict, result.failed_stage, result.sha256], [
    1,
    "rejected",
    "format_gate",
    null,
  ]);
  assert.equal(result.stages[1].findings[0].rule, "claim/symlink");
});

Deno.test("check --source judges the origin", async () => {
  using lab = Lab.make();
  const ran = await check(
    lab,
    "--json",
    "--source",
    "https://sketchy.example/m.gguf",
    ...shelf(lab, { "m.gguf": MODEL }),
  );
  const [result] = parsed(ran);
  assert.deepEqual([ran.code, result.failed_stage], [1, "source_policy"]);
});

Deno.test("check promotes nothing and leaves the file as it lies", async () => {
  using lab = Lab.make();
  const [path = ""] = shelf(lab, { "m.gguf": MODEL });
  const before = fs.statSync(path);
  await check(lab, path);
  const after = fs.statSync(path);
  assert.deepEqual([after.ino, after.size, after.mtimeMs], [before.ino, before.size, before.mtimeMs]);
  for (const place of Object.keys(lab.places) as (keyof typeof lab.places)[]) {
    assert.deepEqual(lab.names(place), []);
  }
});

Deno.test("check --sarif prints one SARIF 2.1.0 log with a result for each finding", async () => {
  using lab = Lab.make();
  const ran = await check(lab, "--sarif", ...shelf(lab, { "m.gguf": MODEL, "n.gguf": BROKEN }));
  assert.equal(ran.code, 1);
  const log = JSON.parse(ran.stdout);
  assert.deepEqual([log.version, log.runs.length], ["2.1.0", 1]);
  const { tool, results } = log.runs[0];
  assert.equal(tool.driver.name, "ai-quarantine");
  assert.ok(results.length >= 1);
  for (const result of results) {
    assert.equal(tool.driver.rules[result.ruleIndex].id, result.ruleId);
    assert.ok(["error", "warning", "note"].includes(result.level));
    assert.match(result.message.text, /./);
    assert.match(result.locations[0].physicalLocation.artifactLocation.uri, /n\.gguf$/);
  }
  for (const rule of tool.driver.rules) assert.ok(rule.help.text.length > 20, rule.id);
});

Deno.test("output that is not for a terminal has no escape codes, and neither has a hostile name", async () => {
  using lab = Lab.make();
  const [path = ""] = shelf(lab, { "\u001b[31mred\u001b[0m.gguf": MODEL });
  for (const args of [[path], ["--json", path], ["--sarif", path]]) {
    const { stdout, stderr } = await check(lab, ...args);
    assert.ok(!(stdout + stderr).includes("\u001b"), stdout + stderr);
  }
});

Deno.test("on a terminal there are colours, and none with NO_COLOR", async () => {
  using lab = Lab.make();
  const [path = ""] = shelf(lab, { "m.gguf": MODEL });
  const command = `'${LAUNCHER}' check --policy '${lab.policyPath}' '${path}'`;
  const onTerminal = async (more: Record<string, string>) => {
    const { stdout } = await cli(
      ["-qec", command, "/dev/null"],
      { TERM: "xterm", ...more },
      "/usr/bin/script",
    );
    return stdout;
  };
  assert.ok((await onTerminal({})).includes(`${GREEN}PASS`));
  assert.ok(!(await onTerminal({ NO_COLOR: "1" })).includes("\u001b["));
});

Deno.test("a policy with gguf_gaurd is refused naming line, key and gguf_guard", async () => {
  using lab = Lab.make();
  const text = fs.readFileSync(lab.policyPath, "utf8").replace(/^gguf_guard:/m, "gguf_gaurd:");
  fs.writeFileSync(lab.policyPath, text);
  const line = text.split("\n").findIndex((one) => one.startsWith("gguf_gaurd:")) + 1;
  const [path = ""] = shelf(lab, { "m.gguf": MODEL });
  for (const args of [["check", "--policy", lab.policyPath, path], ["policy", "lint", lab.policyPath]]) {
    const { code, stdout, stderr } = await cli(args);
    assert.equal(code, 2);
    const said = stdout + stderr;
    assert.match(said, new RegExp(`policy\\.yaml:${line}:\\d+: .*gguf_gaurd`));
    assert.match(said, /gguf_guard\b/);
  }
});
