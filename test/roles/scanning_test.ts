import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { examineWith, ruleOfError } from "../../src/admission/mod.ts";
import type { Artifact, ArtifactFormat, Finding, Policy, Stage, StageContext } from "../../src/model/mod.ts";
import { finding, parseSha256, UndecidedError } from "../../src/model/mod.ts";
import { EMPTY_CATALOG } from "../../src/policy/catalog.ts";
import { policyFromObject } from "../../src/policy/load.ts";
import { EMPTY_LOCK } from "../../src/policy/lock.ts";
import type { PolicyInput } from "../../src/policy/schema.ts";
import { EMPTY_ALLOWLIST } from "../../src/policy/sources.ts";
import { withScanners } from "../../src/roles/scanning.ts";
import { processSandbox } from "../../src/tools/process_sandbox.ts";
import {
  type Installed,
  scannerName,
  STATIC_SCANNERS,
  type StaticScanner,
} from "../../src/tools/scanners.ts";
import { pipeline } from "../../stages/mod.ts";

/** What a run-scanner role said before it ended: the fault table shows that it says so. */
const SAID = {
  clean: (findings: unknown[] = [], gaps: string[] = []) =>
    `{"t":"done","version":"1.0","report":${JSON.stringify({ files: 1, gaps, findings, more: 0 })}}`,
  fault: (rule: string) => `{"t":"error","rule":"${rule}","message":"failed","version":"1.0"}`,
};
const SCANNER_FAULTS = [
  "scanner/start",
  "scanner/crashed",
  "scanner/exit",
  "scanner/deadline",
  "scanner/flood",
  "scanner/left-behind",
  "scanner/report",
  "scanner/contradiction",
  "scanner/nothing-scanned",
  "scanner/incomplete",
];

/** Scanners whose sandboxes say a prepared line, or that are not installed (`null`). */
class Machine implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "machine-" });
  readonly installed: Installed;

  constructor(says: (id: StaticScanner) => string | null) {
    this.installed = Object.fromEntries(STATIC_SCANNERS.flatMap((id) => {
      const line = says(id);
      if (line === null) return [];
      const launcher = join(this.root, id);
      fs.writeFileSync(launcher, `#!/bin/sh\necho '{"t":"hello","v":1}'\ncat <<'END'\n${line}\nEND\n`, {
        mode: 0o755,
      });
      const open = processSandbox({
        role: "run-scanner",
        launcher,
        bwrap: null,
        programRoots: [],
        cache: null,
        environment: { PATH: "/usr/bin:/bin" },
      });
      return [[id, { program: "/usr/bin/true", open }]];
    }));
  }

  /** Stage 5 with what our own analysis found, and these scanners beside it. */
  async examine(policy: Policy, format: ArtifactFormat = "gguf", own: readonly Finding[] = []) {
    const native: Stage<"static_scan"> = {
      ...pipeline(NOTHING)[4],
      examine: () => Promise.resolve(conclusion(policy, own)),
    };
    const [source, gate, integrity, provenance, , behaviour, diffusion] = pipeline(NOTHING);
    const stages = withScanners(
      [source, gate, integrity, provenance, native, behaviour, diffusion],
      this.installed,
    );
    const versions = new Map<string, string>();
    const context: StageContext = {
      policy,
      now: () => new Date(0),
      signal: new AbortController().signal,
      progress: () => {},
      record: () => {},
      used: (name, version) => void versions.set(name, version),
    };
    const outcome = await examineWith(stages[4], artifact(format), context);
    return { outcome, versions: Object.fromEntries(versions), activity: stages[4].activityFor?.(format) };
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true });
  }
}

const NOTHING = {
  allowlist: EMPTY_ALLOWLIST,
  lock: EMPTY_LOCK,
  catalog: EMPTY_CATALOG,
  recorded: () => EMPTY_CATALOG,
  trustRoots: [],
};
const SHA256 = parseSha256("ab".repeat(32));

function conclusion(policy: Policy, own: readonly Finding[]) {
  const [first, ...rest] = own;
  const evidence = { score: "0.00" };
  const refuses = policy.profile === "appliance" || own.some(({ severity }) => severity === "critical");
  if (first !== undefined && refuses) {
    return { kind: "refused", summary: first.message, evidence, findings: [first, ...rest] } as const;
  }
  return { kind: "cleared", summary: "score=0.00, no anomalies", evidence, notes: own } as const;
}

function artifact(format: ArtifactFormat): Artifact {
  return {
    name: "m",
    path: "/nowhere/m",
    shape: "file",
    format,
    sizeBytes: 1,
    origin: { kind: "local" },
    digest: Promise.resolve({ sha256: SHA256, sizeBytes: 1, files: [] }),
    digestFrom: "coordinator",
  };
}

const policyOf = (input: PolicyInput) => policyFromObject(input, { now: () => new Date(0) });

