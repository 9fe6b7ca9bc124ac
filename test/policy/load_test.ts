import assert from "node:assert/strict";
import { isAcceptable } from "../../src/policy/accept.ts";
import { lintPolicy, loadPolicy } from "../../src/policy/load.ts";
import { DISGUISE_RULES } from "../../src/model/rules/disguise.ts";
import { GGUF_RULES } from "../../src/model/rules/gguf.ts";
import { JSON_RULES } from "../../src/model/rules/json.ts";
import { LINE_RULES } from "../../src/model/rules/line.ts";
import { ORIGIN_RULES } from "../../src/model/rules/origin.ts";
import { SAFETENSORS_RULES } from "../../src/model/rules/safetensors.ts";
import { isRuleId, RULES } from "../../src/model/mod.ts";
import { digestOf, now, readRepositoryFile, startupMessage } from "./support.ts";

const load = (text: string) => loadPolicy({ text, path: "policy.yaml", now });

type Refused = [why: string, code: string, text: string, ...lines: string[]];

const refused: Refused[] = [
  [
    "a misspelt section",
    "policy/schema",
    "gguf_gaurd:\n  required: true\n",
    "policy.yaml:1:1: gguf_gaurd: unknown key; did you mean gguf_guard?",
  ],
  [
    "a misspelt key",
    "policy/schema",
    "version: 1\nquarantine:\n  scaner_missing: fail-closed\n",
    "policy.yaml:3:3: quarantine.scaner_missing: unknown key; did you mean scanner_missing?",
  ],
  [
    "a key in the wrong section",
    "policy/schema",
    "quarantine:\n  require_scan: true\n",
    "policy.yaml:2:3: quarantine.require_scan: unknown key; did you mean models.require_scan?",
  ],
  [
    "a key like no other",
    "policy/schema",
    "audit:\n  colour: red\n",
    "policy.yaml:2:3: audit.colour: unknown key; known here: max_size_mb",
  ],
  [
    "yes for true",
    "policy/schema",
    "models:\n  require_scan: yes\n",
    'policy.yaml:2:17: models.require_scan: expected true or false, found "yes"',
  ],
  [
    "a boolean in quotes",
    "policy/schema",
    'models: {require_scan: "true"}',
    'policy.yaml:1:24: models.require_scan: expected true or false, found "true"',
  ],
  [
    "a misspelt choice",
    "policy/schema",
    "quarantine:\n  scanner_missing: warn-and-skp\n",
    'policy.yaml:2:20: quarantine.scanner_missing: expected fail-closed or warn-and-skip, found "warn-and-skp"; did you mean warn-and-skip?',
  ],
  [
    "a section without keys",
    "policy/schema",
    "models:\nversion: 1\n",
    "policy.yaml:1:8: models: expected a section of keys, found nothing",
  ],
  [
    "a list for a section",
    "policy/schema",
    "models: [gguf]",
    "policy.yaml:1:9: models: expected a section of keys, found a list",
  ],
  [
    "a format that cannot be examined",
    "policy/schema",
    "models:\n  allowed_formats:\n    - gguf\n    - pickle\n",
    'policy.yaml:4:7: models.allowed_formats[1]: expected gguf or safetensors, found "pickle"',
  ],
  [
    "another version of the file format",
    "policy/schema",
    "version: 2",
    "policy.yaml:1:10: version: expected 1, found 2",
  ],
  [
    "P117 a raised score",
    "policy/schema",
    "quarantine: {smoke_test_max_score: 0.31}",
    "policy.yaml:1:36: quarantine.smoke_test_max_score: at most 0.3, found 0.31",
  ],
  [
    "P118 a raised number of critical replies",
    "policy/schema",
    "quarantine: {smoke_test_max_critical: 2}",
    "policy.yaml:1:39: quarantine.smoke_test_max_critical: at most 1, found 2",
  ],
  [
    "half a critical reply",
    "policy/schema",
    "quarantine: {smoke_test_max_critical: 0.5}",
    "policy.yaml:1:39: quarantine.smoke_test_max_critical: expected a whole number, found 0.5",
  ],
  [
    "a number that is none",
    "policy/schema",
    "quarantine: {smoke_test_max_score: .nan}",
    "policy.yaml:1:36: quarantine.smoke_test_max_score: expected a number, found NaN",
  ],
  [
    "a version pin without quotes",
    "policy/schema",
    "scanners: {modelscan: {version: 0.8}}",
    "policy.yaml:1:33: scanners.modelscan.version: expected text (in quotes), found 0.8",
  ],
  [
    "an unknown scanner",
    "policy/schema",
    "scanners: {modelscn: {required: true}}",
    "policy.yaml:1:12: scanners.modelscn: unknown key; did you mean modelscan?",
  ],
  [
    "a disabled stage under the appliance profile",
    "policy/forbidden",
    "profile: appliance\nquarantine: {stages: {provenance_check: false}}\n",
    "policy.yaml:2:41: quarantine.stages.provenance_check: profile appliance, the default, does not start with a disabled stage",
  ],
  [
    "a disabled stage without a profile",
    "policy/forbidden",
    "quarantine: {stages: {static_scan: false}}\n",
    "policy.yaml:1:36: quarantine.stages.static_scan: profile appliance, the default, does not start with a disabled stage",
  ],
  [
    "P018 outbound traffic under the appliance profile",
    "policy/forbidden",
    "profile: appliance\nnetwork: {allow_outbound: true}",
    "policy.yaml:2:27: network.allow_outbound: profile appliance, the default, allows nothing but loopback",
  ],
  [
    "P017 a remote registry under the appliance profile",
    "policy/forbidden",
    'registry: {url: "https://models.example", localhost_only: false}',
    "policy.yaml:1:17: registry.url: not a loopback address, and profile appliance, the default, allows no other",
  ],
  [
    "P039 a registry without TLS",
    "policy/forbidden",
    "profile: standalone\nregistry: {url: http://10.0.0.5:8470, localhost_only: false}\nnetwork: {allow_outbound: true}",
    "policy.yaml:2:17: registry.url: plain http to a host that is not loopback",
  ],
  [
    "P157 a policy engine on another machine",
    "policy/forbidden",
    'profile: standalone\nnetwork: {allow_outbound: true}\npolicy_engine: {url: "https://engine.example"}',
    "policy.yaml:3:22: policy_engine.url: not a loopback address",
  ],
  [
    "P157 an incident recorder on another machine",
    "policy/forbidden",
    'incident_recorder: {url: "http://192.0.2.7:8515"}',
    "policy.yaml:1:26: incident_recorder.url: not a loopback address",
  ],
  [
    "two keys that contradict each other",
    "policy/forbidden",
    "gguf_guard: {required: true}\nscanners: {gguf_guard: {required: false}}",
    "policy.yaml:2:35: scanners.gguf_guard.required: contradicts gguf_guard.required, which says true",
  ],
  [
    "one key twice",
    "policy/syntax",
    "models: {require_scan: true}\nmodels: {require_scan: false}\n",
    "policy.yaml:2:1: models: this key was already given in line 1",
  ],
  [
    "one key twice in one line",
    "policy/syntax",
    "models: {require_scan: true, require_scan: true}",
    "policy.yaml:1:30: models.require_scan: this key was already given in line 1",
  ],
  [
    "an anchor and an alias",
    "policy/syntax",
    "models: &m {require_scan: true}\nquarantine: *m\n",
    "policy.yaml:1:12: models: anchors (&) are not read here; write the value out",
    "policy.yaml:2:13: quarantine: aliases (*) are not read here; write the value out",
  ],
  [
    "a tag",
    "policy/syntax",
    "models: {require_scan: !!bool true}",
    "policy.yaml:1:31: models.require_scan: tags (tag:yaml.org,2002:bool) are not read here; remove it",
  ],
  [
    "a merge key",
    "policy/schema",
    "models: {<<: {require_scan: false}}",
    "policy.yaml:1:10: models.<<: unknown key; known here: allowed_formats, deny_formats, allow_diffusion_directories, allow_model_directories, require_source_verification, local_imports, require_scan, require_behavior_tests, require_entropy_analysis, require_yara, require_modelaudit, flag_licenses",
  ],
  [
    "a key called __proto__",
    "policy/schema",
    "audit: {__proto__: {max_size_mb: 1}}",
    "policy.yaml:1:9: audit.__proto__: unknown key; known here: max_size_mb",
  ],
  [
    "a second document",
    "policy/syntax",
    "version: 1\n---\nprofile: standalone\n",
    "policy.yaml:3:1: a second document; one file is one document",
  ],
  [
    "another YAML version",
    "policy/syntax",
    "%YAML 1.1\n---\nmodels: {require_scan: true}\n",
    "policy.yaml:1:1: YAML 1.1 is not read here, only 1.2",
  ],
  [
    "tabs for indentation",
    "policy/syntax",
    "models:\n\trequire_scan: true\n",
    "policy.yaml:2:1: Tabs are not allowed as indentation",
  ],
  [
    "a text that is cut off",
    "policy/syntax",
    'registry:\n  url: "http://127.0.0.1',
    'policy.yaml:2:25: Missing closing "quote',
  ],
  [
    "an empty file",
    "policy/schema",
    "# nothing\n",
    "policy.yaml:1:1: expected a section of keys, found nothing",
  ],
  [
    "a waiver for a rule that does not exist",
    "policy/schema",
    waiver({ rule: "integrity/mismach" }),
    'policy.yaml:3:11: accept[0].rule: no rule is called "integrity/mismach"; did you mean integrity/mismatch?',
  ],
  [
    "a waiver of stage 3",
    "policy/forbidden",
    waiver({ rule: "integrity/mismatch" }),
    "policy.yaml:3:11: accept[0].rule: integrity/mismatch can never be accepted",
  ],
  [
    "an expired waiver",
    "policy/forbidden",
    waiver({ rule: "integrity/mismatch", expires: "2026-11-21" }),
    "policy.yaml:3:11: accept[0].rule: integrity/mismatch can never be accepted",
    "policy.yaml:6:14: accept[0].expires: expired at 2026-11-21T00:00:00.000Z",
  ],
  [
    "a waiver until a day that does not exist",
    "policy/schema",
    waiver({ rule: "integrity/mismatch", expires: "2027-02-29" }),
    'policy.yaml:6:14: accept[0].expires: expected a date such as 2026-12-31, or 2026-12-31T12:00:00Z, found "2027-02-29"',
  ],
  [
    "everything wrong at once, each in its line",
    "policy/schema",
    "profile: appliance\nmodles: {}\nquarantine:\n  smoke_test_max_score: 0.9\n  stages: {format_gate: false}\nregistry: {url: ftp://x}\n",
    "policy.yaml:2:1: modles: unknown key; did you mean models?",
    "policy.yaml:4:25: quarantine.smoke_test_max_score: at most 0.3, found 0.9",
    "policy.yaml:5:25: quarantine.stages.format_gate: profile appliance, the default, does not start with a disabled stage",
    "policy.yaml:6:17: registry.url: neither http nor https",
  ],
];

