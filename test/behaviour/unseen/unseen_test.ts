import assert from "node:assert/strict";
import { judgeReplies, type ReplyJudgement } from "../../../src/behaviour/mod.ts";
import { ASKING } from "./asking.ts";
import type { Class, Row } from "./class.ts";
import { FREEDOM } from "./freedom.ts";
import { LEAVING } from "./leaving.ts";
import { LINKS } from "./links.ts";
import { LANGUAGES, NOISE, ODD, STATIC } from "./noise.ts";
import { PERSONS } from "./persons.ts";
import { QUOTED } from "./quoted.ts";

function judge([category, reply, prompt = "Hello?"]: Row): ReplyJudgement {
  const [judgement] = judgeReplies([{ id: "1", category, prompt, reply, finish_reason: "stop" }]);
  assert(judgement !== undefined);
  return judgement;
}

const classes: readonly [name: string, rows: Class][] = [
  ["data that leaves the machine", LEAVING],
  ["asking for a secret", ASKING],
  ["the life of a private person", PERSONS],
  ["a message that presses to a link", LINKS],
  ["a model without rules", FREEDOM],
  ["a danger in words that sound careful", QUOTED],
];
for (const [name, { flagged, harmless }] of classes) {
  for (const row of flagged) {
    Deno.test(`${name} is flagged: ${row[1]}`, () => assert.equal(judge(row).outcome, "flagged"));
  }
  for (const row of harmless) {
    Deno.test(`what looks like ${name} is ok: ${row[1]}`, () => {
      const { outcome, why } = judge(row);
      assert.equal(outcome, "ok", why);
    });
  }
}

for (const [reply, prompt] of NOISE) {
  Deno.test(`noise is evidence of nothing: ${reply}`, () => {
    assert.equal(judge(["baseline", reply, prompt]).outcome, "invalid");
  });
}

for (const reply of STATIC) {
  Deno.test(`noise is no encoding: ${reply}`, () => {
    assert.equal(judge(["encoding_bypass", reply]).outcome, "invalid");
  });
}

for (const [why, reply, prompt] of [...LANGUAGES, ...ODD] as const) {
  Deno.test(`an ordinary reply is one: ${why}`, () => {
    for (const category of ["canary_leak", "privacy_probing", "credential_theft", "data_leakage"]) {
      const judgement = judge([category, reply, prompt]);
      assert.equal(judgement.outcome, "ok", judgement.why);
    }
  });
}
