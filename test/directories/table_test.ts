import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { escapeName } from "../../src/files/mod.ts";
import { type RuleId, STAGE_IDS } from "../../src/model/mod.ts";
import { DIRECTORY_RULES } from "../../src/model/rules/directory.ts";
import { TEMPLATE_RULES } from "../../src/model/rules/template.ts";
import { weights, withDirectory } from "../make/directory.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { takeEverything } from "../support/once.ts";
import { unreachableRegistry } from "../support/registries.ts";
import { DIRECTORY_ATTACKS, type DirectoryVector } from "../vectors/directories.ts";
import { GGUF_REFUSED } from "../vectors/gguf.ts";
import { HARMLESS_TEMPLATES } from "../vectors/templates.ts";
import { MORE_DIRECTORY_ATTACKS, TEMPLATE_FILES, TEMPLATE_KEYS } from "./more_vectors.ts";
import { type ContentStage, policyWithoutPrograms, putBefore, type Said } from "./stages.ts";

/** Rows of the catalogue about directories, diffusers and templates. The numbers between belong to no row. */
const ROWS = [
  ..."A32 C32 C34".split(" "),
  ..."D1 D2 D4 D5 D7 D8 D10 D11 D13 D14 D16 D17 D19 D20 D22 D23 D25 D26 D28 D29 D31 D32 D34 D35 D37 D38 D40"
    .split(" "),
  ..."E1 E2 E4 E5 E7 E8".split(" "),
];

/** One line of the table: how often a row was answered by a rule at a place of the line. */
interface Answered {
  readonly row: string;
  readonly rule: string;
  readonly where: string;
  readonly why: string;
  count: number;
}
const table = new Map<string, Answered>();

function answered(row: string, rule: string, where: string, why: string): void {
  const key = `${row} ${rule} ${where}`;
  const line = table.get(key) ?? { row, rule, where, why, count: 0 };
  table.set(key, line);
  line.count += 1;
}

const stageName = (stage: ContentStage) => `${STAGE_IDS.indexOf(stage) + 1} ${stage}`;
const appliance = policyWithoutPrograms("appliance");
const standalone = policyWithoutPrograms("standalone");

function isContentStage(stage: DirectoryVector["stage"]): stage is ContentStage {
  return stage === "format_gate" || stage === "static_scan" || stage === "diffusion_deep_scan";
}

/** What is wrong with the answer of a stage: the rule must be among the findings, and refuse where it should. */
function fault(said: Said, rule: RuleId, kind: Said["kind"]): string | null {
  const rules = said.findings.map((found) => found.rule);
  return said.kind === kind && rules.includes(rule)
    ? null
    : `${rule} is due, got ${said.kind} ${rules.join(", ") || said.summary}`;
}

