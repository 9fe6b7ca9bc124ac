import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import type { Policy } from "../../src/model/mod.ts";
import { policyJsonSchema } from "../../src/policy/json_schema.ts";
import { loadPolicy, policyFromObject } from "../../src/policy/load.ts";
import { loadAllowlist } from "../../src/policy/sources.ts";
import { loadLock } from "../../src/policy/lock.ts";
import { now, readRepositoryFile } from "./support.ts";

type Profile = Policy["profile"];
const PROFILES: readonly Profile[] = ["appliance", "standalone"];

const load = (text: string) => loadPolicy({ text, path: "policy.yaml", now });
const shipped = (profile: Profile) => load(readRepositoryFile(`policy/${profile}.yaml`));

for (const profile of PROFILES) {
  Deno.test(`P013 the ${profile} profile loads unchanged and is complete`, () => {
    assert.equal(shipped(profile).profile, profile);
    const unsaid = keysOf(JSON.parse(policyJsonSchema())).filter((key) => !OPTIONAL_KEYS.test(key));
    const said = keysIn(parse(readRepositoryFile(`policy/${profile}.yaml`)));
    assert.deepEqual(unsaid.filter((key) => !said.includes(key)), []);
  });

  Deno.test(`the ${profile} profile tells editors which schema it follows`, () => {
    const [first] = readRepositoryFile(`policy/${profile}.yaml`).split("\n");
    assert.equal(first, "# yaml-language-server: $schema=./policy.schema.json");
  });

  Deno.test(`P040 the ${profile} profile stays on loopback`, () => {
    const { registry, network } = shipped(profile);
    assert.deepEqual(registry, { url: "http://127.0.0.1:8470", localhostOnly: true, dialect: "auto" });
    assert.deepEqual(network, { offlineByDefault: true, allowOutbound: false });
  });

  Deno.test(`whatever key is removed from the ${profile} profile, what is left is at least as strict`, () => {
    const whole: unknown = parse(readRepositoryFile(`policy/${profile}.yaml`));
    const policy = shipped(profile);
    for (const path of keysIn(whole)) {
      const rest = structuredClone(whole);
      removeAt(rest, path.split("."));
      assert.deepEqual(looserThan(load(stringify(rest)), policy), [], `without ${path}`);
    }
  });
}

/** Keys whose absence says something, keys of other services, and sections a scanner shares with another key. */
const OPTIONAL_KEYS =
  /^(defaults|tools|search|airlock)$|^scanners\.\w+\.version$|^scanners\.(modelaudit|gguf_guard|yara)/;

Deno.test("P014 P015 P016 the appliance profile requires every scan and every scanner", () => {
  const { models, ggufGuard, quarantine, scanners } = shipped("appliance");
  assert.ok(models.requireScan && models.requireBehaviorTests && models.requireEntropyAnalysis);
  assert.ok(ggufGuard.required);
  assert.equal(quarantine.scannerMissing, "fail-closed");
  const optional = Object.entries(scanners).filter(([, { required }]) => !required).map(([id]) => id);
  assert.deepEqual(optional, ["garak"]);
});

Deno.test("P019 the appliance profile keeps no refused bytes", () => {
  assert.equal(shipped("appliance").quarantine.retainRawArtifacts, false);
});

Deno.test("P020 P021 P022 the standalone profile runs every stage and skips what is not installed", () => {
  const { models, quarantine, ggufGuard, scanners } = shipped("standalone");
  assert.ok(Object.values(quarantine.stages).every((on) => on));
  assert.deepEqual([models.requireScan, models.requireBehaviorTests], [true, false]);
  assert.equal(ggufGuard.required, false);
  assert.equal(quarantine.scannerMissing, "warn-and-skip");
  assert.ok(Object.values(scanners).every(({ required }) => !required));
});