/** A policy about one scanner; all the others may be missing. */
function policyAbout(
  id: StaticScanner,
  scannerMissing: "fail-closed" | "warn-and-skip",
  required: boolean | undefined,
  version?: string,
): Policy {
  const others = Object.fromEntries(STATIC_SCANNERS.map((one) => [one, { required: false }]));
  return policyOf({
    profile: "standalone",
    models: { require_behavior_tests: false },
    quarantine: { scanner_missing: scannerMissing },
    scanners: {
      ...others,
      [id]: {
        ...(required === undefined ? {} : { required }),
        ...(version === undefined ? {} : { version }),
      },
    },
  });
}

/** A format that every scanner but gguf-guard can read. */
const readable = (id: StaticScanner): ArtifactFormat => id === "gguf_guard" ? "gguf" : "unknown";

const COMBINATIONS = [
  ["fail-closed", true, "required"],
  ["fail-closed", false, "optional"],
  ["fail-closed", undefined, "required"],
  ["warn-and-skip", true, "required"],
  ["warn-and-skip", false, "optional"],
  ["warn-and-skip", undefined, "optional"],
] as const;

for (const [scannerMissing, required, means] of COMBINATIONS) {
  const policyText = `scanner_missing: ${scannerMissing}, required: ${required ?? "not said"}`;

  Deno.test(`P016, P022, P025, P054: a missing scanner is ${means} under ${policyText}`, async () => {
    for (const id of STATIC_SCANNERS) {
      using machine = new Machine(() => null);
      const { outcome } = await machine.examine(policyAbout(id, scannerMissing, required), readable(id));
      if (means === "required") {
        assert.equal(outcome.kind, "broken", id);
        if (outcome.kind === "broken") assert.equal(ruleOfError(outcome.error), "line/missing-program");
      } else {
        assert.equal(outcome.kind, "cleared", id);
        if (outcome.kind !== "cleared") continue;
        assert.deepEqual(scannerEvidence(outcome.evidence)[scannerName(id)], {
          outcome: "not examined",
          why: "not installed",
        });
      }
    }
  });

  Deno.test(`a scanner of another version is ${means} under ${policyText}`, async () => {
    for (const id of STATIC_SCANNERS) {
      using machine = new Machine((one) => one === id ? SAID.fault("scanner/version") : null);
      const policy = policyAbout(id, scannerMissing, required, "2.0");
      const { outcome, versions } = await machine.examine(policy, readable(id));
      assert.equal(outcome.kind, means === "required" ? "broken" : "cleared", id);
      if (outcome.kind === "broken") assert.equal(ruleOfError(outcome.error), "scanner/version");
      assert.deepEqual(versions, { [scannerName(id)]: "1.0" });
    }
  });

  Deno.test(`a scanner that fails is no pass under ${policyText}`, async () => {
    for (const id of STATIC_SCANNERS) {
      for (const rule of SCANNER_FAULTS) {
        using machine = new Machine((one) => one === id ? SAID.fault(rule) : null);
        const { outcome } = await machine.examine(policyAbout(id, scannerMissing, required), readable(id));
        assert.equal(outcome.kind === "broken" ? ruleOfError(outcome.error) : outcome.kind, rule, id);
      }
    }
  });
}

function scannerEvidence(evidence: { readonly [key: string]: unknown }): Record<string, unknown> {
  assert.ok(typeof evidence.scanners === "object" && evidence.scanners !== null);
  return { ...evidence.scanners };
}

const OPTIONAL = policyOf({
  profile: "standalone",
  models: { require_scan: false, require_behavior_tests: false },
});
const APPLIANCE = policyOf({
  models: { require_behavior_tests: false },
  scanners: { garak: { required: false } },
});

Deno.test("P008, P145: the evidence says of every scanner whether it looked; what cannot read the format is not clean", async () => {
  using machine = new Machine(() => SAID.clean());
  const { outcome, versions, activity } = await machine.examine(APPLIANCE);
  assert.equal(outcome.kind, "cleared");
  if (outcome.kind !== "cleared") return;
  const answered = { outcome: "answered", version: "1.0", files: 1, findings: 0, could_not_read: [] };
  assert.deepEqual(scannerEvidence(outcome.evidence), {
    modelscan: { outcome: "not applicable", why: "cannot read gguf" },
    fickling: { outcome: "not applicable", why: "cannot read gguf" },
    modelaudit: answered,
    "gguf-guard": answered,
    yara: answered,
  });
  assert.equal(outcome.summary, "score=0.00, no anomalies");
  assert.deepEqual(versions, { modelaudit: "1.0", "gguf-guard": "1.0", yara: "1.0" });
  assert.equal(activity, "running native analysis + modelaudit + gguf-guard + yara");
});

Deno.test("the activity names what really runs", async () => {
  using machine = new Machine((id) => id === "yara" || id === "gguf_guard" ? SAID.clean() : null);
  assert.equal((await machine.examine(OPTIONAL)).activity, "running native analysis + gguf-guard + yara");
  assert.equal((await machine.examine(OPTIONAL, "safetensors")).activity, "running native analysis + yara");
});

