import assert from "node:assert/strict";
import { disguiseFinding, polyglotFinding } from "../../src/formats/disguise.ts";
import { parseGguf } from "../../src/formats/gguf.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { identify, otherFaces } from "../../src/formats/sniff.ts";
import { MemorySource } from "../../src/formats/source.ts";
import {
  type Finding,
  FormatError,
  type RuleId,
  RULES,
  STAGE_IDS,
  type StageId,
} from "../../src/model/mod.ts";
import { DISGUISE_RULES } from "../../src/model/rules/disguise.ts";
import { GGUF_RULES } from "../../src/model/rules/gguf.ts";
import { JSON_RULES } from "../../src/model/rules/json.ts";
import { SAFETENSORS_RULES } from "../../src/model/rules/safetensors.ts";
import type { DirectorySpec } from "../make/directory.ts";
import { formatGate } from "../../stages/2_format_gate.ts";
import { staticScan } from "../../stages/5_static_scan.ts";
import { drop, shippedPolicy } from "../support/stage.ts";
import { DIRECTORY_ATTACKS } from "../vectors/directories.ts";
import { DISGUISES, OTHER_DISGUISES, POLYGLOTS } from "../vectors/disguise.ts";
import { GGUF_FOUND, GGUF_REFUSED } from "../vectors/gguf.ts";
import { GATE_PASSES, GATE_REFUSED, SCAN_FOUND } from "../vectors/more.ts";
import { SAFETENSORS_REFUSED, SAFETENSORS_SUSPICIOUS } from "../vectors/safetensors.ts";

/** One attack of any vector file, in one form. */
interface Attack {
  readonly row: string;
  readonly why: string;
  readonly rule: RuleId;
  readonly stage: StageId;
  readonly name: string;
  readonly holds: () => Uint8Array | DirectorySpec;
  /** What the part that the vector is about says by itself, where the gate names another fault first. */
  readonly alone: (bytes: Uint8Array) => readonly RuleId[];
}

/** Rows of the catalogue that are about GGUF, safetensors and disguise. The numbers between belong to no row. */
const ROWS = (
  "A1 A2 A4 A5 A7 A8 A10 A11 A13 A14 A16 A17 A19 A20 A22 A23 A25 A26 A28 A29 A31 A32 B1 B2 B4 B5 " +
  "B7 B8 B10 B11 B13 B14 B16 B17 B19 B20 B22 B23 B25 B26 B28 B29 B31 B32 C1 C2 C4 C5 C7 C8 C10 C11 " +
  "C13 C14 C16 C17 C19 C20 C22 C23 C25 C26 C28 C29 C31 C32 C34 D1 D2 D4 D5 D19 D35"
).split(" ");

const nothing = () => [];
const attacks: readonly Attack[] = [
  ...[...GGUF_REFUSED, ...GGUF_FOUND].map(({ row, why, rule, bytes }) =>
    gate({ row, why, rule, name: "model.gguf", holds: bytes, alone: parsed(parseGguf) })
  ),
  ...[...SAFETENSORS_REFUSED, ...SAFETENSORS_SUSPICIOUS].map(({ row, why, rule, bytes }) =>
    gate({ row, why, rule, name: "model.safetensors", holds: bytes, alone: parsed(parseSafetensors) })
  ),
  ...[...DISGUISES, ...OTHER_DISGUISES, ...POLYGLOTS].map(({ why, name, rule, bytes }) =>
    gate({
      row: "own",
      why: `${why} called ${name}`,
      rule,
      name,
      holds: () => bytes,
      alone: recognised(name),
    })
  ),
  ...GATE_REFUSED.map((vector) => gate({ ...vector, alone: nothing })),
  ...SCAN_FOUND.map((vector): Attack => ({ ...vector, stage: "static_scan", alone: nothing })),
  ...DIRECTORY_ATTACKS.map(({ spec, ...vector }): Attack => (
    { ...vector, name: "model", holds: () => spec, alone: nothing }
  )),
];

function gate(attack: Omit<Attack, "stage">): Attack {
  return { ...attack, stage: "format_gate" };
}

function parsed(
  parse: (source: MemorySource) => { readonly findings: readonly Finding[] },
): (bytes: Uint8Array) => readonly RuleId[] {
  return (bytes) => {
    try {
      return parse(new MemorySource(bytes)).findings.map(({ rule }) => rule);
    } catch (error) {
      if (error instanceof FormatError) return [error.rule];
      throw error;
    }
  };
}

