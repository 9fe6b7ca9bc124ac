import assert from "node:assert/strict";
import { ToolError } from "../../src/tools/tool_error.ts";
import { STATIC_SCANNERS, type StaticScanner } from "../../src/tools/scanners.ts";
import { answering, BWRAP, CONTRACTS, FakeTool, REPORT } from "../support/fake_tool.ts";

/**
 * The fault table: each scanner replaced by a script that fails in one way, run by the real role in the real sandbox.
 * None of them ends in an answer.
 */
const ignore = BWRAP === null && Deno.env.get("CI") !== "true";

interface Fault {
  readonly why: string;
  readonly script: (id: StaticScanner) => string;
  readonly rule: string;
  readonly says?: string;
  readonly pinned?: string;
  readonly timeoutMs?: number;
}

const report = (id: StaticScanner) => id === "yara" ? "/dev/stdout" : REPORT;
const clean = (id: StaticScanner) => answering(id, CONTRACTS[id].clean);

const FAULTS: readonly Fault[] = [
  { why: "crashes", script: () => "kill -SEGV $$", rule: "scanner/crashed" },
  { why: "hangs", script: () => "exec sleep 60", rule: "scanner/deadline", timeoutMs: 700 },
  {
    why: "prints garbage",
    script: (id) => answering(id, "segmentation fault? no, all good"),
    rule: "scanner/report",
  },
  {
    why: "prints bytes that are no text",
    script: (id) => `printf '\\377\\376' >${report(id)}`,
    rule: "scanner/report",
  },
  {
    why: "prints half a report",
    script: (id) => `printf '%s' '${CONTRACTS[id].clean.slice(0, -9)}' >${report(id)}`,
    rule: "scanner/report",
  },
  { why: "prints {}", script: (id) => answering(id, "{}"), rule: "scanner/report" },
  { why: "prints 1 GB", script: () => "head -c 1000000000 /dev/zero", rule: "scanner/flood" },
  {
    why: "leaves a daemon behind",
    script: (id) => `setsid sleep 60 >/dev/null 2>&1 &\n${clean(id)}`,
    rule: "scanner/left-behind",
  },
  { why: "is another version than the pinned one", script: clean, pinned: "0.0.1", rule: "scanner/version" },
  { why: "does not say its version", script: clean, says: "who knows", rule: "scanner/start" },
  {
    why: "ends with a code nobody documents",
    script: (id) => answering(id, CONTRACTS[id].clean, 77),
    rule: "scanner/exit",
  },
];

/** What only some can do. */
const OWN_FAULTS: Readonly<Record<StaticScanner, readonly Fault[]>> = {
  modelscan: [
    { why: "has errors (2)", script: (id) => answering(id, CONTRACTS[id].clean, 2), rule: "scanner/crashed" },
    {
      why: "scans nothing (3)",
      script: (id) => answering(id, CONTRACTS[id].clean, 3),
      rule: "scanner/nothing-scanned",
    },
    { why: "is used wrongly (4)", script: () => "exit 4", rule: "scanner/crashed" },
    { why: "ends with 0 and no report", script: () => "exit 0", rule: "scanner/report" },
    { why: "writes a report of 1 GB", script: () => `truncate -s 1G ${REPORT}`, rule: "scanner/flood" },
    { why: "puts a pipe in its report's place", script: () => `mkfifo ${REPORT}`, rule: "scanner/report" },
  ],
  fickling: [
    { why: "fails (2)", script: () => "exit 2", rule: "scanner/crashed" },
    {
      why: "ends with 1 as an interpreter does that failed",
      script: () => "echo Traceback >&2; exit 1",
      rule: "scanner/report",
    },
    { why: "ends with 0 and no report", script: () => "exit 0", rule: "scanner/report" },
  ],
  modelaudit: [
    {
      why: "has errors (2)",
      script: (id) => answering(id, CONTRACTS[id].clean, 2),
      rule: "scanner/incomplete",
    },
    {
      why: "ends with 1 as an interpreter does that failed",
      script: () => "echo Traceback >&2; exit 1",
      rule: "scanner/report",
    },
    { why: "ends with 0 and no report", script: () => "exit 0", rule: "scanner/report" },
  ],
  gguf_guard: [
    {
      why: "cannot parse the file (1)",
      script: () => "echo 'error: parse: array too long' >&2; exit 1",
      rule: "scanner/crashed",
    },
    {
      why: "ends with 2 as its runtime does that failed",
      script: () => "echo 'panic: makeslice' >&2; exit 2",
      rule: "scanner/report",
    },
    { why: "ends with 0 and no report", script: () => "exit 0", rule: "scanner/report" },
  ],
  yara: [
    // Nothing that its adapter has a part in: one scanner stands for all.
    { why: "is killed for its memory", script: () => "kill -KILL $$", rule: "scanner/crashed" },
    {
      why: "ignores that it should end",
      script: () => "trap '' TERM; while :; do :; done",
      rule: "scanner/deadline",
      timeoutMs: 700,
    },
    {
      why: "leaves a daemon behind that holds its output",
      script: (id) => `setsid sleep 60 &\n${clean(id)}`,
      rule: "scanner/left-behind",
    },
    {
      why: "fails (1)",
      script: () => "echo 'error: could not map file' >&2; exit 1",
      rule: "scanner/crashed",
    },
    { why: "ends with 0 and no line", script: () => "exit 0", rule: "scanner/nothing-scanned" },
    {
      why: "complains beside a whole answer",
      script: (id) => `echo 'warning: rule is slow' >&2; ${clean(id)}`,
      rule: "scanner/incomplete",
    },
  ],
};

async function ruleOf(id: StaticScanner, fault: Fault): Promise<string> {
  using tool = new FakeTool(id, fault.script(id), fault.says);
  try {
    await tool.ask({ version: fault.pinned ?? null, timeoutMs: fault.timeoutMs ?? 20_000 });
    return "an answer";
  } catch (error) {
    assert.ok(error instanceof ToolError, String(error));
    return error.rule;
  }
}

for (const id of STATIC_SCANNERS) {
  // `{}` and bytes that are no text are lines to YARA's reader as garbage is; the others read JSON.
  Deno.test({
    name: `askTool() has no answer of ${id} when it fails, in whichever way`,
    ignore,
    fn: async () => {
      const faults = [...FAULTS, ...OWN_FAULTS[id]];
      const waiting = faults.entries();
      const found: string[] = [];
      const worker = async () => {
        for (const [place, fault] of waiting) found[place] = `${fault.why}: ${await ruleOf(id, fault)}`;
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
      assert.deepEqual(found, faults.map(({ why, rule }) => `${why}: ${rule}`));
    },
  });
  Deno.test({
    name: `askTool() believes a whole answer of ${id}`,
    ignore,
    fn: async () => {
      using tool = new FakeTool(id, clean(id));
      const { version, report } = await tool.ask({ version: CONTRACTS[id].version });
      assert.deepEqual([version, report], [CONTRACTS[id].version, {
        files: 1,
        gaps: [],
        findings: [],
        more: 0,
      }]);
    },
  });
}

Deno.test({
  name: "askTool() of a program that is not there ends with scanner/start",
  ignore,
  fn: async () => {
    using tool = new FakeTool("yara", "");
    await assert.rejects(tool.ask({ program: "/nowhere/yara" }), { rule: "scanner/start" });
  },
});
