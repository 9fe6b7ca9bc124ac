import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import type { Permission, PromotionQuestion } from "../../src/model/mod.ts";
import { PolicyEngineClient } from "../../src/neighbours/mod.ts";
import { registryAddress, tokenReader } from "../../src/registry/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { clientOf as registryClientOf, request, sha256 } from "../registry/fixture.ts";
import { Lab, moveBack, outcomeOf } from "../support/lab.ts";
import { LabRegistry, unreachableUrl } from "../support/registries.ts";
import { type Answer, FaultRegistry } from "./fault_registry.ts";
import { goError, goJson } from "./go_replies.ts";
import { ENGINE_TOKEN, policyEngine } from "./policy_engine.ts";

const MODEL = tinyLlama();
const QUESTION: PromotionQuestion = { request: request("m.gguf", "the model"), format: "gguf" };
const PERMISSIVE = policyEngine({ allowed: ["gguf", "safetensors"] });

const clientOf = (url: string, token: () => Promise<string | null> = () => Promise.resolve(null)) =>
  new PolicyEngineClient({ address: registryAddress(url), token, timeoutMs: 400 });
const said = (permission: Permission) =>
  permission.kind === "allowed" ? "allowed" : `${permission.kind} ${permission.rule}`;
const decided = (more: Record<string, unknown>) => ({
  decision: "allow",
  reason: "fine",
  evidence: {
    timestamp: "2026-03-08T14:30:00Z",
    domain: "model_promotion",
    policy_digest: "ab".repeat(32),
    rule_id: "models.no_restriction",
    input_hash: "cd".repeat(32),
    eval_time_us: 12,
  },
  ...more,
});

const answers: [why: string, answer: Answer, expected: string][] = [
  ["allow", goJson(200, decided({})), "allowed"],
  ["deny", goJson(200, decided({ decision: "deny" })), "denied engine/denied"],
  ["ask", goJson(200, decided({ decision: "ask" })), "undecided engine/asks"],
  [
    "a word that is none of these",
    goJson(200, decided({ decision: "ALLOW" })),
    "undecided engine/malformed-reply",
  ],
  [
    "allow without evidence",
    goJson(200, { decision: "allow", reason: "fine" }),
    "undecided engine/malformed-reply",
  ],
  [
    "allow for another domain",
    goJson(200, decided({ evidence: { ...decided({}).evidence, domain: "tool_access" } })),
    "undecided engine/malformed-reply",
  ],
  ["200 {}", goJson(200, {}), "undecided engine/malformed-reply"],
  ["200 and nothing", goError(200, ""), "undecided engine/malformed-reply"],
  ["200 HTML", goError(200, "<html>ok</html>"), "undecided engine/malformed-reply"],
  ["200 and 10 MB", goError(200, "x".repeat(10_000_000)), "undecided engine/malformed-reply"],
  ["201 allow", goJson(201, decided({})), "undecided engine/error"],
  [
    "a redirect",
    { kind: "reply", status: 302, body: "", headers: { location: "/" } },
    "undecided engine/malformed-reply",
  ],
  ["400", goError(400, "domain and subject are required"), "undecided engine/error"],
  ["403", goError(403, `{"error":"forbidden"}`), "undecided engine/error"],
  ["500", goError(500, "boom"), "undecided engine/error"],
  ["a reset", { kind: "reset" }, "undecided engine/unreachable"],
  [
    "half an answer",
    { kind: "cut", status: 200, body: JSON.stringify(decided({})) },
    "undecided engine/malformed-reply",
  ],
  ["a hang", { kind: "hang" }, "undecided engine/unreachable"],
  [
    "a drip",
    { kind: "drip", status: 200, body: JSON.stringify(decided({})) },
    "undecided engine/unreachable",
  ],
];
for (const [why, answer, expected] of answers) {
  Deno.test(`P150: the policy engine answers ${why}: ${expected}`, async () => {
    await using engine = new FaultRegistry(() => answer);
    assert.equal(said(await clientOf(engine.url).decide(QUESTION)), expected);
  });
}

Deno.test("nobody listens where the policy engine should: undecided", async () => {
  assert.equal(said(await clientOf(unreachableUrl()).decide(QUESTION)), "undecided engine/unreachable");
});

Deno.test("P166: the policy engine's token is sent, and without a readable one it is not asked", async () => {
  await using engine = new FaultRegistry(policyEngine({ allowed: ["gguf"] }, ENGINE_TOKEN));
  const holder = clientOf(engine.url, () => Promise.resolve(ENGINE_TOKEN));
  assert.equal(said(await holder.decide(QUESTION)), "allowed");
  assert.equal(said(await clientOf(engine.url).decide(QUESTION)), "undecided engine/error");
  const unreadable = clientOf(engine.url, tokenReader({ serviceToken: null, paths: ["/nonexistent/token"] }));
  assert.equal(said(await unreadable.decide(QUESTION)), "undecided engine/token");
  assert.equal(engine.seen.length, 2);
});

