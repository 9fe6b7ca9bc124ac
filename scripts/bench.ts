/**
 * `deno task bench`: what the line costs, as ratios against standard tools measured in the same run, turn by turn,
 * because machines are noisy. Quote medians and ratios, never single times.
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { digestInPlace, freeze } from "../src/admission/freeze.ts";
import { reflinkWithCp } from "../src/roles/line.ts";
import { benchFormats } from "./bench_formats.ts";
import { writeF16Model } from "../test/make/large.ts";

const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), "ai-quarantine");
const SIZE_BYTES = 1024 ** 3;
const ROUNDS = 5;

interface Comparison {
  readonly what: string;
  readonly against: string;
  readonly limit: number;
  readonly ours: () => Promise<void>;
  readonly theirs: () => Promise<void>;
}

if (import.meta.main) await bench();

async function bench(): Promise<void> {
  const directory = fs.mkdtempSync(join(tmpdir(), "ai-quarantine-bench-"));
  try {
    const model = join(directory, "model.gguf");
    writeF16Model(model, SIZE_BYTES);
    console.log(`1 GiB F16 GGUF, page cache warm, median of ${ROUNDS} rounds in turn\n`);
    for (const comparison of comparisons(directory, model)) console.log(await measure(comparison));
    console.log("");
    await benchFormats();
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

function comparisons(directory: string, model: string): Comparison[] {
  const copy = join(directory, "copy");
  const state = join(directory, "state");
  return [
    {
      what: "claim: copy and hash",
      against: "cp, then openssl dgst -sha256",
      limit: 1.3,
      ours: async () => {
        fs.rmSync(copy, { force: true });
        await (await freeze(model, copy, { reflink: reflinkWithCp(), lasting: "scratch" })).digest;
      },
      theirs: async () => {
        fs.rmSync(copy, { force: true });
        await run("cp", "--reflink=auto", model, copy);
        await run("openssl", "dgst", "-sha256", copy);
      },
    },
    {
      what: "claim: hash in place",
      against: "openssl dgst -sha256",
      limit: 1.2,
      ours: async () => void await digestInPlace(model, {}),
      theirs: () => run("openssl", "dgst", "-sha256", model),
    },
    {
      what: "check (whole command)",
      against: "openssl dgst -sha256",
      limit: 1.3,
      ours: () => run(LAUNCHER, "check", "--json", "--profile", "standalone", model),
      theirs: () => run("openssl", "dgst", "-sha256", model),
    },
    {
      what: "start of a role (list)",
      against: "openssl version, for scale",
      limit: Infinity,
      ours: () => run("env", `XDG_STATE_HOME=${state}`, LAUNCHER, "list"),
      theirs: () => run("openssl", "version"),
    },
  ];
}

async function measure({ what, against, limit, ours, theirs }: Comparison): Promise<string> {
  await ours();
  await theirs();
  const mine: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await timed(ours));
    other.push(await timed(theirs));
  }
  const ratio = median(mine) / median(other);
  const verdict = ratio <= limit ? "" : `  OVER ${limit}`;
  return `${what.padEnd(24)} ${seconds(median(mine))}   ${against.padEnd(32)} ${
    seconds(median(other))
  }   ratio ${ratio.toFixed(2)}${verdict}`;
}

async function timed(action: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

async function run(command: string, ...args: string[]): Promise<void> {
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" });
  const { code } = await child.output();
  if (code !== 0) throw new Error(`Cannot measure: ${command} ${args.join(" ")} ended with ${code}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
