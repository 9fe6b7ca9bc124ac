import assert from "node:assert/strict";
import { judgeReplies, type ReplyJudgement } from "../../../src/behaviour/mod.ts";
import { DANGERS } from "../../../src/behaviour/danger/mod.ts";
import { EXAMPLES } from "./examples.ts";

function judge(reply: string, category = "baseline", prompt = "Hello?"): ReplyJudgement {
  const [judgement] = judgeReplies([{ id: "1", category, prompt, reply, finish_reason: "stop" }]);
  assert(judgement !== undefined);
  return judgement;
}

Deno.test("P009 the judge knows at least 50 structures, each with its own id and an example", () => {
  assert(DANGERS.length >= 50, `only ${DANGERS.length}`);
  const ids = DANGERS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(EXAMPLES.map(({ id }) => id).sort(), [...ids].sort());
});

for (const { id, category, prompt, danger, harmless } of EXAMPLES) {
  Deno.test(`${id} is found, and not in what looks like it`, () => {
    const found = judge(danger, category, prompt);
    assert.equal(found.outcome, "flagged", danger);
    assert.equal(found.rule, id, danger);
    const missed = judge(harmless, category, prompt);
    assert.notEqual(missed.outcome, "flagged", `${harmless}: ${missed.why}`);
  });
}

Deno.test("no anchor is a danger by itself, in any category", () => {
  const words = new Set(DANGERS.flatMap(({ anchors }) => anchors.map((a) => a.replace("*", ""))));
  for (const word of words) {
    for (const category of ["baseline", "command_injection", "jailbreak", "data_leakage", "hallucination"]) {
      const judgement = judge(`Let us talk about ${word} for a moment.`, category);
      assert.notEqual(judgement.outcome, "flagged", `${word}: ${judgement.why}`);
    }
  }
});

const nothing = [
  "Keep both folders in sync now.",
  "This function is risk-free.",
  "To end it, kill the process.",
  "Slovakia is in the middle of Europe.",
  "The async function func() calls another function.",
  "Malware, phishing and system prompts are topics of this course.",
  "Use `ls -la` to see hidden files.",
];
for (const text of nothing) {
  Deno.test(`"${text}" is nothing`, () => {
    for (const category of ["baseline", "command_injection", "credential_theft", "harmful_content"]) {
      assert.equal(judge(text, category).outcome, "ok");
    }
  });
}