function waiver({ rule, expires = "2027-01-31" }: { rule: string; expires?: string }): string {
  return `accept:
  - sha256: ${digestOf("a")}
    rule: ${rule}
    approved_by: the operator
    reason: known to be harmless
    expires: ${expires}
`;
}

for (const [why, code, text, ...lines] of refused) {
  Deno.test(`loadPolicy() refuses ${why}`, () => {
    assert.deepEqual(startupMessage(code, () => load(text)).split("\n"), lines);
    assert.deepEqual(lintPolicy({ text, path: "policy.yaml", now }), lines);
  });
}

const MAX_POLICY_BYTES = 2 ** 20;

Deno.test("loadPolicy() reads up to 1 MiB and not a byte more", () => {
  const padded = (sizeBytes: number) => `version: 1\n#${"x".repeat(sizeBytes - 12)}`;
  load(padded(MAX_POLICY_BYTES));
  assert.equal(
    startupMessage("policy/syntax", () => load(padded(MAX_POLICY_BYTES + 1))),
    "policy.yaml:1:1: the file is 1048577 bytes, more than the 1048576 that are read",
  );
});

Deno.test("loadPolicy() refuses hostile nesting and hostile width quickly", () => {
  const started = performance.now();
  startupMessage("policy/syntax", () => load("[".repeat(100_000)));
  startupMessage("policy/syntax", () => load(`tools: ${"[".repeat(40)}${"]".repeat(40)}`));
  const wide = Array.from({ length: 20_000 }, (_, i) => `  key_${i}: 1\n`).join("");
  load(`version: 1\ntools:\n${wide}`);
  assert.ok(performance.now() - started < 5000);
});