Deno.test("P023 with nothing said, every scanner is required and every stage runs", () => {
  const policy = load("version: 1");
  assert.equal(policy.profile, "appliance");
  assert.ok(Object.values(policy.quarantine.stages).every((on) => on));
  assert.ok(Object.values(policy.scanners).every(({ required }) => required));
  assert.deepEqual(
    [policy.quarantine.scannerMissing, policy.quarantine.retainRawArtifacts, policy.models.requireScan],
    ["fail-closed", false, true],
  );
  assert.deepEqual(policy.behaviour, {
    maxTokens: 96,
    promptTimeoutMs: 60_000,
    totalTimeoutMs: 1_800_000,
    maxInvalid: 0.2,
    memoryBytes: 4 * 2 ** 30,
    garakProbes: policy.behaviour.garakProbes,
    garakMaxScore: 0.2,
  });
  assert.ok(policy.behaviour.garakProbes.length > 0);
  assert.equal(policy.quarantine.freeSpaceReserveBytes, 2 * 2 ** 30);
});

Deno.test("P025 the development form skips missing scanners, and only because it says so", () => {
  const { scanners, models } = policyFromObject({
    models: { require_behavior_tests: false },
    quarantine: { scanner_missing: "warn-and-skip" },
  }, { now });
  assert.ok(Object.values(scanners).every(({ required }) => !required));
  assert.equal(models.requireBehaviorTests, false);
});

const requirements: [text: string, required: string[]][] = [
  ["scanners: {garak: {required: false}}", ["modelscan", "fickling", "modelaudit", "gguf_guard", "yara"]],
  ["quarantine: {scanner_missing: warn-and-skip}\nscanners: {yara: {required: true}}", ["yara"]],
  ["quarantine: {scanner_missing: warn-and-skip}\nmodels: {require_modelaudit: true}", ["modelaudit"]],
  ["quarantine: {scanner_missing: warn-and-skip}\ngguf_guard: {required: true}", ["gguf_guard"]],
  ["models: {require_scan: false}", ["garak"]],
  ["models: {require_scan: false}\ngguf_guard: {required: true}", ["gguf_guard", "garak"]],
  ["models: {require_behavior_tests: false, require_yara: false}", [
    "modelscan",
    "fickling",
    "modelaudit",
    "gguf_guard",
  ]],
];
for (const [text, required] of requirements) {
  Deno.test(`which scanners are required: ${text.replace("\n", " ")}`, () => {
    const { scanners } = load(text);
    assert.deepEqual(Object.entries(scanners).filter(([, s]) => s.required).map(([id]) => id), required);
  });
}

Deno.test("policyFromObject() is loadPolicy() for programs: same defaults, same errors, digest of canonical JSON", () => {
  const { sha256: _, ...fromObject } = policyFromObject({ models: { require_scan: true } }, { now });
  const { sha256: __, ...fromText } = load("models: {require_scan: true}");
  assert.deepEqual(fromObject, fromText);
  const one = policyFromObject({ profile: "standalone", version: 1 }, { now });
  const other = policyFromObject({ version: 1, profile: "standalone" }, { now });
  assert.equal(one.sha256, other.sha256);
  const misspelt: object = { gguf_gaurd: {} };
  assert.throws(() => policyFromObject(misspelt, { now }), {
    name: "StartupError",
    message: "policy: gguf_gaurd: unknown key; did you mean gguf_guard?",
  });
});

Deno.test("the JSON Schema that editors use is the one the program checks by (scripts/schema.ts writes it)", () => {
  assert.equal(readRepositoryFile("policy/policy.schema.json"), policyJsonSchema());
});

Deno.test("every key of the JSON Schema says what it does", () => {
  const silent = describedKeys(JSON.parse(policyJsonSchema())).filter(([, described]) => !described);
  assert.deepEqual(silent, []);
});

Deno.test("P032 P038 the shipped allowlist and lock file load", () => {
  assert.equal(
    loadAllowlist({
      text: readRepositoryFile("policy/sources.allowlist.yaml"),
      path: "sources.allowlist.yaml",
    })[0]
      ?.name,
    "Hugging Face",
  );
  assert.equal(
    loadLock({ text: readRepositoryFile("policy/models.lock.yaml"), path: "models.lock.yaml" }).pins.size,
    0,
  );
});