const SEVERITIES = [
  ["critical", "refused", "refused"],
  ["suspicious", "cleared", "refused"],
  ["info", "cleared", "cleared"],
] as const;
for (const [severity, standalone, appliance] of SEVERITIES) {
  Deno.test(`a scanner's ${severity} finding is ${standalone} under standalone and ${appliance} under appliance`, async () => {
    using machine = new Machine((id) =>
      SAID.clean(id === "modelaudit" ? [{ severity, words: "S201: a call" }] : [])
    );
    assert.equal((await machine.examine(OPTIONAL)).outcome.kind, standalone);
    assert.equal((await machine.examine(APPLIANCE)).outcome.kind, appliance);
  });
}

Deno.test("disagreement is shown side by side, with the scanner's own words", async () => {
  const found = {
    severity: "suspicious",
    words: "FAIL: 2 critical",
    tensor: "blk.0.attn_q.weight",
    confidence: 0.92,
  };
  using machine = new Machine((id) => SAID.clean(id === "gguf_guard" ? [found] : []));
  const { outcome } = await machine.examine(APPLIANCE);
  assert.equal(outcome.kind, "refused");
  if (outcome.kind !== "refused") return;
  assert.deepEqual(outcome.evidence.opinions, {
    native: "finds nothing",
    modelaudit: "finds nothing",
    "gguf-guard": "calls it suspicious",
    yara: "finds nothing",
    disagree: true,
  });
  assert.equal(
    outcome.summary,
    'gguf-guard detected FAIL: 2 critical in tensor "blk.0.attn_q.weight" (confidence=0.92)',
  );
  assert.equal(outcome.findings[0].rule, "gguf-guard/anomaly");
});

Deno.test("what a scanner could not read is said and refuses nothing", async () => {
  using machine = new Machine(() => SAID.clean([], ["Tensor w uses unknown GGML type 16"]));
  const { outcome } = await machine.examine(APPLIANCE);
  assert.equal(outcome.kind, "cleared");
  if (outcome.kind !== "cleared") return;
  assert.deepEqual(outcome.notes.map(({ rule, severity }) => [rule, severity])[0], [
    "scanner/incomplete",
    "info",
  ]);
});

Deno.test("our own refusal stands whatever the scanners say or fail at", async () => {
  const own = [finding("measure/not-a-number", "a value that is no number")];
  for (const said of [SAID.clean(), SAID.fault("scanner/crashed")]) {
    using machine = new Machine(() => said);
    const { outcome } = await machine.examine(OPTIONAL, "gguf", own);
    assert.equal(outcome.kind, "refused");
    if (outcome.kind === "refused") assert.equal(outcome.findings[0].rule, "measure/not-a-number");
  }
});

Deno.test("what the others said is kept when one scanner failed", async () => {
  using machine = new Machine((id) => id === "yara" ? SAID.fault("scanner/deadline") : SAID.clean());
  const { outcome } = await machine.examine(APPLIANCE);
  assert.ok(outcome.kind === "broken" && outcome.error instanceof UndecidedError);
  const { yara, modelaudit } = scannerEvidence(outcome.error.evidence);
  assert.deepEqual(yara, { outcome: "failed", rule: "scanner/deadline", why: "yara failed", version: "1.0" });
  assert.notEqual(modelaudit, undefined);
});

Deno.test("accepting a finding does not make a pass of a scanner that failed", async () => {
  const rule = "measure/not-a-number";
  const waiver = {
    sha256: SHA256,
    rule,
    approvedBy: "me",
    reason: "known",
    expires: new Date(1e13),
  } as const;
  const policy: Policy = { ...OPTIONAL, accept: [waiver] };
  const own = [finding(rule, "a value that is no number")];
  using failing = new Machine(() => SAID.fault("scanner/crashed"));
  const { outcome } = await failing.examine(policy, "gguf", own);
  assert.equal(outcome.kind, "refused");
  if (outcome.kind === "refused") assert.equal(outcome.findings[0].rule, "scanner/crashed");
  using working = new Machine(() => SAID.clean());
  assert.equal((await working.examine(policy, "gguf", own)).outcome.kind, "cleared");
});

const LIES: readonly (readonly [why: string, line: string, rule: string])[] = [
  ["a report with no file read", SAID.clean().replace('"files":1', '"files":0'), "worker/protocol"],
  ["a report with a field too many", SAID.clean().replace('"more":0', '"more":0,"x":1'), "worker/protocol"],
  ["a rule of somebody else", SAID.fault("registry/refused"), "worker/died"],
  ["nothing", "", "worker/protocol"],
];
for (const [why, line, rule] of LIES) {
  Deno.test(`a sandbox that says ${why} is not believed`, async () => {
    using machine = new Machine((id) => id === "yara" ? line : null);
    const { outcome } = await machine.examine(OPTIONAL);
    assert.equal(outcome.kind === "broken" ? ruleOfError(outcome.error) : outcome.kind, rule);
  });
}