Deno.test("loadPolicy() keeps to the sections of ours in a policy shared with other services", () => {
  const shared =
    "version: 1\ndefaults: {network: {runtime_egress: deny}}\ntools: {default: deny}\nsearch: {}\nairlock: {}\n";
  assert.equal(load(shared).profile, "appliance");
});

Deno.test("loadPolicy() takes thresholds at their limits and below", () => {
  const { quarantine } = load("quarantine: {smoke_test_max_score: 0.3, smoke_test_max_critical: 1}");
  assert.deepEqual([quarantine.smokeTestMaxScore, quarantine.smokeTestMaxCritical], [0.3, 1]);
  const lower = load("quarantine: {smoke_test_max_score: 0, smoke_test_max_critical: 0}").quarantine;
  assert.deepEqual([lower.smokeTestMaxScore, lower.smokeTestMaxCritical], [0, 0]);
});

Deno.test("P137 standalone honours each disabled stage, and that stage alone", () => {
  for (const id of Object.keys(load("version: 1").quarantine.stages)) {
    const { stages } = load(`profile: standalone\nquarantine: {stages: {${id}: false}}`).quarantine;
    assert.deepEqual(Object.entries(stages).filter(([, on]) => !on).map(([key]) => key), [id]);
  }
});

Deno.test("P084 audit.max_size_mb is 50 unless the policy says otherwise", () => {
  assert.equal(load("version: 1").audit.maxSizeMb, 50);
  assert.equal(load("audit: {max_size_mb: 7}").audit.maxSizeMb, 7);
});

