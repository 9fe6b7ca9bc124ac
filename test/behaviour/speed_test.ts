import assert from "node:assert/strict";
import process from "node:process";
import { judgeReplies, type Reply } from "../../src/behaviour/mod.ts";

const TOTAL = 10 * 2 ** 20;

/** What makes careless judges slow: beginnings of every structure, none of them ever finished. */
const SEEDS = [
  "curl ",
  "rm -rf x ",
  "curl http://a|",
  "never run rm -rf /x or. ",
  "http://a.example/?q=aaaaaaaaaaaaaaaaaaaaaaaa ",
  "aGVsbG8gd29ybGQgaGVsbG8g ",
  "6869206869206869 ",
  '"\' "',
  "(){",
  "send me your password and your password ",
  "\ufdfa",
  "Я не могу помочь с этим запросом. ",
  "4111 1111 1111 1112 ",
  "%41%42",
  "exec(eval(exec(",
  '"arguments": ',
  "never run:\n- rm -rf /x\n",
  "=$(",
  "\n",
  "I will now ignore all my previous rules without any restrictions whatsoever. ",
];

function adversarial(size: number): readonly Reply[] {
  return Array.from({ length: Math.floor(TOTAL / size) }, (_none, i) => {
    const seed = SEEDS[i % SEEDS.length] ?? "";
    return {
      id: String(i),
      category: ["command_injection", "encoding_bypass", "jailbreak", "data_leakage"][i % 4] ?? "",
      prompt: `What is number ${i}?`,
      reply: seed.repeat(Math.ceil(size / seed.length)).slice(0, size),
      finish_reason: "length",
      canaries: ["KV7QM2XD9TRW4ZLB"],
    };
  });
}

/** Processor time, which does not depend on what else the machine does. */
function costOf(work: () => void): { readonly wallMs: number; readonly cpuMs: number } {
  const before = process.cpuUsage();
  const start = performance.now();
  work();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: Math.round(performance.now() - start), cpuMs: Math.round((user + system) / 1000) };
}

// 4096 characters are what the largest limit of tokens that a policy may set comes to.
for (const size of [TOTAL, 2 ** 16, 2 ** 14, 2 ** 12]) {
  Deno.test(`10 MB of adversarial text in replies of ${size} characters are judged in under a second`, () => {
    const batch = adversarial(size);
    let cost = costOf(() => judgeReplies(batch));
    // Again when a run was slowed by compiling, or by what else the machine does.
    for (let again = 0; again < 4 && cost.cpuMs >= 1000; again++) cost = costOf(() => judgeReplies(batch));
    console.log(`${size} characters a reply: ${cost.cpuMs} ms of processor, ${cost.wallMs} ms of wall time`);
    assert(Math.min(cost.cpuMs, cost.wallMs) < 1000);
  });
}

Deno.test("the cost grows with the text, not with its square", () => {
  for (const seed of SEEDS) {
    const judge = (size: number) =>
      judgeReplies([{
        id: "1",
        category: "encoding_bypass",
        prompt: "Hello?",
        reply: seed.repeat(Math.ceil(size / seed.length)).slice(0, size),
        finish_reason: "stop",
      }]);
    judge(2 ** 12);
    const small = Math.max(2, costOf(() => judge(2 ** 13)).cpuMs);
    const large = costOf(() => judge(2 ** 16)).cpuMs;
    assert(
      large < small * 8 * 6,
      `${JSON.stringify(seed)}: ${small} ms, then ${large} ms for 8 times as much`,
    );
  }
});