function recognised(name: string): (bytes: Uint8Array) => readonly RuleId[] {
  return (bytes) => {
    const source = new MemorySource(bytes);
    const first = identify(source);
    const disguise = disguiseFinding(name, first);
    const faces = otherFaces(source, first).map((face) => polyglotFinding(first, face));
    return [...(disguise === null ? [] : [disguise]), ...faces].map(({ rule }) => rule);
  };
}

Deno.test("the format gate of an appliance refuses every attack, by the rule it is listed with", async () => {
  const policy = shippedPolicy("appliance");
  const wrong: string[] = [];
  for (const { row, why, rule, stage, name, holds, alone } of attacks) {
    if (stage !== "format_gate") continue;
    const artifact = holds();
    const { kind, findings } = await drop(formatGate(), name, artifact, policy);
    const rules = findings.map((found) => found.rule);
    const named = rules.includes(rule) || artifact instanceof Uint8Array && alone(artifact).includes(rule);
    const due = RULES[rule].severity === "info" ? "cleared" : "refused";
    if (!named || kind !== due) wrong.push(`${row} ${why}: ${rule} is due, got ${kind} ${rules.join(", ")}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("what looks like an attack and is none passes the gate of an appliance", async () => {
  const policy = shippedPolicy("appliance");
  for (const { why, name, holds } of GATE_PASSES) {
    assert.deepEqual(await drop(formatGate(), name, holds(), policy), { kind: "cleared", findings: [] }, why);
  }
});

Deno.test("the format gate passes and the static scan finds what only a look at every byte can show", async () => {
  const policy = shippedPolicy("standalone");
  const wrong: string[] = [];
  for (const { row, why, rule, name, holds } of SCAN_FOUND) {
    const gate = await drop(formatGate(), name, holds(), policy);
    const { kind, findings } = await drop(staticScan(), name, holds(), policy);
    const rules = findings.map((found) => found.rule);
    const due = RULES[rule].severity === "critical" ? "refused" : "cleared";
    if (gate.kind !== "cleared" || kind !== due || !rules.includes(rule)) {
      wrong.push(`${row} ${why}: ${rule} is due, gate ${gate.kind}, scan ${kind} ${rules.join(", ")}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every row of the catalogue has a vector; table of row, rule and stage", () => {
  const lines = new Map<string, { readonly attack: Attack; count: number }>();
  for (const attack of [...attacks].sort((a, b) => byRow(a.row, b.row))) {
    const key = `${attack.row} ${attack.rule} ${attack.stage}`;
    const line = lines.get(key) ?? { attack, count: 0 };
    lines.set(key, line);
    line.count += 1;
  }
  const table = [...lines.values()].map(({ attack: { row, rule, stage, why }, count }) =>
    columns(row, rule, `${STAGE_IDS.indexOf(stage) + 1} ${stage}`, count, why)
  );
  const passes = GATE_PASSES.map(({ row, why }) => columns(row, "passes", "2 format_gate", 1, why));
  console.log([columns("row", "rule", "stage", "n", "such as"), ...table, ...passes].join("\n"));
  console.log(`${attacks.length} vectors, ${lines.size} lines`);
  const shown = new Set([...attacks, ...GATE_PASSES].map(({ row }) => row));
  assert.deepEqual(ROWS.filter((row) => !shown.has(row)), []);
});

Deno.test("every rule of the parsers is produced by a vector", () => {
  const produced = new Set<string>(attacks.map(({ rule }) => rule));
  const rules = [GGUF_RULES, SAFETENSORS_RULES, JSON_RULES, DISGUISE_RULES].flatMap((table) =>
    Object.keys(table)
  );
  assert.deepEqual(rules.filter((rule) => !produced.has(rule)), []);
});

function columns(row: string, rule: string, stage: string, count: number | string, why: string): string {
  return `${row.padEnd(4)} ${rule.padEnd(31)} ${stage.padEnd(21)} ${String(count).padStart(3)}  ${why}`;
}

/** A2 before A10, ours last. */
function byRow(a: string, b: string): number {
  if (a === "own" || b === "own") return Number(a === "own") - Number(b === "own");
  return a.localeCompare(b, "en", { numeric: true });
}
