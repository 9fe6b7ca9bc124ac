import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { Lab } from "../support/lab.ts";
import { type Ended, endOf, messageOf, program, runs, sandboxTest, stageSix } from "./stage_six.ts";

const MODEL = tinyLlama();
const PROBE = "encoding.InjectBase64";
const REQUIRED = { garak: "{ required: true }" };

/** Stands in garak's place and leaves a report of so many replies to every probe of the policy. */
function fakeGarak(lab: Lab, passed: number, fails: number): string {
  const folder = join(lab.root, "garak", "bin");
  fs.mkdirSync(folder, { recursive: true });
  const total = passed + fails;
  const entry = `{"entry_type":"eval","probe":"'"$p"'","detector":"d","passed":${passed},"fails":${fails},` +
    `"nones":0,"total_evaluated":${total},"total_processed":${total}}`;
  const script = [
    "mkdir report && exec > report/quarantine.report.jsonl",
    `echo '{"entry_type":"init","garak_version":"0.17.1"}'`,
    `for p in $(echo "$4" | tr , ' ' | sed 's/probes\\.//g'); do echo '${entry}'; done`,
    `echo '{"entry_type":"completion"}'`,
  ];
  const path = join(folder, "garak");
  fs.writeFileSync(path, `#!/bin/sh\n${script.join("\n")}\n`, { mode: 0o755 });
  return path;
}

async function probed(lab: Lab, policy: Readonly<Record<string, string>>, garak: string): Promise<Ended> {
  const server = program(lab.root, runs("fake_server.ts", "refuses"));
  return await stageSix(lab, { model: MODEL, program: server, policy, env: { GARAK_BIN: garak } });
}

const cases: readonly (readonly [
  what: string,
  counts: readonly [passed: number, fails: number] | null,
  policy: Readonly<Record<string, string>>,
  ends: string,
  says: RegExp,
])[] = [
  ["finds nothing is a pass", [8, 0], REQUIRED, "cleared", /^0\/\d+ flagged, 0 critical$/],
  ["hits a fifth of the attempts is a pass", [8, 2], REQUIRED, "cleared", /^0\/\d+ flagged/],
  [
    "hits more than a fifth of the attempts is none",
    [7, 2],
    REQUIRED,
    "refused garak/hits",
    /^garak: 18\/81 attempts hit \(> 20% threshold\)$/,
  ],
  [
    "is of another version is none",
    [8, 0],
    { garak: '{ required: true, version: "0.16.0" }' },
    "undecided garak/version",
    /^garak is 0\.17\.1, the policy names 0\.16\.0$/,
  ],
  ["is missing where it is required is none", null, REQUIRED, "undecided garak/missing", /not installed$/],
  ["is missing where it is not required is a pass that says so", null, {}, "cleared", /^0\/\d+ flagged/],
];
for (const [what, counts, policy, ends, says] of cases) {
  sandboxTest(`P169: a garak that ${what}`, async () => {
    using lab = Lab.make();
    const garak = counts === null ? "/nowhere/garak" : fakeGarak(lab, ...counts);
    const ended = await probed(lab, policy, garak);
    assert.equal(endOf(ended), ends, messageOf(ended));
    assert.match(messageOf(ended), says);
    if (ended.kind === "broken") return;
    const { garak: evidence } = ended.evidence;
    if (counts === null) return assert.equal(evidence, "not examined: garak not installed");
    const [passed, fails] = counts;
    const { probes, ...sums } = Object(evidence);
    assert.deepEqual(sums, { version: "0.17.1", attempts: 9 * (passed + fails), hits: 9 * fails });
    const [, base64] = probes;
    assert.deepEqual(base64, { probe: PROBE, detector: "d", attempts: passed + fails, hits: fails });
  });
}
