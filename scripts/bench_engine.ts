/**
 * How fast one pass is, and how fast `check` as a whole command, against `openssl dgst -sha256` and `sha256sum` of the
 * same file in the same run:
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env --allow-sys scripts/bench_engine.ts [MIB] [RUNS]
 *
 * GGUF files of synthetic weights are made in a temporary directory and removed. Programs take turns; every time is
 * the median of the runs. CPU seconds say more than the clock on a machine that does other work too; bubblewrap hides
 * those of what it runs.
 */
import { COST_PERMISSION, peakMemoryBytes, statFields } from "./process_cost.ts";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { measureFile } from "../src/engine/pass.ts";
import { WorkerPool } from "../src/engine/workers.ts";
import { FileSource } from "../src/files/mod.ts";
import { ggmlTypeByName } from "../src/formats/ggml_types.ts";
import { parseGguf } from "../src/formats/gguf.ts";
import { gguf, type MetaEntry } from "../test/make/gguf.ts";
import { llamaMetadata } from "../test/make/gguf/llama.ts";
import { type Random, seededRandom, syntheticTensor } from "../test/measure/synthetic.ts";

export const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), "ai-quarantine");
const TENSORS = 24;
const COLUMNS = 4096;
/** Values that are made for each tensor, and written again and again to fill it. */
const SAMPLE_VALUES = 2 ** 21;
const PASS_TYPES: Readonly<Record<string, readonly string[]>> = {
  F32: ["F32"],
  F16: ["F16"],
  BF16: ["BF16"],
  Q8_0: ["Q8_0"],
  Q4_K: ["Q4_K"],
  Q6_K: ["Q6_K"],
  mixed: ["Q4_K", "Q4_K", "Q6_K", "F32"],
};
const CHECK_TYPES = ["F16", "Q4_K", "Q6_K"];

/** What one program needed, median of its runs. */
export interface Cost {
  readonly what: string;
  readonly seconds: number;
  /** Seconds of processor time, its children included as far as they are told of. */
  readonly cpuSeconds: number;
  /** What it wrote last. */
  readonly output: string;
}

export interface Program {
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Writes a GGUF model, or a shard of one, whose tensors have the given types in turn, each of the same distribution. */
export function writeModel(
  path: string,
  types: readonly string[],
  sizeBytes: number,
  random: Random,
  { no, count }: { readonly no: number; readonly count: number } = { no: 0, count: 1 },
): void {
  const file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const samples = new Map(types.map((type) => [type, syntheticTensor(type, SAMPLE_VALUES, random)]));
  let offset = 0;
  const tensors = Array.from({ length: TENSORS }, (_, index) => {
    const name = types[index % types.length] ?? "";
    const type = ggmlTypeByName(name);
    const sample = samples.get(name);
    if (type === undefined || sample === undefined) throw new RangeError(`Cannot write ${name}`);
    const copies = Math.max(1, Math.round(sizeBytes / TENSORS / sample.byteLength));
    const tensor = {
      name: `blk.${no * TENSORS + index}.ffn_up.weight`,
      type: type.id,
      dims: [COLUMNS, copies * SAMPLE_VALUES / COLUMNS],
      data: new Uint8Array(0),
      offset,
      copies,
      sample,
    };
    offset += copies * sample.byteLength;
    return tensor;
  });
  const shape = {
    architecture: "llama",
    contextLength: 2048,
    embeddingLength: COLUMNS,
    layers: count * TENSORS,
    feedForwardLength: 4 * COLUMNS,
    heads: 32,
    vocabulary: 32_000,
  };
  const split: MetaEntry[] = count === 1 ? [] : [
    ["split.no", { type: "UINT16", value: no }],
    ["split.count", { type: "UINT16", value: count }],
    ["split.tensors.count", { type: "INT32", value: count * TENSORS }],
  ];
  const metadata = no === 0 ? llamaMetadata("bench", shape) : [];
  file.writeSync(gguf({ kv: [...metadata, ...split], tensors }));
  for (const { copies, sample } of tensors) for (let copy = 0; copy < copies; copy++) file.writeSync(sample);
  file.close();
}

/** The pass as a program of its own, so that start-up and memory are counted. */
async function runPass(path: string): Promise<void> {
  const pool = new WorkerPool();
  const source = new FileSource(path);
  const spans = parseGguf(source).tensors;
  await measureFile({ source, spans, want: "digests-and-statistics", onTensor: () => {} }, pool);
  pool.close();
  console.log(peakMemoryBytes());
}

/** Processor time of all children that have ended, in seconds. */
function cpuOfChildren(): number {
  const fields = statFields();
  const TICKS_PER_SECOND = 100;
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** The pass alone is measured: no outside scanner, even where some are installed. */
export const NO_SCANNERS = Object.fromEntries(
  ["MODELSCAN", "FICKLING", "MODELAUDIT", "GGUF_GUARD", "YARA"].map((name) => [`${name}_BIN`, "/nowhere"]),
);

/** Runs a program once, no outside scanner beside it. Throws when it does not succeed. */
export async function run({ what, command, args, env = {} }: Program): Promise<Cost> {
  const [began, cpuBefore] = [performance.now(), cpuOfChildren()];
  const { code, stdout } = await new Deno.Command(command, {
    args: [...args],
    env: { ...NO_SCANNERS, ...env },
    stderr: "inherit",
  })
    .output();
  const output = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`Cannot measure ${what}: ended with ${code}: ${output.slice(0, 1000)}`);
  const seconds = (performance.now() - began) / 1000;
  return { what, seconds, cpuSeconds: cpuOfChildren() - cpuBefore, output };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Runs programs in turn, once to warm up and then `runs` times. */
export async function compare(programs: readonly Program[], runs: number): Promise<Cost[]> {
  const costs: Cost[][] = programs.map(() => []);
  for (let round = 0; round <= runs; round++) {
    for (const [index, program] of programs.entries()) {
      const cost = await run(program);
      if (round > 0) costs[index]?.push(cost);
    }
  }
  return costs.map((all, index) => ({
    what: programs[index]?.what ?? "",
    seconds: median(all.map(({ seconds }) => seconds)),
    cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds)),
    output: all.at(-1)?.output ?? "",
  }));
}

