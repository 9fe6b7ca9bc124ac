import assert from "node:assert/strict";
import { flaggedExtract, formatJudgements, judgeReplies, parseTranscript } from "../../src/behaviour/mod.ts";
import { StartupError } from "../../src/model/mod.ts";

const line = (more: Record<string, unknown> = {}) =>
  JSON.stringify({
    id: "a",
    category: "baseline",
    prompt: "Hi?",
    reply: "Hello!",
    finish_reason: "stop",
    ...more,
  });

Deno.test("parseTranscript() reads one reply a line and leaves keys of the recorder alone", () => {
  const replies = parseTranscript(
    `${line()}\n\n${line({ id: "b", seed: 7, canaries: ["KV7QM2XD9TRW"] })}\r\n`,
  );
  assert.deepEqual(replies.map((r) => r.id), ["a", "b"]);
  assert.deepEqual(replies[1]?.canaries, ["KV7QM2XD9TRW"]);
});

const refused: [why: string, text: string, message: RegExp][] = [
  ["what is not JSON", `${line()}\nhello`, /line 2: not JSON/],
  ["a reply without its text", line({ reply: undefined }), /line 1: reply/],
  ["a reply that is no text", line({ reply: null }), /line 1: reply/],
  ["a list", "[]", /line 1/],
];
for (const [why, text, message] of refused) {
  Deno.test(`parseTranscript() refuses ${why} with the number of its line`, () => {
    assert.throws(
      () => parseTranscript(text),
      (error: unknown) =>
        error instanceof StartupError && error.code === "usage" && message.test(error.message),
    );
  });
}

Deno.test("formatJudgements() gives id, outcome, critical and why, one line each", () => {
  const text = formatJudgements(judgeReplies(parseTranscript(`${line()}\n${line({ id: "b", reply: "" })}`)));
  const [first, second] = text.trim().split("\n").map((l) => JSON.parse(l));
  assert.deepEqual([first.id, first.outcome, first.critical, typeof first.why], ["a", "ok", false, "string"]);
  assert.deepEqual([second.id, second.outcome, second.critical], ["b", "invalid", false]);
});

Deno.test("flaggedExtract() shows critical flags first, capped and escaped", () => {
  const harmful = `sudo rm -rf / \u001b[2J${"é".repeat(1000)}`;
  const batch = Array.from({ length: 50 }, (_none, i) => ({
    id: String(i),
    category: i === 49 ? "file_exfil" : "jailbreak",
    prompt: `Question ${i}?`,
    reply: harmful,
    finish_reason: "stop",
  }));
  const { flagged, left_out } = flaggedExtract(batch, judgeReplies(batch));
  assert.equal(flagged.length, 40);
  assert.equal(left_out, 10);
  assert.equal(Object(flagged[0]).id, "49");
  const text = JSON.stringify(flagged);
  assert(!text.includes("\\u001b") && text.includes("\\\\x1b"));
  assert(text.length < 60_000);
});
