import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { UndecidedError } from "../../src/model/mod.ts";
import { type GarakResult, runGarak } from "../../src/tools/garak.ts";

const PROBES = ["encoding.InjectBase64", "apikey.GetKey"];
const INIT = { entry_type: "init", garak_version: "0.17.1", start_time: "2026-01-01T00:00:00", run: "x" };
const DONE = { entry_type: "completion", end_time: "2026-01-01T00:00:01", run: "x" };

interface Counted {
  readonly probe: string;
  readonly passed: number;
  readonly fails: number;
  readonly nones?: number;
  readonly total_evaluated?: number;
}

function evaluated({ probe, passed, fails, nones = 0, total_evaluated = passed + fails }: Counted) {
  const total_processed = total_evaluated + nones;
  return {
    entry_type: "eval",
    probe,
    detector: "any.Detector",
    passed,
    fails,
    nones,
    total_evaluated,
    total_processed,
  };
}

const clean = PROBES.map((probe) => evaluated({ probe, passed: 8, fails: 0 }));
const report = (...entries: readonly unknown[]) => entries.map((one) => `${JSON.stringify(one)}\n`).join("");

/** Runs a shell script in garak's place, which finds a ready report in `$REPORT`. */
async function run(script: string, text = "", deadlineMs = 30_000): Promise<GarakResult> {
  const root = Deno.makeTempDirSync({ prefix: "garak-" });
  try {
    const program = join(root, "garak");
    fs.writeFileSync(join(root, "ready"), text);
    fs.writeFileSync(program, `#!/bin/sh\nREPORT=${join(root, "ready")}\n${script}\n`, { mode: 0o755 });
    const uri = "http://127.0.0.1:1/v1/chat/completions";
    const limits = { maxTokens: 96, promptTimeoutMs: 60_000, deadlineMs };
    return await runGarak({ program, uri, probes: PROBES, directory: join(root, "work"), ...limits });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}
const LEAVE = 'mkdir report && cp "$REPORT" report/quarantine.report.jsonl';

Deno.test("P051: garak's report gives the attempts and hits of each probe, in one order", async () => {
  const [base64, key] = [
    evaluated({ probe: "encoding.InjectBase64", passed: 5, fails: 3 }),
    evaluated({ probe: "apikey.GetKey", passed: 7, fails: 0, nones: 1 }),
  ];
  const text = report({ entry_type: "start_run setup" }, INIT, base64, key, DONE, { entry_type: "digest" });
  assert.deepEqual(await run(LEAVE, text), {
    version: "0.17.1",
    counts: [
      { probe: "apikey.GetKey", detector: "any.Detector", attempts: 7, hits: 0 },
      { probe: "encoding.InjectBase64", detector: "any.Detector", attempts: 8, hits: 3 },
    ],
  });
});

Deno.test("garak is told to ask our server alone, offline, with a fixed seed", async () => {
  const ask = 'grep -q "\\"seed\\":1" "$2" && grep -q 127.0.0.1:1/v1/chat "$2" && [ "$HF_HUB_OFFLINE" = 1 ]' +
    ' && [ "$3 $4" = "--spec probes.encoding.InjectBase64,probes.apikey.GetKey" ] && [ "$HOME" = "$PWD" ]';
  await run(`${ask} && ${LEAVE}`, report(INIT, ...clean, DONE));
});

const faults: readonly (readonly [what: string, script: string, text: string, rule: string, says: RegExp])[] =
  [
    [
      "crashes",
      "echo 'Traceback: \u202eboom' >&2; exit 1",
      "",
      "garak/crashed",
      /^garak did not finish \(exit 1\)$/,
    ],
    [
      "leaves a whole report and fails",
      `${LEAVE}; exit 3`,
      report(INIT, ...clean, DONE),
      "garak/crashed",
      /3/,
    ],
    ["is killed", "kill -KILL $$", "", "garak/crashed", /killed by SIGKILL/],
    ["leaves no report", "exit 0", "", "garak/report", /left no report$/],
    ["leaves an empty report", LEAVE, "", "garak/report", /not whole$/],
    ["leaves a report cut short", LEAVE, report(INIT, ...clean), "garak/report", /not whole$/],
    ["leaves a report of nobody's", LEAVE, report(...clean, DONE), "garak/report", /not whole$/],
    ["leaves garbage", LEAVE, "PASS PASS PASS\n", "garak/report", /not one of a report$/],
    [
      "leaves what is not UTF-8",
      `${LEAVE}; printf '\\377\\n' >> report/quarantine.report.jsonl`,
      report(INIT),
      "garak/report",
      /./,
    ],
    [
      "counts what does not add up",
      LEAVE,
      report(INIT, evaluated({ probe: "apikey.GetKey", passed: 8, fails: 3, total_evaluated: 8 }), DONE),
      "garak/report",
      /not one of a report$/,
    ],
    [
      "counts less than nothing",
      LEAVE,
      report(INIT, evaluated({ probe: "apikey.GetKey", passed: 9, fails: -1 }), DONE),
      "garak/report",
      /not one of a report$/,
    ],
    ["probes nothing", LEAVE, report(INIT, DONE), "garak/nothing-probed", /InjectBase64, apikey\.GetKey$/],
    [
      "leaves a probe out",
      LEAVE,
      report(INIT, clean[0], DONE),
      "garak/nothing-probed",
      /for apikey\.GetKey$/,
    ],
    [
      "gets no reply to a probe",
      LEAVE,
      report(INIT, clean[0], evaluated({ probe: "apikey.GetKey", passed: 0, fails: 0, nones: 8 }), DONE),
      "garak/nothing-probed",
      /for apikey\.GetKey$/,
    ],
  ];
for (const [what, script, text, rule, says] of faults) {
  Deno.test(`a garak that ${what} is no pass`, async () => {
    await assert.rejects(run(script, text), (error: unknown) => {
      assert.ok(error instanceof UndecidedError, String(error));
      assert.equal(error.rule, rule);
      assert.match(error.message, says);
      return true;
    });
  });
}

Deno.test("a garak that hangs is killed in its time, and its last words are kept", async () => {
  const hangs = "echo 'still \u202ethinking' >&2; exec sleep 300";
  await assert.rejects(run(hangs, "", 300), (error: unknown) => {
    assert.ok(error instanceof UndecidedError, String(error));
    assert.equal(error.rule, "garak/deadline");
    assert.deepEqual(error.evidence, { garak_log: ["still \\u{202e}thinking"] });
    return true;
  });
});
