import assert from "node:assert/strict";
import { fuzzDisguise } from "../../scripts/fuzz_disguise.ts";

Deno.test("recognisers and scanner keep their invariants over 2,000 broken and hidden files", () => {
  const { accepted, refused } = fuzzDisguise({ seed: 3, cases: 2000 });
  assert.ok(
    accepted > 200 && refused > 200,
    `${accepted} accepted, ${refused} refused: one side is not tested`,
  );
});
