import assert from "node:assert/strict";
import { fuzzed } from "../../scripts/fuzz.ts";

const SEED = 3;
/** As many as a few seconds allow: a directory or a template costs many times what a header does. */
const CASES: ReadonlyMap<string, number> = new Map([
  ["gguf", 20_000],
  ["safetensors", 20_000],
  ["json", 20_000],
  ["disguise", 20_000],
  ["directory", 2000],
  ["template", 1500],
]);

for (const [name, cases] of CASES) {
  Deno.test(`fuzz: ${name} keeps its invariants over ${cases} made and broken inputs`, () => {
    const { result: { accepted, refused }, line } = fuzzed(name, { seed: SEED, cases });
    console.log(line);
    assert.ok(accepted > cases / 10 && refused > cases / 10, `${line}: one side is hardly tested`);
  });
}
