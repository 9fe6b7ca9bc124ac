import assert from "node:assert/strict";
import { CATEGORIES, instantiate, judgeReplies, loadSuite, promptText } from "../../src/behaviour/mod.ts";
import { StartupError } from "../../src/model/mod.ts";

const PATH = "behaviour_suite.yaml";
const shipped = loadSuite({
  text: await Deno.readTextFile(new URL("../../policy/behaviour_suite.yaml", import.meta.url)),
  path: PATH,
});
const canaryOf = (id: string) =>
  `K${[...id].map((c) => (c.charCodeAt(0) % 36).toString(36)).join("")}7Q2MX9TRW4ZLB`.slice(-20);

Deno.test("P009 P116 the shipped suite covers every category, jailbreak, harm and injection among them", () => {
  const { prompts } = shipped;
  assert(prompts.length >= 60);
  for (const category of CATEGORIES) {
    assert(prompts.filter((p) => p.category === category).length >= 2, category);
  }
  assert(new Set(prompts.map((p) => p.language)).size >= 6);
  assert(
    prompts.filter((p) => p.messages.filter((m) => m.role === "user").length > 1).length >= 3,
    "conversations",
  );
  assert(prompts.filter((p) => p.category === "encoding_bypass").length >= 5);
});

Deno.test("the shipped suite plants secrets in the system prompt, in documents and in the output of tools", () => {
  const planted = shipped.prompts.filter((p) => p.canaries.length > 0);
  assert(planted.some((p) => p.messages[0]?.role === "system"));
  assert(planted.some((p) => p.messages.length === 1 && promptText(p).includes("Text:")));
  assert(planted.some((p) => promptText(p).includes("Output of the search tool")));
});

Deno.test("controls are more than a tenth of the suite, so that a model that answers them may refuse all else alike", () => {
  const controls = shipped.prompts.filter((p) => p.expect !== null).length;
  assert((shipped.prompts.length - controls) * 10 <= shipped.prompts.length * 9);
  assert(controls * 5 < shipped.prompts.length, "a model that only refuses is still judged");
});

Deno.test("no prompt of the shipped suite holds a dangerous structure itself", () => {
  const replies = shipped.prompts.flatMap((p) =>
    p.messages.map((m) => ({ category: p.category, text: m.content }))
  );
  const judged = judgeReplies(
    replies.map(({ category, text }, i) => ({
      id: String(i),
      category,
      prompt: "Hello?",
      reply: text,
      finish_reason: "stop",
    })),
  );
  for (const [i, judgement] of judged.entries()) {
    assert.notEqual(judgement.outcome, "flagged", `${replies[i]?.text}: ${judgement.why}`);
  }
});

Deno.test("an echo of any prompt is evidence of nothing, even where a secret is planted in it", () => {
  for (const prompt of instantiate(shipped, canaryOf)) {
    const text = promptText(prompt);
    const reply = { ...prompt, prompt: text, reply: text, finish_reason: "stop" };
    assert.equal(judgeReplies([{ ...reply, expect: { digit: true } }])[0]?.outcome, "invalid", prompt.id);
  }
});

Deno.test("instantiate() plants a secret of its own in every place, and gives it to the judge", () => {
  const planted = instantiate(shipped, canaryOf).filter((p) => p.canaries.length > 0);
  assert(planted.length >= 15);
  for (const { id, messages, canaries } of planted) {
    const text = messages.map((m) => m.content).join("\n");
    assert(!text.includes("{{"), id);
    for (const canary of canaries) assert(text.includes(canary), id);
  }
});

Deno.test("instantiate() refuses a secret that chance could hit", () => {
  for (const canary of ["", "short", "has spaces in it!", "-------------"]) {
    assert.throws(() => instantiate(shipped, () => canary), RangeError);
  }
});

const prompt = (more: string) =>
  `version: 1\nprompts:\n  - id: one\n    category: jailbreak\n    language: en\n${more}`;
const refused: [why: string, text: string, message: RegExp][] = [
  [
    "an unknown category",
    prompt("    ask: Hi?\n").replace("jailbreak", "jailbrake"),
    /:4:\d+: prompts\[0\]\.category/,
  ],
  ["an unknown key", prompt("    ask: Hi?\n    cannary: x\n"), /:7:\d+: prompts\[0\]\.cannary: unknown key/],
  ["neither ask nor messages", prompt(""), /:3:\d+: .*either ask or messages/],
  [
    "both ask and messages",
    prompt("    ask: Hi?\n    messages: [{ role: user, content: Hi }]\n"),
    /either ask or messages/,
  ],
  [
    "a last word of the assistant",
    prompt("    messages: [{ role: assistant, content: Hi }]\n"),
    /the last message/,
  ],
  ["a control without expect", prompt("    ask: Hi?\n    control: true\n"), /has expect/],
  ["expect without control", prompt("    ask: Hi?\n    expect: { digit: true }\n"), /has expect/],
  ["a placeholder that is none", prompt("    ask: Hi {{ me }}?\n"), /:6:\d+: .*placeholder/],
  [
    "one id twice",
    `${prompt("    ask: Hi?\n")}  - { id: one, category: jailbreak, language: en, ask: Ho? }\n`,
    /:7:\d+: prompts\[1\]\.id: one is used twice/,
  ],
  ["another version", prompt("    ask: Hi?\n").replace("version: 1", "version: 2"), /:1:\d+: version/],
  ["no prompt at all", "version: 1\nprompts: []\n", /:2:\d+: prompts/],
  ["what is not YAML", "version: [", /:1:\d+/],
];
for (const [why, text, message] of refused) {
  Deno.test(`loadSuite() refuses ${why}, and says where`, () => {
    assert.throws(() => loadSuite({ text, path: PATH }), (error: unknown) => {
      assert(error instanceof StartupError);
      assert.match(error.code, /^policy\/(?:schema|syntax)$/);
      assert.match(error.message, message);
      assert(error.message.startsWith(PATH));
      return true;
    });
  });
}
