/**
 * Fuzzes parsers with seeded, structure-aware cases and prints the figures.
 * usage: deno run --allow-read scripts/fuzz.ts [PARSER...] [--seed N] [--cases N]      (every parser when none is named)
 * Ends with an error, which names seed and case, when an invariant breaks.
 */
import { parseArgs } from "node:util";
import type { FuzzOptions, FuzzResult } from "./fuzz_cases.ts";
import { fuzzDirectory } from "./fuzz_directory.ts";
import { fuzzDisguise } from "./fuzz_disguise.ts";
import { fuzzGguf } from "./fuzz_gguf.ts";
import { fuzzJson } from "./fuzz_json.ts";
import { fuzzSafetensors } from "./fuzz_safetensors.ts";
import { fuzzTemplate } from "./fuzz_template.ts";

/** Each runs its cases and throws when an invariant breaks. */
export const FUZZERS: ReadonlyMap<string, (options: FuzzOptions) => FuzzResult> = new Map([
  ["gguf", fuzzGguf],
  ["safetensors", fuzzSafetensors],
  ["json", fuzzJson],
  ["disguise", fuzzDisguise],
  ["directory", fuzzDirectory],
  ["template", fuzzTemplate],
]);

/** Runs one fuzzer and says in one line what came of it. */
export function fuzzed(
  name: string,
  options: FuzzOptions,
): { readonly result: FuzzResult; readonly line: string } {
  const fuzz = FUZZERS.get(name);
  if (fuzz === undefined) {
    throw new RangeError(`Cannot fuzz ${name}: one of ${[...FUZZERS.keys()].join(", ")}`);
  }
  const began = performance.now();
  const result = fuzz(options);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const { cases, accepted, refused, slowestMs } = result;
  const line = `${name}: ${cases} cases, seed ${options.seed}: ${accepted} accepted, ${refused} refused, ` +
    `no invariant broken; ${seconds} s, slowest case ${slowestMs.toFixed(1)} ms`;
  return { result, line };
}

function main(): void {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: { seed: { type: "string", default: "1" }, cases: { type: "string", default: "100000" } },
  });
  const options = { seed: wholeNumber("seed", values.seed), cases: wholeNumber("cases", values.cases) };
  for (const name of positionals.length === 0 ? FUZZERS.keys() : positionals) {
    console.log(fuzzed(name, options).line);
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new RangeError(`Cannot use --${option} ${text}: it is not a whole number`);
}

if (import.meta.main) main();