/** Where `loose` permits what `strict` does not: keys named, empty when it is at least as strict. */
function looserThan(loose: Policy, strict: Policy): string[] {
  const rank = (order: readonly string[], value: string) => order.indexOf(value);
  const imports = ["refuse", "require_pin", "allow"];
  const comparisons: [key: string, looser: boolean][] = [
    [
      "profile",
      rank(["appliance", "standalone"], loose.profile) > rank(["appliance", "standalone"], strict.profile),
    ],
    ["allowed_formats", !loose.models.allowedFormats.every((f) => strict.models.allowedFormats.includes(f))],
    ["deny_formats", !strict.models.denyFormats.every((f) => loose.models.denyFormats.includes(f))],
    ["licenses", !strict.models.flagLicenses.every((name) => loose.models.flagLicenses.includes(name))],
    ["local_imports", rank(imports, loose.models.localImports) > rank(imports, strict.models.localImports)],
    ["allow_diffusion", loose.models.allowDiffusionDirectories && !strict.models.allowDiffusionDirectories],
    ["allow_model", loose.models.allowModelDirectories && !strict.models.allowModelDirectories],
    [
      "source_verification",
      strict.models.requireSourceVerification && !loose.models.requireSourceVerification,
    ],
    ["require_scan", strict.models.requireScan && !loose.models.requireScan],
    ["behavior_tests", strict.models.requireBehaviorTests && !loose.models.requireBehaviorTests],
    ["entropy", strict.models.requireEntropyAnalysis && !loose.models.requireEntropyAnalysis],
    ["stages", Object.values(loose.quarantine.stages).includes(false)],
    ["max_score", loose.quarantine.smokeTestMaxScore > strict.quarantine.smokeTestMaxScore],
    ["max_critical", loose.quarantine.smokeTestMaxCritical > strict.quarantine.smokeTestMaxCritical],
    ["scanner_missing", loose.quarantine.scannerMissing > strict.quarantine.scannerMissing],
    ["retain", loose.quarantine.retainRawArtifacts && !strict.quarantine.retainRawArtifacts],
    ["reserve", loose.quarantine.freeSpaceReserveBytes < strict.quarantine.freeSpaceReserveBytes],
    ["max_artifact", loose.quarantine.maxArtifactBytes > strict.quarantine.maxArtifactBytes],
    ["max_queue", loose.quarantine.maxQueuePerOwner > strict.quarantine.maxQueuePerOwner],
    ["max_invalid", loose.behaviour.maxInvalid > strict.behaviour.maxInvalid],
    ["garak_max_score", loose.behaviour.garakMaxScore > strict.behaviour.garakMaxScore],
    [
      "garak_probes",
      strict.behaviour.garakProbes.some((probe) => !loose.behaviour.garakProbes.includes(probe)),
    ],
    ["max_tokens", loose.behaviour.maxTokens !== strict.behaviour.maxTokens],
    ["localhost_only", strict.registry.localhostOnly && !loose.registry.localhostOnly],
    ["offline", strict.network.offlineByDefault && !loose.network.offlineByDefault],
    ["outbound", loose.network.allowOutbound && !strict.network.allowOutbound],
    ["manifest", strict.ggufGuard.generateManifest && !loose.ggufGuard.generateManifest],
    ["accept", loose.accept.length > strict.accept.length],
    ...Object.entries(strict.scanners).map(([id, { required }]): [string, boolean] => [
      id,
      required && !Object.entries(loose.scanners).some(([other, s]) => other === id && s.required),
    ]),
  ];
  return comparisons.filter(([, looser]) => looser).map(([key]) => key);
}

/** Every key path of a document, sections before what is in them. */
function keysIn(data: unknown, prefix = ""): string[] {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return [];
  return Object.entries(data).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...keysIn(inner, `${prefix}${key}.`),
  ]);
}

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

function keysOf(schema: SchemaNode, prefix = ""): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...keysOf(inner, `${prefix}${key}.`),
  ]);
}

function describedKeys(schema: SchemaNode): [key: string, described: boolean][] {
  const inside = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    [key, inner.description !== undefined] satisfies [string, boolean],
    ...describedKeys(inner),
  ]);
  return schema.items === undefined ? inside : [...inside, ...describedKeys(schema.items)];
}

function removeAt(data: unknown, path: readonly string[]): void {
  const [step = "", ...rest] = path;
  if (typeof data !== "object" || data === null) return;
  if (rest.length > 0) removeAt(Reflect.get(data, step), rest);
  else Reflect.deleteProperty(data, step);
}
