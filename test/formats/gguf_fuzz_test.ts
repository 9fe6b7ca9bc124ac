import assert from "node:assert/strict";
import { fuzzGguf } from "../../scripts/fuzz_gguf.ts";

Deno.test("parseGguf() keeps its invariants over 2,000 made and broken files", () => {
  const { accepted, refused } = fuzzGguf({ seed: 1, cases: 2000 });
  assert.ok(
    accepted > 200 && refused > 200,
    `${accepted} accepted, ${refused} refused: one side is not tested`,
  );
});
