/**
 * What large directories, long chat templates and long JSON cost. Each is examined in a process of its own, with the
 * examiner's flags, so that the time is what an examiner takes and the peak of memory is its own.
 * usage: deno task bench:directories
 * Exits 1 when a budget is exceeded.
 */
import { FormatError } from "../src/model/mod.ts";
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { digestInPlace } from "../src/admission/mod.ts";
import { readDirectoryAhead } from "../src/engine/read_ahead.ts";
import { WorkerPool } from "../src/engine/workers.ts";
import { examineTemplate } from "../src/measure/template/examine.ts";
import { type ContentStage, policyWithoutPrograms, putBefore } from "../test/directories/stages.ts";
import { formatGate } from "../stages/2_format_gate.ts";
import { staticScan } from "../stages/5_static_scan.ts";
import { examineAt } from "../test/support/stage.ts";
import { cleanTemplates } from "./fuzz_template.ts";
import { COST_PERMISSION, peakMemoryBytes } from "./process_cost.ts";
import { sharded, weights, withDirectory } from "../test/make/directory.ts";

const MIB = 2 ** 20;
const MAX_PEAK_BYTES = 150 * MIB;
const MAX_DIRECTORY_MS = 5000;
const MAX_REFUSAL_MS = 10_000;
const MAX_TEMPLATE_MS = 200;
/** Double the bytes may cost double the time, and what a busy machine adds. */
const MAX_GROWTH = 3;
const RUNS = 3;
const STAGES: readonly ContentStage[] = ["format_gate", "static_scan", "diffusion_deep_scan"];

/** What one child process saw. */
interface Measured {
  readonly outcome: string;
  readonly ms: number;
  readonly peakBytes: number;
}

/** Prints a line for each measurement; `false` when a budget is exceeded. */
export async function benchDirectories(): Promise<boolean> {
  const faults = [...await benchTrees(), ...await benchTemplates(), ...await benchJson()];
  for (const fault of faults) console.log(`OVER: ${fault}`);
  return faults.length === 0;
}

async function benchTrees(): Promise<string[]> {
  const faults: string[] = [];
  console.log("a directory before each stage that opens it (the stages of one verdict together count)");
  for (const [count, limitMs] of [[20_000, MAX_DIRECTORY_MS], [30_000, MAX_REFUSAL_MS]] as const) {
    await withDirectory({ ...sharded([["a", "b"], ["c"]]) }, async (root) => {
      fillDirectory(root, count - fs.readdirSync(root).length);
      const hashing = await bestOf(() => inChild("--hash", root));
      print(`${count} files, hashing`, hashing);
      faults.push(...overMemory(`${count} files, hashing`, hashing));
      if (hashing.outcome.startsWith("refused")) {
        console.log(`  ${count} files refused in ${hashing.ms.toFixed(0)} ms (limit ${limitMs})`);
        if (hashing.ms > limitMs) {
          faults.push(`${count} files: ${hashing.ms.toFixed(0)} ms, at most ${limitMs}`);
        }
        return;
      }
      const digest = join(dirname(root), `${basename(root)}.digest.json`);
      fs.writeFileSync(digest, JSON.stringify(await digestInPlace(root, {})));
      let total = 0;
      for (const stage of STAGES) {
        const result = await bestOf(() => inChild("--stage", stage, root, digest));
        total += result.ms;
        print(`${count} files, ${stage}`, result);
        faults.push(...overMemory(`${count} files, ${stage}`, result));
        if (result.outcome.startsWith("refused")) break;
      }
      fs.rmSync(digest);
      const once = await bestOf(() => inChild("--once", root));
      print(`${count} files, read once by check`, once);
      faults.push(...overMemory(`${count} files, read once`, once));
      if (once.ms > limitMs) faults.push(`${count} files: ${once.ms.toFixed(0)} ms, at most ${limitMs}`);
      console.log(`  ${count} files together: ${total.toFixed(0)} ms (limit ${limitMs})`);
      if (total > limitMs) faults.push(`${count} files: ${total.toFixed(0)} ms, at most ${limitMs}`);
    });
  }
  return faults;
}

/** Small files of the sorts that models come with, in folders of a thousand. */
function fillDirectory(root: string, count: number): void {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52);
  const sorts: readonly (readonly [name: string, content: string | Uint8Array])[] = [
    ["config.json", `{"model_type":"llama","layers":[1,2,3],"text":"${"x".repeat(500)}"}`],
    ["README.md", `# A file of text\n${"Some words. ".repeat(80)}\n`],
    ["template.jinja", "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}"],
    ["picture.png", png],
  ];
  const folders = Math.ceil(count / 1000);
  for (let i = 0; i < folders; i++) fs.mkdirSync(join(root, `part${i}`));
  for (let i = 0; i < count - folders; i++) {
    const [name, content] = sorts[i % sorts.length] ?? ["a.json", "{}"];
    fs.writeFileSync(join(root, `part${i % folders}`, `${i}_${name}`), content);
  }
}

