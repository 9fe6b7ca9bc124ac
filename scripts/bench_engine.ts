/**
 * How fast one pass is, against `openssl dgst -sha256` of the same file in the same run:
 *
 *     deno run --allow-read --allow-write --allow-run scripts/bench_engine.ts [MIB] [RUNS]
 *
 * Files of synthetic weights are made in a temporary directory and removed. Every figure is the best of the runs.
 */
import { measureFile } from "../src/engine/pass.ts";
import { WorkerPool } from "../src/engine/workers.ts";
import { openSync, readSync } from "node:fs";
import { type Random, seededRandom, syntheticTensor } from "../test/measure/synthetic.ts";

const TENSORS = 24;
const TYPES: Readonly<Record<string, readonly string[]>> = {
  F32: ["F32"],
  F16: ["F16"],
  BF16: ["BF16"],
  Q8_0: ["Q8_0"],
  Q4_K: ["Q4_K"],
  Q6_K: ["Q6_K"],
  mixed: ["Q4_K", "Q4_K", "Q6_K", "F32"],
};

/** Tensors of one file: the same distribution, made once for each type and repeated. */
function writeFile(path: string, types: readonly string[], sizeBytes: number, random: Random): string[] {
  const file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const order: string[] = [];
  for (let index = 0; index < TENSORS; index++) {
    const type = types[index % types.length] ?? "F16";
    const sample = syntheticTensor(type, 2 ** 20, random);
    const copies = Math.max(1, Math.round(sizeBytes / TENSORS / sample.byteLength));
    for (let copy = 0; copy < copies; copy++) file.writeSync(sample);
    order.push(`${type}:${copies * sample.byteLength}`);
  }
  file.close();
  return order;
}

/** The pass as a program of its own, so that start-up and memory are counted. */
async function runPass(path: string, tensors: readonly string[]): Promise<void> {
  const pool = new WorkerPool();
  const descriptor = openSync(path, "r");
  let offset = 0;
  const spans = tensors.map((text, index) => {
    const [type = "", size = "0"] = text.split(":");
    const span = { name: `tensor.${index}`, type, shape: [], offset, sizeBytes: Number(size) };
    offset += span.sizeBytes;
    return span;
  });
  const source = {
    sizeBytes: offset,
    read: (at: number, into: Uint8Array) => readSync(descriptor, into, 0, into.byteLength, at),
  };
  await measureFile({ source, spans, want: "digests-and-statistics", onTensor: () => {} }, pool);
  pool.close();
  const peak = /VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  console.log(Number(peak) * 1024);
}

interface Timing {
  readonly seconds: number;
  readonly output: string;
}

async function timed(command: string, args: readonly string[]): Promise<Timing> {
  const began = performance.now();
  const { code, stdout } = await new Deno.Command(command, { args: [...args], stderr: "inherit" }).output();
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return { seconds: (performance.now() - began) / 1000, output: new TextDecoder().decode(stdout) };
}

async function bench(sizeBytes: number, runs: number): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "bench-" });
  const random = seededRandom(1);
  console.log("type    MiB   openssl    pass   ratio  peak MB");
  try {
    for (const [name, types] of Object.entries(TYPES)) {
      const path = `${directory}/${name}`;
      const tensors = writeFile(path, types, sizeBytes, random);
      let [openssl, pass, peak] = [Infinity, Infinity, 0];
      for (let run = 0; run < runs; run++) {
        openssl = Math.min(openssl, (await timed("openssl", ["dgst", "-sha256", path])).seconds);
        const own = await timed(Deno.execPath(), [
          "run",
          "-A",
          import.meta.filename ?? "",
          "--pass",
          path,
          ...tensors,
        ]);
        pass = Math.min(pass, own.seconds);
        peak = Math.max(peak, Number(own.output));
      }
      const row = [
        name.padEnd(6),
        String(Math.round(Deno.statSync(path).size / 2 ** 20)).padStart(5),
        `${openssl.toFixed(3)} s`.padStart(9),
        `${pass.toFixed(3)} s`.padStart(8),
        (pass / openssl).toFixed(2).padStart(6),
        (peak / 1e6).toFixed(0).padStart(8),
      ];
      console.log(row.join(" "));
      Deno.removeSync(path);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const [first, second, ...rest] = Deno.args;
  if (first === "--pass") await runPass(second ?? "", rest);
  else await bench(Number(first ?? 1024) * 2 ** 20, Number(second ?? 3));
}
