/**
 * Compares our parser with the safetensors library, file by file: what we accept they accept, and what they accept
 * and we refuse has a reason on the list. Needs a Python with `safetensors` and `numpy`:
 *
 *     deno run --allow-read --allow-write --allow-run test/differential/safetensors_compare.ts PYTHON [FUZZ_CASES]
 */
import { spawnSync } from "node:child_process";
import { safetensorsOfCase } from "../../scripts/fuzz_safetensors.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import type { RuleId } from "../../src/model/rules/mod.ts";
import { SAFETENSORS_REFUSED, SAFETENSORS_SUSPICIOUS } from "../vectors/safetensors.ts";
import { SAFETENSORS_CLEAN } from "../vectors/safetensors_clean.ts";
import { STRICTER_THAN_SAFETENSORS } from "./safetensors_reasons.ts";

const FUZZ_SEED = 42;
const READER = new URL("./safetensors_reader.py", import.meta.url).pathname;

interface Sample {
  readonly sort: string;
  readonly why: string;
  readonly bytes: () => Uint8Array;
}

interface Compared {
  readonly sample: Sample;
  /** The rule we refuse by, or null. */
  readonly ours: RuleId | null;
  readonly theirs: { readonly accepted: boolean; readonly reason?: string };
}

if (import.meta.main) {
  const [python, fuzzCases = "2000"] = Deno.args;
  if (python === undefined) throw new TypeError("Usage: safetensors_compare.ts PYTHON [FUZZ_CASES]");
  const compared = compare(python, samples(Number(fuzzCases)));
  const problems = compared.filter(isUnexplained);
  for (const { sample, ours, theirs } of problems) {
    console.error(`${sample.sort}: ${sample.why}: we ${ours ?? "accept"}, they ${theirs.reason ?? "accept"}`);
  }
  console.log(JSON.stringify(figures(compared), null, 2));
  Deno.exitCode = problems.length === 0 ? 0 : 1;
}

function samples(fuzzCases: number): Sample[] {
  return [
    ...SAFETENSORS_REFUSED.map((vector) => ({ ...vector, sort: "vector" })),
    ...SAFETENSORS_SUSPICIOUS.map((vector) => ({ ...vector, sort: "suspicious" })),
    ...SAFETENSORS_CLEAN.map((file) => ({ ...file, sort: "clean" })),
    ...Array.from({ length: fuzzCases }, (_, i) => ({
      sort: "fuzz",
      why: `case ${i} of seed ${FUZZ_SEED}`,
      bytes: () => safetensorsOfCase(FUZZ_SEED, i),
    })),
  ];
}

function compare(python: string, all: readonly Sample[]): Compared[] {
  const directory = Deno.makeTempDirSync();
  try {
    const paths = all.map((sample, i) => {
      const path = `${directory}/${i}.safetensors`;
      Deno.writeFileSync(path, sample.bytes());
      return path;
    });
    const { status, stdout, stderr } = spawnSync(python, [READER], {
      input: paths.join("\n") + "\n",
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) throw new Error(`The reader failed: ${stderr}`);
    const lines = stdout.trimEnd().split("\n");
    if (lines.length !== all.length) throw new Error(`${lines.length} answers for ${all.length} files`);
    return all.map((sample, i) => ({
      sample,
      ours: refusedBy(sample.bytes()),
      theirs: JSON.parse(lines[i] ?? ""),
    }));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function refusedBy(bytes: Uint8Array): RuleId | null {
  try {
    parseSafetensors(new MemorySource(bytes));
    return null;
  } catch (error) {
    if (error instanceof FormatError) return error.rule;
    throw error;
  }
}

function isUnexplained({ ours, theirs }: Compared): boolean {
  return ours === null ? !theirs.accepted : theirs.accepted && STRICTER_THAN_SAFETENSORS[ours] === undefined;
}

function figures(compared: readonly Compared[]): Record<string, unknown> {
  const count = (of: readonly Compared[]) => ({
    files: of.length,
    both_accept: of.filter(({ ours, theirs }) => ours === null && theirs.accepted).length,
    both_refuse: of.filter(({ ours, theirs }) => ours !== null && !theirs.accepted).length,
    we_accept_they_refuse: of.filter(({ ours, theirs }) => ours === null && !theirs.accepted).length,
    they_accept_we_refuse: of.filter(({ ours, theirs }) => ours !== null && theirs.accepted).length,
  });
  const bySort = Object.groupBy(compared, ({ sample }) => sample.sort);
  const stricter = compared.filter(({ ours, theirs }) => ours !== null && theirs.accepted);
  const byRule = Object.groupBy(stricter, ({ ours }) => ours ?? "");
  return {
    ...Object.fromEntries(Object.entries(bySort).map(([sort, of]) => [sort, count(of ?? [])])),
    stricter_by_rule: Object.fromEntries(Object.entries(byRule).map(([rule, of]) => [rule, of?.length ?? 0])),
    unexplained: compared.filter(isUnexplained).length,
  };
}
