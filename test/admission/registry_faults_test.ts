import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { type Answer, FaultRegistry, type Seen } from "../neighbours/fault_registry.ts";
import { clientOf, sha256 } from "../registry/fixture.ts";
import { Lab, moveBack, outcomeOf, PUBLISHED } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const DIGEST = sha256(MODEL);
const TIMEOUT_MS = 300;

const reply = (status: number, body: string, headers: Record<string, string> = {}): Answer => ({
  kind: "reply",
  status,
  body,
  headers,
});
const entry = (digest: string) =>
  JSON.stringify({
    name: "m",
    format: "gguf",
    filename: "m.gguf",
    sha256: digest,
    size_bytes: MODEL.byteLength,
    promoted_at: "2026-03-08T14:30:00Z",
  });
const absent = reply(404, "model not found\n");

interface Fault {
  readonly why: string;
  /** What promotion is answered. */
  readonly promote: Answer;
  /** What the registry holds when it is asked afterwards. */
  readonly holds?: Answer;
  readonly outcome: string;
  /** Whether the blob may lie in the registry directory afterwards: only where it may be registered. */
  readonly blob: "kept" | "withdrawn";
}

const faults: readonly Fault[] = [
  { why: "200", promote: reply(200, entry(DIGEST)), outcome: "passed", blob: "kept" },
  { why: "201", promote: reply(201, entry(DIGEST)), outcome: "passed", blob: "kept" },
  {
    why: "200 for other bytes",
    promote: reply(200, entry("ab".repeat(32))),
    outcome: "error registry/malformed-reply",
    blob: "kept",
  },
  { why: "200 {}", promote: reply(200, "{}"), outcome: "error registry/malformed-reply", blob: "kept" },
  {
    why: "200 HTML",
    promote: reply(200, "<html>ok</html>"),
    outcome: "error registry/malformed-reply",
    blob: "kept",
  },
  {
    why: "200 and 10 MB",
    promote: reply(200, "x".repeat(10_000_000)),
    outcome: "error registry/malformed-reply",
    blob: "kept",
  },
  {
    why: "302",
    promote: reply(302, "", { location: "http://127.0.0.1:1/" }),
    outcome: "error registry/redirect",
    blob: "withdrawn",
  },
  {
    why: "400",
    promote: reply(400, "invalid request body\n"),
    outcome: "error registry/refused",
    blob: "withdrawn",
  },
  {
    why: "403 (P046)",
    promote: reply(403, '{"error":"forbidden: invalid service token"}'),
    outcome: "error registry/forbidden",
    blob: "withdrawn",
  },
  {
    why: "409, same digest",
    promote: reply(409, "exists\n"),
    holds: reply(200, entry(DIGEST)),
    outcome: "passed",
    blob: "kept",
  },
  {
    why: "409, other digest",
    promote: reply(409, "exists\n"),
    holds: reply(200, entry("ab".repeat(32))),
    outcome: "error registry/conflict",
    blob: "withdrawn",
  },
  { why: "500", promote: reply(500, "failed\n"), outcome: "error registry/server-error", blob: "withdrawn" },
  {
    why: "503",
    promote: reply(503, "starting\n"),
    outcome: "error registry/server-error",
    blob: "withdrawn",
  },
  { why: "504", promote: reply(504, "late\n"), outcome: "error registry/server-error", blob: "kept" },
  { why: "a reset", promote: { kind: "reset" }, outcome: "error registry/unknown-outcome", blob: "kept" },
  {
    why: "half an answer",
    promote: { kind: "cut", status: 200, body: entry(DIGEST) },
    outcome: "error registry/malformed-reply",
    blob: "kept",
  },
  { why: "a hang", promote: { kind: "hang" }, outcome: "error registry/unknown-outcome", blob: "kept" },
  {
    why: "a commit, then a hang",
    promote: { kind: "hang" },
    holds: reply(200, entry(DIGEST)),
    outcome: "passed",
    blob: "kept",
  },
  {
    why: "a commit, then a reset",
    promote: { kind: "reset" },
    holds: reply(200, entry(DIGEST)),
    outcome: "passed",
    blob: "kept",
  },
  {
    why: "a hang whatever is asked",
    promote: { kind: "hang" },
    holds: { kind: "hang" },
    outcome: "error registry/unknown-outcome",
    blob: "kept",
  },
];

const table: string[] = [];

for (const { why, promote, holds = absent, outcome, blob } of faults) {
  Deno.test(`P041, P046: the registry answers ${why}: ${outcome}, nothing lost, and a retry registers it`, async () => {
    using lab = Lab.make();
    await using faulty = new FaultRegistry(({ method }) => method === "POST" ? promote : holds);
    lab.drop("m.gguf", MODEL);
    const [ended] = await lab.watch({ registry: clientOf(faulty.url, { timeoutMs: TIMEOUT_MS }) });
    assert.equal(outcomeOf(ended), outcome);
    const published = lab.names("registry");
    assert.deepEqual(published, blob === "kept" ? PUBLISHED : []);
    assert.deepEqual(lab.names("scanning"), []);
    assert.equal((await lab.verifyAudit()).valid, true);
    table.push(`${why.padEnd(28)} ${outcome.padEnd(34)} blob ${blob}`);
    if (outcome === "passed") {
      assert.deepEqual(lab.names("held"), []);
      assert.equal(lab.events("promoted").length, 1);
      return;
    }
    assert.equal(lab.events("promoted").length, 0);
    assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), DIGEST);
    await retried(lab);
  });
}

/** The registry works again, and the artifact is put back: it must be registered once. */
async function retried(lab: Lab): Promise<void> {
  await using registry = new LabRegistry(lab);
  moveBack(lab, "held", "m.gguf");
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(await registry.models(), { m: DIGEST });
  assert.equal(lab.events("promoted").length, 1);
}

Deno.test("what the line did for each fault of the registry", () => console.log(table.join("\n")));

Deno.test("nobody listening: nothing is registered, the blob is withdrawn, the artifact is held", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const client = clientOf(registry.url);
  await registry.running.stop();
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: client })).map(outcomeOf), ["error registry/unreachable"]);
  assert.deepEqual(lab.names("registry"), []);
  await retried(lab);
});

Deno.test("P042, P126: the request carries the token and what the registry must know, digests as strings", async () => {
  using lab = Lab.make();
  const seen: Seen[] = [];
  await using faulty = new FaultRegistry((request) => {
    seen.push(request);
    return reply(201, entry(DIGEST));
  });
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: clientOf(faulty.url, { token: () => Promise.resolve("secret") }) });
  const [request, ...more] = seen;
  assert.deepEqual(more, []);
  assert.equal(`${request?.method} ${request?.target}`, "POST /v1/model/promote");
  assert.equal(request?.headers.get("authorization"), "Bearer secret");
  assert.deepEqual(JSON.parse(request?.body ?? ""), {
    name: "m",
    filename: "m.gguf",
    sha256: DIGEST,
    size_bytes: MODEL.byteLength,
    source: "",
    source_revision: "",
    policy_version: sha256(fs.readFileSync(lab.policyPath)),
    scan_results: {
      source_policy: "pass",
      format_gate: "pass",
      integrity_check: "pass",
      provenance_check: "pass",
      static_scan: "pass",
      behavioral_test: "skip",
      diffusion_deep_scan: "skip",
    },
    scanner_versions: { "ai-quarantine": "0.1.0" },
  });
});
