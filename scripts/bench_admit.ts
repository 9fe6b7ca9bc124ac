/**
 * What one admission costs, part by part, against `openssl dgst -sha256` of the same file in the same run:
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env --allow-sys scripts/bench_admit.ts [MIB] [RUNS] [DIR]
 *
 * Model, state and registry lie below DIR (the temporary directory when left out), whose filesystem is named: where it has
 * reflinks no copy is written, but each is read from the disk, since the page cache is that of one inode. Every run begins
 * with an empty state directory, nothing left to write out and memory to be had. Neither stage 6 nor any outside scanner is
 * asked.
 */
import { join } from "node:path";
import { seededRandom } from "../test/measure/synthetic.ts";
import { LAUNCHER, median, NO_SCANNERS, NOT_ASKED, openssl, run, writeModel } from "./bench_engine.ts";

const MIB = 2 ** 20;

/** Where the parts of an admission begin, by what the journal says; the last one ends with the program. */
const PARTS: readonly (readonly [what: string, says: RegExp])[] = [
  ["start of the program", /^/],
  ["private copy, while the examiner starts", /Processing: /],
  ["both read the copy, to the verdict", /Stage 1\/7: source_policy — checking/],
  ["promotion: copied, hashed, on the disk", /All stages passed/],
  ["end of the program", /PROMOTED: /],
];

/**
 * Touches as much memory as the copies will take, and gives it back: a virtual machine's host may have taken it away, and
 * then the first touch of a GiB costs a second, which is nobody's time but the host's.
 */
async function touchMemory(sizeBytes: number): Promise<void> {
  const script = 'at=$(mktemp -p /dev/shm); dd if=/dev/zero of="$at" bs=1M count="$0" status=none; rm "$at"';
  await new Deno.Command("sh", { args: ["-c", script, `${Math.ceil(sizeBytes / MIB)}`] }).output();
}

/** Seconds that each part took, in the order of PARTS. */
async function admission(path: string, state: string): Promise<number[]> {
  await Deno.remove(state, { recursive: true }).catch(() => {}); // Of the run before, if any.
  await new Deno.Command("sync").output();
  await touchMemory(3 * Deno.statSync(path).size);
  const began = performance.now();
  const child = new Deno.Command(LAUNCHER, {
    args: ["admit", "--profile", "standalone", path],
    env: { ...NO_SCANNERS, ...NOT_ASKED, XDG_STATE_HOME: state },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const begins = [0];
  let text = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (const [, says] of PARTS.slice(begins.length)) {
      if (says.test(text)) begins.push((performance.now() - began) / 1000);
    }
  }
  if (!(await child.status).success) throw new Error(`Cannot measure: not admitted: ${text}`);
  const ends = [...begins.slice(1), (performance.now() - began) / 1000];
  return ends.map((end, index) => end - (begins[index] ?? 0));
}

/** `xfs with reflinks`, as the directory's filesystem is and does. */
async function filesystemOf(directory: string): Promise<string> {
  const probe = join(directory, "reflink-probe");
  Deno.writeTextFileSync(probe, "x".repeat(65_536));
  const { stdout } = await new Deno.Command("stat", { args: ["-f", "-c", "%T", directory] }).output();
  const clone = new Deno.Command("cp", { args: ["--reflink=always", probe, `${probe}-2`], stderr: "null" });
  const { success } = await clone.output();
  return `${new TextDecoder().decode(stdout).trim()} ${success ? "with" : "without"} reflinks`;
}

/** Prints what each part of an admission takes, median of the runs, as a ratio to openssl's time. */
export async function benchAdmit(sizeBytes: number, runs: number, within?: string): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "bench-admit-", ...(within && { dir: within }) });
  try {
    const path = join(directory, "F16.gguf");
    writeModel(path, ["F16"], sizeBytes, seededRandom(1));
    console.log(`admit, ${sizeBytes / MIB} MiB of F16 on ${await filesystemOf(directory)}`);
    const hashing: number[] = [];
    const admissions: number[][] = [];
    for (let round = 0; round <= runs; round++) {
      const { seconds } = await run(openssl(path));
      const parts = await admission(path, join(directory, "state"));
      if (round === 0) continue; // To warm up.
      hashing.push(seconds);
      admissions.push(parts);
    }
    const reference = median(hashing);
    const print = (what: string, seconds: number) =>
      console.log(
        `${what.padEnd(42)} ${seconds.toFixed(3).padStart(7)} s ${
          (seconds / reference).toFixed(2).padStart(6)
        }`,
      );
    print("openssl dgst -sha256", reference);
    for (const [index, [what]] of PARTS.entries()) {
      print(
        what,
        median(admissions.map((parts) => parts[index] ?? NaN)),
      );
    }
    print("copy to verdict", median(admissions.map((parts) => (parts[1] ?? NaN) + (parts[2] ?? NaN))));
    print(
      "admit (whole command)",
      median(admissions.map((parts) => parts.reduce((sum, part) => sum + part, 0))),
    );
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const [size, runs, directory] = Deno.args;
  await benchAdmit(Number(size ?? 1024) * MIB, Number(runs ?? 3), directory);
}
