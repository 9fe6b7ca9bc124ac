/**
 * What `check` costs as a whole command over kinds and sizes of models, and one admission part by part (bench_admit.ts),
 * against `openssl dgst -sha256` of the same files in the same run, and the reference scanner where GGUF_GUARD_BIN names
 * it:
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env --allow-sys scripts/bench_check.ts [MIB] [RUNS] [MODEL] [DIR]
 *
 * MODEL, the first column of a row, asks for that row alone. Admissions are made below DIR, to choose their filesystem. The
 * last column is the peak memory of the largest process in the tree (GNU time; without bubblewrap, which hides it).
 */
import { join } from "node:path";
import { benchAdmit } from "./bench_admit.ts";
import { seededRandom, syntheticTensor } from "../test/measure/synthetic.ts";
import { checkOf, compare, type Cost, openssl, type Program, row, writeModel } from "./bench_engine.ts";

const TIME = "/usr/bin/time";
const MIB = 2 ** 20;
/** Seconds that the reference scanner needs for a GiB, measured once where it could be run. */
const REFERENCE_SECONDS_PER_GIB = 14.2;

interface Model {
  readonly what: string;
  /** What is checked. */
  readonly path: string;
  /** What openssl hashes. */
  readonly files: readonly string[];
}

/** Writes one safetensors file of half floats; gives the names of its tensors. */
function writeSafetensors(path: string, sizeBytes: number, shard: number, sample: Uint8Array): string[] {
  const copies = Math.max(1, Math.round(sizeBytes / sample.byteLength));
  const names = Array.from(
    { length: copies },
    (_, i) => `model.layers.${shard * copies + i}.mlp.up_proj.weight`,
  );
  const entries = names.map((name, i) => [name, {
    dtype: "F16",
    shape: [sample.byteLength / 2 / 4096, 4096],
    data_offsets: [i * sample.byteLength, (i + 1) * sample.byteLength],
  }]);
  const header = new TextEncoder().encode(
    JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) }),
  );
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  file.writeSync(new Uint8Array(new BigUint64Array([BigInt(header.byteLength)]).buffer));
  file.writeSync(header);
  for (const _ of names) file.writeSync(sample);
  return names;
}

function safetensorsModel(root: string, sizeBytes: number, sample: Uint8Array): Model {
  const path = join(root, "model.safetensors");
  writeSafetensors(path, sizeBytes, 0, sample);
  return { what: "safetensors", path, files: [path] };
}

function shardedModel(root: string, sizeBytes: number, sample: Uint8Array): Model {
  const path = join(root, "sharded");
  Deno.mkdirSync(path);
  const map: Record<string, string> = {};
  const files = [1, 2, 3, 4].map((shard) => {
    const name = `model-0000${shard}-of-00004.safetensors`;
    for (const tensor of writeSafetensors(join(path, name), sizeBytes / 4, shard, sample)) map[tensor] = name;
    return join(path, name);
  });
  const total = Object.keys(map).length * sample.byteLength;
  const index = { metadata: { total_size: total }, weight_map: map };
  Deno.writeTextFileSync(join(path, "model.safetensors.index.json"), JSON.stringify(index));
  const configuration = { architectures: ["LlamaForCausalLM"], model_type: "llama" };
  Deno.writeTextFileSync(join(path, "config.json"), JSON.stringify(configuration));
  return { what: "4 shards", path, files };
}

function ggufModel(root: string, what: string, types: readonly string[], sizeBytes: number): Model {
  const path = join(root, `${what}.gguf`.replaceAll(" ", "-"));
  writeModel(path, types, sizeBytes, seededRandom(1));
  return { what, path, files: [path] };
}

function shardedGgufModel(root: string, sizeBytes: number): Model {
  const path = join(root, "sharded-gguf");
  Deno.mkdirSync(path);
  const count = 4;
  const files = [0, 1, 2, 3].map((no) => {
    const file = join(path, `model-0000${no + 1}-of-00004.gguf`);
    writeModel(file, ["F16"], sizeBytes / count, seededRandom(1 + no), { no, count });
    return file;
  });
  return { what: "GGUF shards", path, files };
}

/** Runs a program under GNU time, which says last how much memory its largest process took, in KiB. */
function timed({ what, command, args, env = {} }: Program): Program {
  const noWall = { ...env, AI_QUARANTINE_BWRAP: "" };
  return {
    what,
    command: TIME,
    args: ["--quiet", "-o", "/dev/stdout", "-f", "%M", command, ...args],
    env: noWall,
  };
}

function peakOf({ output }: Cost): string {
  const kibibytes = Number(output.trim().split("\n").at(-1));
  return (kibibytes * 1024 / 1e6).toFixed(0);
}

async function bench(model: Model, programs: readonly Program[], runs: number): Promise<void> {
  const check = checkOf(model.path);
  const costs = await compare([openssl(...model.files), check, ...programs], runs);
  const [memory] = await compare([timed(check)], 1);
  for (const cost of costs) {
    const peak = cost.what === "check" && memory !== undefined ? peakOf(memory) : "";
    console.log(row(model.what, cost, costs[0], peak));
  }
  Deno.removeSync(model.path, { recursive: true });
}

/** Programs that are compared on one GGUF model alone. */
function others(path: string): Program[] {
  const guard = Deno.env.get("GGUF_GUARD_BIN");
  return [
    { what: "sha256sum", command: "sha256sum", args: [path] },
    ...(guard === undefined ? [] : [{ what: "gguf-guard", command: guard, args: ["scan", "--quiet", path] }]),
  ];
}

/** Every row: the name of the model, and how it is made. */
function models(root: string, sizeBytes: number): ReadonlyMap<string, () => Model> {
  const sample = syntheticTensor("F16", 4 * MIB, seededRandom(2));
  const gguf = (what: string, types: readonly string[], bytes = sizeBytes) =>
    [what, () => ggufModel(root, what, types, bytes)] as const;
  const sizes = [1 / 16, 1 / 4, 4].map((part) => sizeBytes * part);
  return new Map([
    ...["F32", "F16", "BF16", "Q8_0", "Q4_K", "Q6_K"].map((type) => gguf(type, [type])),
    gguf("mixed", ["Q4_K", "Q4_K", "Q6_K", "F32"]),
    ["safetensors", () => safetensorsModel(root, sizeBytes, sample)],
    ["4 shards", () => shardedModel(root, sizeBytes, sample)],
    ["GGUF shards", () => shardedGgufModel(root, sizeBytes)],
    ...sizes.map((bytes) => gguf(`${bytes / MIB} MiB`, ["F16"], bytes)),
  ]);
}

async function benchAll(sizeBytes: number, runs: number, only: string | undefined): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "bench-check-" });
  console.log(
    `${sizeBytes / MIB} MiB each, then by size; at most ${(REFERENCE_SECONDS_PER_GIB / 10).toFixed(2)} s`,
  );
  console.log("for a GiB is a tenth of what the reference scanner takes");
  console.log("model       program              clock  ratio      CPU  ratio  peak MB");
  try {
    for (const [what, make] of models(root, sizeBytes)) {
      if (only !== undefined && only !== what) continue;
      const model = make();
      await bench(model, what === "F16" ? others(model.path) : [], runs);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

if (import.meta.main) {
  const [first, second, only, directory] = Deno.args;
  await benchAll(Number(first ?? 1024) * MIB, Number(second ?? 3), only);
  if (only === undefined) await benchAdmit(Number(first ?? 1024) * MIB, Number(second ?? 3), directory);
}
