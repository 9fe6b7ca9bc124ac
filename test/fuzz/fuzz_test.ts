import assert from "node:assert/strict";
import { fuzzed, FUZZERS } from "../../scripts/fuzz.ts";

const CASES = 20_000;
const SEED = 3;
/** Fewer on either side would mean that the cases no longer reach it. */
const LEAST = CASES / 10;

for (const name of FUZZERS.keys()) {
  Deno.test(`the ${name} parser keeps its invariants over ${CASES} made and broken inputs`, () => {
    const { result: { accepted, refused }, line } = fuzzed(name, { seed: SEED, cases: CASES });
    console.log(line);
    assert.ok(accepted >= LEAST && refused >= LEAST, line);
  });
}
