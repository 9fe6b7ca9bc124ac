/**
 * What strict parsing costs: the largest headers a model has, and headers made to cost more than they are. Each file is
 * parsed in a process of its own, so that the first parse is what an examiner pays and the peak of memory is its own.
 * usage: deno run --allow-read --allow-write --allow-run scripts/bench_formats.ts
 * Exits 1 when a budget is exceeded.
 */
import { COST_PERMISSION } from "./process_cost.ts";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { at, safetensors } from "../test/make/safetensors.ts";
import { GGUF_REFUSED } from "../test/vectors/gguf.ts";
import { vocabularyFile } from "../test/vectors/gguf_clean.ts";
import { manyTensors } from "../test/vectors/more.ts";
import { emptyTensors, many, SAFETENSORS_REFUSED } from "../test/vectors/safetensors.ts";
import type { Measured } from "./measure_parse.ts";

const MAX_PEAK_BYTES = 150 * 2 ** 20;
/** For a file of a few hundred bytes, whatever it claims. */
const HOSTILE_LIMIT_MS = 50;
/** Arrays of the tokenizer are read a second time, for what they say. */
const MAX_READS = 2;
const RUNS = 5;

interface Subject {
  readonly what: string;
  readonly name: string;
  readonly bytes: () => Uint8Array;
  /** Most milliseconds of the first parse. */
  readonly limitMs: number;
}

const MEASURE = fileURLToPath(new URL("./measure_parse.ts", import.meta.url));

const LARGE: readonly Subject[] = [
  { what: "262,144 tokens", name: "a.gguf", bytes: () => vocabularyFile(262_144, 0), limitMs: 50 },
  {
    what: "262,144 tokens, 514,906 merges",
    name: "b.gguf",
    bytes: () => vocabularyFile(262_144, 514_906),
    limitMs: 50,
  },
  { what: "60,000 tensors", name: "c.gguf", bytes: () => manyTensors(60_000), limitMs: 1000 },
  {
    what: "60,000 tensors",
    name: "d.safetensors",
    bytes: () => safetensors(many(60_000, (i) => at(4 * i, 4 * i + 4))),
    limitMs: 1000,
  },
  { what: "150,000 empty tensors", name: "e.safetensors", bytes: () => emptyTensors(150_000), limitMs: 1000 },
];

/** Vectors in which a count or length claims what is not there. */
const HOSTILE: readonly Subject[] = [
  ...GGUF_REFUSED.filter(({ rule }) =>
    ["gguf/count", "gguf/length", "gguf/truncated", "gguf/tensor-size"].includes(rule)
  )
    .map(({ why, bytes }, i) => ({ what: why, name: `hostile-${i}.gguf`, bytes, limitMs: HOSTILE_LIMIT_MS })),
  ...SAFETENSORS_REFUSED.filter(({ rule }) =>
    ["safetensors/header-length", "safetensors/size-overflow"].includes(rule)
  )
    .map(({ why, bytes }, i) => ({
      what: why,
      name: `hostile-${i}.safetensors`,
      bytes,
      limitMs: HOSTILE_LIMIT_MS,
    })),
];

/** Prints a line for each subject; `false` when a budget is exceeded. */
export async function benchFormats(): Promise<boolean> {
  const directory = Deno.makeTempDirSync({ prefix: "bench-formats-" });
  try {
    console.log(
      `parsing a header: first parse in a process of its own (best of ${RUNS}), later ones, peak memory of the first`,
    );
    const large = await measured(directory, LARGE);
    for (const { subject, result } of large) console.log(lineOf(subject, result));
    const hostile = await measured(directory, HOSTILE);
    const worst = hostile.reduce((a, b) => a.result.firstMs > b.result.firstMs ? a : b);
    console.log(`${hostile.length} files with counts and lengths of what is not there; the slowest:`);
    console.log(lineOf(worst.subject, worst.result));
    const over = [...large, ...hostile].filter(({ subject, result }) => faultsOf(subject, result).length > 0);
    for (const { subject, result } of over) {
      console.log(`OVER: ${subject.what}: ${faultsOf(subject, result)}`);
    }
    return over.length === 0;
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

async function measured(directory: string, subjects: readonly Subject[]) {
  const results: { readonly subject: Subject; readonly result: Measured }[] = [];
  for (const subject of subjects) {
    const path = join(directory, subject.name);
    fs.writeFileSync(path, subject.bytes());
    const runs: Measured[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await measureInChild(path));
    results.push({ subject, result: bestOf(runs) });
    fs.rmSync(path);
  }
  return results;
}

/** Other work on the machine only ever makes a run slower; of memory the largest counts. */
function bestOf(runs: readonly Measured[]): Measured {
  const fastest = runs.reduce((a, b) => a.firstMs <= b.firstMs ? a : b);
  const warmMs = Math.min(...runs.map((run) => run.warmMs));
  return { ...fastest, warmMs, peakBytes: Math.max(...runs.map((run) => run.peakBytes)) };
}

async function measureInChild(path: string): Promise<Measured> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", COST_PERMISSION, MEASURE, path],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot measure ${path}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function faultsOf({ limitMs }: Subject, { firstMs, readBytes, sizeBytes, peakBytes }: Measured): string {
  const faults = [
    ...(firstMs > limitMs ? [`${firstMs.toFixed(1)} ms, at most ${limitMs}`] : []),
    ...(readBytes > MAX_READS * sizeBytes ? [`${readBytes} bytes read of ${sizeBytes}`] : []),
    ...(peakBytes > MAX_PEAK_BYTES ? [`${megabytes(peakBytes)}, at most ${megabytes(MAX_PEAK_BYTES)}`] : []),
  ];
  return faults.join("; ");
}

function lineOf({ what, name, limitMs }: Subject, result: Measured): string {
  const { outcome, firstMs, warmMs, sizeBytes, readBytes, peakBytes } = result;
  const format = name.slice(name.lastIndexOf(".") + 1);
  return `  ${`${format}: ${what}`.padEnd(44)} ${firstMs.toFixed(1).padStart(6)} ms (limit ${limitMs})  ` +
    `${warmMs.toFixed(1).padStart(6)} ms  ${megabytes(peakBytes)}  ` +
    `${sizeBytes} bytes, ${readBytes} read: ${outcome}`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

if (import.meta.main) Deno.exitCode = await benchFormats() ? 0 : 1;
