/**
 * Compares our GGUF parser with the `gguf` package on the attack vectors, the clean corpus and fuzzed files.
 * usage: deno run --allow-read --allow-write --allow-run test/differential/gguf.ts PYTHON [FUZZ_CASES]
 * PYTHON is an interpreter that has the package. Exits 1 when a difference is not on the list of reasons.
 */
import { mutatedGguf } from "../../scripts/fuzz_gguf.ts";
import { parseGguf } from "../../src/formats/gguf.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { FormatError } from "../../src/model/errors.ts";
import { GGUF_FOUND, GGUF_REFUSED } from "../vectors/gguf.ts";
import { GGUF_CLEAN } from "../vectors/gguf_clean.ts";
import { OTHER_SIZE, WE_ACCEPT, WE_REFUSE } from "./gguf_reasons.ts";

/** Fuzzed files above this size are not written out. */
const MAX_CASE_BYTES = 2 ** 20;
const FUZZ_SEED = 4242;

type Tensor = readonly [name: string, type: string, offset: number, sizeBytes: number];
type Answer = { accepted: true; tensors: readonly Tensor[] } | { accepted: false; why: string };

function* files(fuzzCases: number): Generator<[name: string, bytes: Uint8Array]> {
  for (const [i, vector] of [...GGUF_REFUSED, ...GGUF_FOUND].entries()) yield [`vector-${i}`, vector.bytes()];
  for (const [i, clean] of GGUF_CLEAN.entries()) yield [`clean-${i}`, clean.bytes()];
  for (let i = 0; i < fuzzCases; i++) yield [`fuzz-${i}`, mutatedGguf(FUZZ_SEED, i)];
}

function ours(bytes: Uint8Array): Answer {
  try {
    const { tensors } = parseGguf(new MemorySource(bytes));
    return { accepted: true, tensors: tensors.map((t) => [t.name, t.type, t.offset, t.sizeBytes]) };
  } catch (error) {
    if (error instanceof FormatError) return { accepted: false, why: error.rule };
    throw error;
  }
}

async function theirs(python: string, paths: readonly string[]): Promise<readonly Answer[]> {
  const script = new URL("./gguf_reader.py", import.meta.url).pathname;
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped" }).spawn();
  const input = new Blob([paths.join("\n")]).stream().pipeTo(child.stdin);
  const [{ success, stdout }] = await Promise.all([child.output(), input]);
  if (!success) throw new Error("The other reader failed");
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
}

function comparable(tensors: readonly Tensor[]): string {
  return JSON.stringify(
    tensors.map(([name, type, offset, size]) => [name, type, offset, OTHER_SIZE.has(type) ? 0 : size]),
  );
}

/** What the two answers amount to, as a text to count by, and whether a difference is on the list of reasons. */
function compare(own: Answer, other: Answer): { readonly sort: string; readonly explained: boolean } {
  if (own.accepted && other.accepted) {
    const same = comparable(own.tensors) === comparable(other.tensors);
    return { sort: same ? "both accept, same tensors" : "both accept, DIFFERENT tensors", explained: same };
  }
  if (own.accepted && !other.accepted) {
    const reason = WE_ACCEPT.find(({ theirs }) => theirs.test(other.why));
    return { sort: `we accept, they refuse: ${reason?.why ?? other.why}`, explained: reason !== undefined };
  }
  if (!own.accepted && other.accepted) {
    const reason = WE_REFUSE.get(own.why);
    return { sort: `we refuse, they accept: ${own.why}`, explained: reason !== undefined };
  }
  return { sort: "both refuse", explained: true };
}

const [python = "python3", cases = "3000"] = Deno.args;
const directory = Deno.makeTempDirSync();
try {
  const own: Answer[] = [];
  const paths: string[] = [];
  for (const [name, bytes] of files(Number(cases))) {
    if (bytes.byteLength > MAX_CASE_BYTES && name.startsWith("fuzz")) continue;
    const path = `${directory}/${name}.gguf`;
    Deno.writeFileSync(path, bytes);
    paths.push(path);
    own.push(ours(bytes));
  }
  const counts = new Map<string, number>();
  let unexplained = 0;
  for (const [i, other] of (await theirs(python, paths)).entries()) {
    const mine = own[i];
    if (mine === undefined) throw new Error("The other reader answered more often than it was asked");
    const { sort, explained } = compare(mine, other);
    counts.set(sort, (counts.get(sort) ?? 0) + 1);
    if (!explained) {
      unexplained += 1;
      console.log(`unexplained: ${paths[i]}: ${sort}`);
    }
  }
  for (const [sort, count] of [...counts].sort()) console.log(`${count}\t${sort}`);
  console.log(`${paths.length} files, ${unexplained} differences without a reason`);
  Deno.exitCode = unexplained === 0 ? 0 : 1;
} finally {
  Deno.removeSync(directory, { recursive: true });
}
