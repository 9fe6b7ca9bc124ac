/**
 * Compares our safetensors parser with the `safetensors` package on the attack vectors, the clean corpus and fuzzed
 * files.
 * usage: deno run --allow-read --allow-write --allow-run test/differential/safetensors.ts PYTHON [FUZZ_CASES]
 * PYTHON is an interpreter that has the package and numpy. Exits 1 when a difference is not on the list of reasons.
 */
import { safetensorsOfCase } from "../../scripts/fuzz_safetensors.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import { SAFETENSORS_REFUSED, SAFETENSORS_SUSPICIOUS } from "../vectors/safetensors.ts";
import { SAFETENSORS_CLEAN } from "../vectors/safetensors_clean.ts";
import { WE_REFUSE } from "./safetensors_reasons.ts";

const FUZZ_SEED = 4242;

interface Contents {
  readonly accepted: true;
  /** In the order of their bytes. */
  readonly tensors: readonly (readonly [name: string, dtype: string, shape: readonly number[]])[];
  readonly metadata: Readonly<Record<string, string>>;
}
type Answer = Contents | { readonly accepted: false; readonly why: string };

function* files(fuzzCases: number): Generator<[name: string, bytes: Uint8Array]> {
  for (const [i, vector] of SAFETENSORS_REFUSED.entries()) yield [`vector-${i}`, vector.bytes()];
  for (const [i, vector] of SAFETENSORS_SUSPICIOUS.entries()) yield [`suspicious-${i}`, vector.bytes()];
  for (const [i, clean] of SAFETENSORS_CLEAN.entries()) yield [`clean-${i}`, clean.bytes()];
  for (let i = 0; i < fuzzCases; i++) yield [`fuzz-${i}`, safetensorsOfCase(FUZZ_SEED, i)];
}

function ours(bytes: Uint8Array): Answer {
  try {
    const { tensors, metadata } = parseSafetensors(new MemorySource(bytes));
    return {
      accepted: true,
      tensors: tensors.map(({ name, type, shape }) => [name, type, shape]),
      metadata: Object.fromEntries(metadata),
    };
  } catch (error) {
    if (error instanceof FormatError) return { accepted: false, why: error.rule };
    throw error;
  }
}

async function theirs(python: string, paths: readonly string[]): Promise<readonly Answer[]> {
  const script = new URL("./safetensors_reader.py", import.meta.url).pathname;
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped" }).spawn();
  const input = new Blob([paths.join("\n")]).stream().pipeTo(child.stdin);
  const [{ success, stdout }] = await Promise.all([child.output(), input]);
  if (!success) throw new Error("The other reader failed");
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The same tensors and texts, whatever the order of what has none: keys, and tensors without bytes at one place. */
function comparable({ tensors, metadata }: Contents): string {
  const withBytes = tensors.filter(([, , shape]) => !shape.includes(0));
  const empty = tensors.filter(([, , shape]) => shape.includes(0)).map((tensor) => JSON.stringify(tensor));
  return JSON.stringify([
    withBytes,
    empty.sort(),
    Object.entries(metadata).map((entry) => entry.join("\0")).sort(),
  ]);
}

/** What the two answers amount to, as a text to count by, and whether a difference is on the list of reasons. */
function compare(own: Answer, other: Answer): { readonly sort: string; readonly explained: boolean } {
  if (own.accepted && other.accepted) {
    const same = comparable(own) === comparable(other);
    return { sort: same ? "both accept, same contents" : "both accept, DIFFERENT contents", explained: same };
  }
  if (own.accepted && !other.accepted) {
    return { sort: `we accept, they refuse: ${other.why}`, explained: false };
  }
  if (!own.accepted && other.accepted) {
    return { sort: `we refuse, they accept: ${own.why}`, explained: WE_REFUSE.has(own.why) };
  }
  return { sort: "both refuse", explained: true };
}

const [python = "python3", cases = "3000"] = Deno.args;
const directory = Deno.makeTempDirSync();
try {
  const names: string[] = [];
  const own: Answer[] = [];
  for (const [name, bytes] of files(Number(cases))) {
    names.push(name);
    own.push(ours(bytes));
    Deno.writeFileSync(`${directory}/${name}`, bytes);
  }
  const other = await theirs(python, names.map((name) => `${directory}/${name}`));
  if (other.length !== own.length) throw new Error(`${other.length} answers for ${own.length} files`);
  const counts = new Map<string, number>();
  let unexplained = 0;
  for (const [i, answer] of own.entries()) {
    const { sort, explained } = compare(answer, other[i] ?? { accepted: false, why: "no answer" });
    const key = `${names[i]?.split("-")[0]}: ${sort}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (explained) continue;
    unexplained += 1;
    console.error(`${names[i]}: ${sort}`);
  }
  for (const [sort, count] of [...counts].sort()) console.log(`${String(count).padStart(7)}  ${sort}`);
  console.log(`${own.length} files, ${unexplained} differences without a reason`);
  Deno.exitCode = unexplained === 0 ? 0 : 1;
} finally {
  Deno.removeSync(directory, { recursive: true });
}