export const openssl = (...paths: readonly string[]): Program => ({
  what: "openssl",
  command: "openssl",
  args: ["dgst", "-sha256", ...paths],
});

/** The models of benches have no vocabulary, so that nothing could ask them questions. */
export const NOT_ASKED = { LLAMA_SERVER_BIN: "/nonexistent" };

export const checkOf = (path: string): Program => ({
  what: "check",
  command: LAUNCHER,
  args: ["check", "--json", "--profile", "standalone", path],
  env: NOT_ASKED,
});

/** What `check` of a model costs as a whole command, with bubblewrap and without, beside the programs that only hash. */
export async function benchCheck(path: string, runs: number): Promise<Cost[]> {
  const check = checkOf(path);
  return await compare([
    openssl(path),
    { what: "sha256sum", command: "sha256sum", args: [path] },
    check,
    { ...check, what: "check, no bwrap", env: { ...check.env, AI_QUARANTINE_BWRAP: "" } },
  ], runs);
}

export function row(
  type: string,
  { what, seconds, cpuSeconds }: Cost,
  reference: Cost | undefined,
  peak = "",
): string {
  const { seconds: clock, cpuSeconds: cpu } = reference ?? { seconds: NaN, cpuSeconds: NaN };
  return [
    type.padEnd(11),
    what.padEnd(16),
    `${seconds.toFixed(3)} s`.padStart(9),
    (seconds / clock).toFixed(2).padStart(6),
    `${cpuSeconds.toFixed(2)} s`.padStart(8),
    (cpuSeconds / cpu).toFixed(2).padStart(6),
    peak.padStart(8),
  ].join(" ");
}

async function bench(sizeBytes: number, runs: number): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "bench-" });
  const random = seededRandom(1);
  console.log(`${sizeBytes / 2 ** 20} MiB`);
  console.log("type        program              clock  ratio      CPU  ratio  peak MB");
  try {
    for (const [name, types] of Object.entries(PASS_TYPES)) {
      const path = `${directory}/${name}.gguf`;
      writeModel(path, types, sizeBytes, random);
      const args = ["run", "--allow-read", COST_PERMISSION, import.meta.filename ?? "", "--pass", path];
      const [reference, pass] = await compare(
        [openssl(path), { what: "pass", command: Deno.execPath(), args }],
        runs,
      );
      if (pass === undefined) continue;
      console.log(row(name, pass, reference, (Number(pass.output) / 1e6).toFixed(0)));
      if (CHECK_TYPES.includes(name)) {
        const costs = await benchCheck(path, runs);
        for (const cost of costs) console.log(row(name, cost, costs[0]));
      }
      Deno.removeSync(path);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const [first, second] = Deno.args;
  if (first === "--pass") await runPass(second ?? "");
  else await bench(Number(first ?? 1024) * 2 ** 20, Number(second ?? 3));
}