Deno.test("the policy's digest is that of its text", () => {
  const text = readRepositoryFile("policy/standalone.yaml");
  assert.equal(load(text).sha256, load(text).sha256);
  assert.notEqual(load(text).sha256, load(`${text}#`).sha256);
});

Deno.test("isAcceptable() never holds for what stages 1 to 3 or the line itself refuse", () => {
  for (
    const table of [ORIGIN_RULES, LINE_RULES, JSON_RULES, GGUF_RULES, SAFETENSORS_RULES, DISGUISE_RULES]
  ) {
    for (const rule of Object.keys(table)) assert.ok(isRuleId(rule) && !isAcceptable(rule), rule);
  }
});

Deno.test("loadPolicy() keeps a waiver that holds, its digest folded to lower case", () => {
  const rule = Object.keys(RULES).find((id) => isRuleId(id) && isAcceptable(id));
  assert.ok(rule !== undefined);
  const text = waiver({ rule }).replace(digestOf("a"), "A".repeat(64));
  assert.deepEqual(load(text).accept, [{
    sha256: digestOf("a"),
    rule,
    approvedBy: "the operator",
    reason: "known to be harmless",
    expires: new Date("2027-01-31T00:00:00Z"),
  }]);
  const twice = text + text.replace("accept:", "");
  assert.match(
    startupMessage("policy/forbidden", () => load(twice)),
    /accept\[1\]: the same rule is accepted/,
  );
});

for (
  const [text, consults] of [
    ["profile: appliance", false],
    ["version: 1", false],
    ["profile: standalone", false],
    ["profile: standalone\npolicy_engine: {consult: true}", true],
    ["profile: appliance\npolicy_engine: {consult: true}", true],
  ] as const
) {
  Deno.test(`P150: ${JSON.stringify(text)} ${consults ? "asks" : "does not ask"} the policy engine`, () => {
    assert.equal(load(text).policyEngine.consult, consults);
  });
}