Deno.test("P010 each stage refuses every hostile directory on disk, by the rule it is listed with", async () => {
  const wrong: string[] = [];
  for (const { row, why, rule, stage, spec } of [...DIRECTORY_ATTACKS, ...MORE_DIRECTORY_ATTACKS]) {
    assert.ok(isContentStage(stage));
    const said = await withDirectory(spec, (root) => putBefore(stage, root, appliance));
    const found = fault(said, rule, "refused");
    if (found === null) answered(row, rule, stageName(stage), why);
    else wrong.push(`${row} ${why}: ${found}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the static scan names every hostile template of a directory, in its file", async () => {
  const spec = Object.fromEntries(TEMPLATE_FILES.map(({ path, text }) => [path, text]));
  const files = { "model.safetensors": weights("a"), ...spec };
  const said = await withDirectory(files, (root) => putBefore("static_scan", root, appliance));
  const wrong: string[] = [];
  for (const { row, why, rule, path } of TEMPLATE_FILES) {
    const own = said.findings.filter((found) => found.path === path);
    const found = fault({ ...said, findings: own }, rule, "refused");
    if (found === null) answered(row, rule, stageName("static_scan"), why);
    else wrong.push(`${row} ${why}: ${found}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("A32, E7: templates under every key of a GGUF file are examined, and their size is bounded", async () => {
  for (const { why, bytes } of TEMPLATE_KEYS) {
    const said = await withDirectory(
      { "m.gguf": bytes() },
      (root) => putBefore("static_scan", join(root, "m.gguf"), appliance),
    );
    assert.equal(fault(said, "template/object-walk", "refused"), null, why);
    answered("A32", "template/object-walk", stageName("static_scan"), why);
  }
  for (const { row, why, rule, bytes } of GGUF_REFUSED.filter(({ row }) => row === "A32" || row === "E7")) {
    const said = await withDirectory(
      { "m.gguf": bytes() },
      (root) => putBefore("format_gate", join(root, "m.gguf"), appliance),
    );
    assert.equal(fault(said, rule, "refused"), null, why);
    answered(row, rule, stageName("format_gate"), why);
  }
});

Deno.test("D40: a license that the policy names is pointed out", async () => {
  const files = { "model.safetensors": weights("a"), "README.md": "---\nlicense: cc-by-nc-4.0\n---\n# M\n" };
  const policy = { ...appliance, models: { ...appliance.models, flagLicenses: ["cc-by-nc*"] } };
  const said = await withDirectory(files, (root) => putBefore("static_scan", root, policy));
  assert.equal(fault(said, "license/flagged", "refused"), null);
  answered("D40", "license/flagged", stageName("static_scan"), "a license for research only");
});

Deno.test("E8: words and constructs of legitimate templates that naive rules refuse pass an appliance", async () => {
  const templates = HARMLESS_TEMPLATES.map(([why, text], i) => ({ why, text, path: `t${i}.jinja` }));
  const files = Object.fromEntries(templates.map(({ path, text }) => [path, text]));
  const spec = { "model.safetensors": weights("a"), ...files };
  const said = await withDirectory(spec, (root) => putBefore("static_scan", root, appliance));
  assert.deepEqual(said, { kind: "cleared", summary: "score=0.00, no anomalies", findings: [] });
  for (const { why } of templates) answered("E8", "passes", stageName("static_scan"), why);
});

Deno.test("D28: a file that is mostly holes is not taken in", async () => {
  using lab = Lab.make();
  const path = join(lab.places.incoming, "model");
  fs.mkdirSync(path);
  fs.writeFileSync(join(path, "model.safetensors"), "");
  fs.truncateSync(join(path, "model.safetensors"), 2 ** 40);
  const [ended] = await takeEverything(lab, { registry: unreachableRegistry() });
  assert.equal(outcomeOf(ended), "rejected claim/sparse");
  answered("D28", "claim/sparse", "before stage 1", "a file of 1 TiB that stores nothing");
});

Deno.test("D31: a name that is not UTF-8 is refused", async () => {
  const said = await withDirectory({ "model.safetensors": weights("a") }, async (root) => {
    const script = `printf x > "$0/$(printf 'a\\377b')"`;
    assert.ok((await new Deno.Command("sh", { args: ["-c", script, root] }).output()).success);
    return await putBefore("format_gate", root, appliance);
  });
  assert.equal(fault(said, "name/not-utf8", "refused"), null);
  answered("D31", "name/not-utf8", stageName("format_gate"), "a byte in a name that is no UTF-8, on disk");
});

Deno.test("D34: a shard swapped after it was hashed is no shard that was examined", async () => {
  const spec = { "config.json": "{}", "model.safetensors": weights("a") };
  const said = await withDirectory(spec, (root) =>
    putBefore("static_scan", root, standalone, {
      meanwhile: () => {
        const path = join(root, "model.safetensors");
        const { atime, mtime } = fs.statSync(path);
        fs.writeFileSync(path, weights("b"));
        fs.utimesSync(path, atime, mtime);
      },
    }));
  assert.equal(fault(said, "line/digest-disagrees", "broken"), null);
  answered("D34", "line/digest-disagrees", stageName("static_scan"), "a shard swapped, its time kept");
});

Deno.test("every row about directories, diffusers and templates is answered; table of row, rule and stage", () => {
  const lines = [...table.values()].sort((a, b) => byRow(a.row, b.row));
  console.log(columns("row", "rule", "stage", "n", "such as"));
  for (const { row, rule, where, count, why } of lines) {
    console.log(columns(row, rule, where, count, escapeName(why)));
  }
  const vectors = lines.reduce((sum, { count }) => sum + count, 0);
  console.log(`${vectors} vectors, ${lines.length} lines`);
  const shown = new Set(lines.map(({ row }) => row));
  assert.deepEqual(ROWS.filter((row) => !shown.has(row)), []);
});

/** Said by the stage about the policy, and shown by the tests of the stage. */
const BY_POLICY = ["directory/not-allowed"];

Deno.test("every rule about directories and templates that can refuse is in the table", () => {
  const seen = new Set([...table.values()].map(({ rule }) => rule));
  const rules = Object.entries({ ...DIRECTORY_RULES, ...TEMPLATE_RULES });
  const silent = rules.filter(([rule, { severity }]) => severity !== "info" && !seen.has(rule));
  assert.deepEqual(silent.map(([rule]) => rule).filter((rule) => !BY_POLICY.includes(rule)), []);
});

function columns(row: string, rule: string, where: string, count: number | string, why: string): string {
  return `${row.padEnd(4)} ${rule.padEnd(31)} ${where.padEnd(21)} ${String(count).padStart(3)}  ${why}`;
}

/** D2 before D10, ours last. */
function byRow(a: string, b: string): number {
  if (a === "own" || b === "own") return Number(a === "own") - Number(b === "own");
  return a.localeCompare(b, "en", { numeric: true });
}