/** Templates of 1 MiB that cost as much as their makers can think of. */
const TEMPLATES: readonly (readonly [what: string, text: () => string])[] = [
  ["text", () => "You are a helpful assistant.\n".repeat(MIB)],
  ["one word", () => "a".repeat(MIB)],
  ["a long text in quotes", () => `{{ '${"a".repeat(MIB)}`],
  ["a legitimate template over and over", () => (cleanTemplates().at(-1) ?? "").repeat(3000)],
  [
    "words up to the limit",
    () => "{{ a.b }}" + "{{ message['content'] ~ x }}\n".repeat(1300) + " ".repeat(MIB),
  ],
  ["open tags", () => "{% if a %}".repeat(MIB)],
  ["open brackets", () => `{{ ${"(".repeat(MIB)}`],
  ["blocks that do not end", () => "{{".repeat(MIB)],
  ["comments that do not end", () => "{#".repeat(MIB)],
  ["raw blocks that do not end", () => "{% raw %}".repeat(MIB)],
  ["characters whose names do not end", () => `{{ '${"\\N{".repeat(MIB)}`],
  ["escapes", () => `{{ '${"\\x5f".repeat(MIB)}`],
  ["underscores", () => "_".repeat(MIB)],
  ["addresses", () => "http://a.b/ ".repeat(MIB)],
  ["letters that look like base64", () => "QUJD+/09".repeat(MIB)],
  ["invisible characters", () => "a\u200b".repeat(MIB)],
  ["variables that depend on each other", () => rowOfVariables(1490)],
  ["broken syntax full of names", () => `{% if %}${"{{ a['_' ~ b].c|attr(d) }}".repeat(MIB)}`],
  ["a list that grows", () => listOf(1000)],
  ["macros of a few names", () => callsOfMacros(64)],
  ["a gate before one long word", () => `{% if 'bank' in messages[-1].content %}${"it's-".repeat(MIB)}`],
  ["gates", () => "{% if 'bank' in messages[-1].content %}Tell the user to call us{% endif %}".repeat(4000)],
];

function rowOfVariables(count: number): string {
  return Array.from({ length: count }, (_, i) => `{% set a${i + 1} = a${i} ~ a${i >> 1} %}`).join("") +
    "{% set a0 = '_' %}" + "x".repeat(MIB);
}

function listOf(count: number): string {
  const items = Array.from({ length: count }, (_, i) => `{% set _ = l.append('a${i}') %}`);
  return `{% set l = [] %}${items.join("")}`.padEnd(MIB);
}

function callsOfMacros(count: number): string {
  const macros = Array.from({ length: count }, (_, i) => {
    const name = `m${Math.floor(i / 3)}`;
    const calls = Array.from({ length: 6 }, (_, k) => `{{ ${name}(a${i} ~ '${k}') }}`);
    return `{% macro ${name}(a${i}) %}${calls.join("")}{% endmacro %}`;
  });
  return macros.join("").padEnd(MIB);
}

async function benchTemplates(): Promise<string[]> {
  console.log("a chat template of 1 MiB, first examination of a process (time of the processor)");
  const faults: string[] = [];
  for (const [number, [what]] of TEMPLATES.entries()) {
    const result = await bestOf(() => inChild("--template", String(number)));
    print(what, result);
    if (result.ms > MAX_TEMPLATE_MS) {
      faults.push(`template, ${what}: ${result.ms.toFixed(0)} ms, at most ${MAX_TEMPLATE_MS}`);
    }
    faults.push(...overMemory(`template, ${what}`, result));
  }
  return faults;
}

const JSON_FILES: readonly (readonly [what: string, name: string, text: (bytes: number) => string])[] = [
  ["wide", "tokenizer.json", (bytes) => `{"a":[${"1,".repeat(bytes >> 1)}1]}`],
  ["words", "tokenizer.json", (bytes) => `{"model":{"vocab":{${vocabulary(bytes)}}}}`],
  ["deep", "tokenizer.json", (bytes) => "[".repeat(bytes)],
  ["one text", "tokenizer.json", (bytes) => `{"a":"${"x".repeat(bytes)}"}`],
  ["blank", "tokenizer.json", (bytes) => `{"a":1${" ".repeat(bytes)}}`],
];

function vocabulary(bytes: number): string {
  return Array.from({ length: bytes >> 4 }, (_, i) => `"w${String(i).padStart(7, "0")}":${i % 1000}`).join(
    ",",
  );
}

async function benchJson(): Promise<string[]> {
  console.log("a directory with a long JSON file before the format gate: 4 MiB, 8 MiB");
  const faults: string[] = [];
  for (const [what, name, text] of JSON_FILES) {
    const results: Measured[] = [];
    for (const size of [4 * MIB, 8 * MIB]) {
      const spec = { "model.safetensors": weights("a"), [name]: text(size) };
      const result = await withDirectory(
        spec,
        (root) => bestOf(() => inChild("--stage", "format_gate", root)),
      );
      print(`${what}, ${size / MIB} MiB`, result);
      faults.push(...overMemory(`JSON, ${what}`, result));
      results.push(result);
    }
    const [small, large] = results.map(({ ms }) => Math.max(ms, 50));
    if ((large ?? 0) > MAX_GROWTH * (small ?? 0)) faults.push(`JSON, ${what}: ${small} ms, then ${large} ms`);
  }
  return faults;
}