Deno.test("P172: the question names the domain and is text throughout; a directory counts as safetensors", async () => {
  await using engine = new FaultRegistry(PERMISSIVE);
  const permission = await clientOf(engine.url).decide({ ...QUESTION, format: "diffusion-directory" });
  const [seen] = engine.seen;
  assert.equal(`${seen?.method} ${seen?.target}`, "POST /api/v1/decide");
  assert.deepEqual(JSON.parse(seen?.body ?? ""), {
    domain: "model_promotion",
    subject: "m.gguf",
    action: "promote",
    params: {
      format: "safetensors",
      kind: "diffusion-directory",
      sha256: QUESTION.request.sha256,
      size_bytes: "9",
      source: "",
      policy_version: "ab".repeat(32),
      "stage.source_policy": "pass",
      "stage.diffusion_deep_scan": "skip",
      "scanner.modelscan": "0.8.8",
    },
  });
  assert.equal(
    permission.kind === "allowed" && permission.evidence?.rule_id,
    "models.allowed_formats.safetensors",
  );
});

/** A machine whose policy says to ask the engine at an address. */
function labAsking(url: string, consult: "asked" | "not asked" = "asked"): Lab {
  const lab = Lab.make(consult === "asked" ? { consult: "true" } : {});
  const text = fs.readFileSync(lab.policyPath, "utf8").replace("http://127.0.0.1:8500", url)
    .replace("timeout_s: 5", "timeout_s: 0.4");
  fs.writeFileSync(lab.policyPath, text);
  return lab;
}

Deno.test("P150: an allowed promotion carries the engine's evidence in the record and the audit log", async () => {
  await using engine = new FaultRegistry(PERMISSIVE);
  using lab = labAsking(engine.url);
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  const [entry] = lab.events("promoted");
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "m.gguf.provenance.json"), "utf8"));
  assert.deepEqual(record.policy_decision, entry?.policy_decision);
  assert.equal(record.policy_decision.rule_id, "models.allowed_formats.gguf");
  assert.equal(record.policy_decision.policy_digest, "ab".repeat(32));
  assert.equal((await lab.verifyAudit()).valid, true);
});

Deno.test("P150: a denied promotion is a refusal with the engine's words, and the registry is not asked", async () => {
  const reason = "no\n[quarantine] PROMOTED: m\u001b[2J";
  await using engine = new FaultRegistry(() => goJson(200, decided({ decision: "deny", reason })));
  using lab = labAsking(engine.url);
  await using registry = new FaultRegistry(() => ({ kind: "reset" }));
  const client = registryClientOf(registry.url);
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: client })).map(outcomeOf), ["failed engine/denied"]);
  assert.deepEqual(registry.seen, []);
  assert.deepEqual(lab.names("registry"), []);
  const report = lab.report("rejected", "m.gguf");
  assert.equal(report.rule, "engine/denied");
  assert.match(report.reason, /no\\x0a\[quarantine\] PROMOTED: m\\x1b\[2J \(models\.no_restriction\)$/);
  const [rejected] = lab.events("rejected");
  assert.equal(rejected?.reason, "model_promotion");
  assert.ok(lab.journal.includes("<2>[quarantine] FAILED: m.gguf (model_promotion: engine/denied)"));
});

const held: [why: string, answer: Answer | null, rule: string][] = [
  ["errors", goError(500, "boom"), "engine/error"],
  ["is slow", { kind: "hang" }, "engine/unreachable"],
  ["is down", null, "engine/unreachable"],
];
for (const [why, answer, rule] of held) {
  Deno.test(`P150: an engine that ${why} holds the model with its bytes until it answers`, async () => {
    let now = answer;
    await using engine = new FaultRegistry((seen) => now ?? PERMISSIVE(seen));
    using lab = labAsking(answer === null ? unreachableUrl() : engine.url);
    await using registry = new LabRegistry(lab);
    lab.drop("m.gguf", MODEL);
    assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), [`error ${rule}`]);
    assert.deepEqual(await registry.models(), {});
    assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), sha256(MODEL));
    if (answer === null) return;
    now = null;
    moveBack(lab, "held", "m.gguf");
    assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  });
}

Deno.test("standalone asks no engine unless the policy says so", async () => {
  await using engine = new FaultRegistry(() => ({ kind: "reset" }));
  using lab = labAsking(engine.url, "not asked");
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(engine.seen, []);
});