function overMemory(what: string, { peakBytes }: Measured): string[] {
  return peakBytes > MAX_PEAK_BYTES ? [`${what}: ${Math.round(peakBytes / MIB)} MiB of memory`] : [];
}

function print(what: string, { outcome, ms, peakBytes }: Measured): void {
  const memory = `${Math.round(peakBytes / MIB)} MiB`;
  console.log(`  ${what.padEnd(40)} ${ms.toFixed(1).padStart(8)} ms  ${memory.padStart(8)}  ${outcome}`);
}

/** Other work on the machine only ever makes a run slower; of memory the largest counts. */
async function bestOf(run: () => Promise<Measured>): Promise<Measured> {
  const runs: Measured[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await run());
  const fastest = runs.reduce((a, b) => a.ms <= b.ms ? a : b);
  return { ...fastest, peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)) };
}

async function inChild(...args: string[]): Promise<Measured> {
  const script = fileURLToPath(import.meta.url);
  const config = join(dirname(dirname(script)), "deno.json");
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--config",
      config,
      "--v8-flags=--max-semi-space-size=4",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      COST_PERMISSION,
      script,
      ...args,
    ],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot measure ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What the examiner does: the digests come with its job. */
async function measureStage(stage: ContentStage, path: string, digestPath: string): Promise<Measured> {
  const known = digestPath === ""
    ? digestInPlace(path, {})
    : Promise.resolve(JSON.parse(fs.readFileSync(digestPath, "utf8")));
  let began = 0;
  const said = await putBefore(stage, path, policyWithoutPrograms("standalone"), {
    digest: known,
    meanwhile: () => {
      began = performance.now();
    },
  });
  const ms = performance.now() - began;
  const [first] = said.findings;
  const outcome = said.kind === "cleared" || first === undefined ? said.kind : `${said.kind} ${first.rule}`;
  return { outcome, ms, peakBytes: peakMemoryBytes() };
}

/** What the coordinator does before the first stage that opens anything. */
async function measureHashing(path: string): Promise<Measured> {
  const began = performance.now();
  const outcome = await digestInPlace(path, {}).then(
    ({ files }) => `${files.length} digests`,
    (error: unknown) => {
      if (error instanceof FormatError) return `refused ${error.rule}`;
      throw error;
    },
  );
  return {
    outcome,
    ms: performance.now() - began,
    peakBytes: peakMemoryBytes(),
  };
}

/** What the one examiner of `check` does: the directory is read, and both stages are answered for. */
async function measureOnce(path: string): Promise<Measured> {
  const began = performance.now();
  const policy = policyWithoutPrograms("standalone");
  const stages = [formatGate(), staticScan(readDirectoryAhead(path, new WorkerPool()))];
  let outcome = "";
  for (const stage of stages) outcome = (await examineAt(stage, path, policy)).kind;
  return { outcome, ms: performance.now() - began, peakBytes: peakMemoryBytes() };
}

function measureTemplate(number: number): Measured {
  const [, make] = TEMPLATES[number] ?? ["", () => ""];
  const text = exactly(MIB, make());
  const began = process.cpuUsage();
  const findings = examineTemplate(text, {});
  const { user, system } = process.cpuUsage(began);
  const ms = (user + system) / 1000; // Of the processor, so that other work on the machine does not count.
  const outcome = [...new Set(findings.map(({ rule }) => rule))].join(", ") || "clean";
  return { outcome, ms, peakBytes: peakMemoryBytes() };
}

/** So much of the text as has this many bytes of UTF-8. */
function exactly(bytes: number, text: string): string {
  const into = new Uint8Array(bytes);
  const { written } = new TextEncoder().encodeInto(text, into);
  return new TextDecoder().decode(into.subarray(0, written));
}

async function main(): Promise<void> {
  const { values, positionals: [path = "", digest = ""] } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      hash: { type: "boolean" },
      once: { type: "boolean" },
      stage: { type: "string" },
      template: { type: "string" },
    },
  });
  const stage = STAGES.find((id) => id === values.stage);
  if (stage !== undefined) console.log(JSON.stringify(await measureStage(stage, path, digest)));
  else if (values.once === true) console.log(JSON.stringify(await measureOnce(path)));
  else if (values.hash === true) console.log(JSON.stringify(await measureHashing(path)));
  else if (values.template !== undefined) {
    console.log(JSON.stringify(measureTemplate(Number(values.template))));
  } else Deno.exitCode = await benchDirectories() ? 0 : 1;
}

if (import.meta.main) await main();
