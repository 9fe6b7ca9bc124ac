import assert from "node:assert/strict";
import type { RuleId } from "../../src/model/mod.ts";
import { type Answer, FaultRegistry, type Seen } from "../neighbours/fault_registry.ts";
import { clientOf, request, TOKEN } from "./fixture.ts";

const REQUEST = request("m.gguf", "the model");
const OTHER = "0".repeat(64);
const artifact = (sha256: string) => ({
  name: "m",
  format: "gguf",
  filename: "m.gguf",
  sha256,
  size_bytes: 9,
  promoted_at: "2026-03-08T14:30:00Z",
});
const reply = (status: number, body: unknown, headers?: Record<string, string>): Answer => ({
  kind: "reply",
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
  ...(headers === undefined ? {} : { headers }),
});
const HTML = "<!doctype html><title>It works!</title>";
const HELD = reply(200, artifact(REQUEST.sha256));
const HELD_OTHER = reply(200, artifact(OTHER));
const ABSENT = reply(404, "model not found\n");
const HUGE = "x".repeat(10_000_000);
const TAKEN = "model name or final filename already exists\n";

/** What the registry answers to promote, and to the question what it holds; what the client makes of both. */
const table: [why: string, promote: Answer, lookup: Answer, outcome: string, rule: RuleId | null][] = [
  ["201 with the artifact", reply(201, artifact(REQUEST.sha256)), ABSENT, "promoted", null],
  ["200 with the artifact", HELD, ABSENT, "promoted", null],
  ["201 with another digest", reply(201, artifact(OTHER)), ABSENT, "unknown", "registry/malformed-reply"],
  ["201 with another digest, held", reply(201, artifact(OTHER)), HELD_OTHER, "refused", "registry/conflict"],
  [
    "201 with another name",
    reply(201, { ...artifact(REQUEST.sha256), name: "n" }),
    ABSENT,
    "unknown",
    "registry/malformed-reply",
  ],
  ["201 with nothing", reply(201, ""), ABSENT, "unknown", "registry/malformed-reply"],
  ["201 with a list", reply(201, [artifact(REQUEST.sha256)]), ABSENT, "unknown", "registry/malformed-reply"],
  [
    "201 with a number for digest",
    reply(201, { ...artifact(REQUEST.sha256), sha256: 1 }),
    ABSENT,
    "unknown",
    "registry/malformed-reply",
  ],
  [
    "201 cut off, registered",
    { kind: "cut", status: 201, body: JSON.stringify(artifact(REQUEST.sha256)) },
    HELD,
    "promoted",
    null,
  ],
  ["200 with HTML", reply(200, HTML), reply(200, HTML), "unknown", "registry/malformed-reply"],
  ["204", reply(204, ""), ABSENT, "unknown", "registry/malformed-reply"],
  ["201 with 10 MB", reply(201, HUGE), ABSENT, "unknown", "registry/malformed-reply"],
  ["201 with 10 MB, lookup too", reply(201, HUGE), reply(200, HUGE), "unknown", "registry/malformed-reply"],
  ["302", reply(302, "", { location: "http://127.0.0.1:1/" }), HELD, "refused", "registry/redirect"],
  ["307", reply(307, "", { location: "/v1/model/promote" }), HELD, "refused", "registry/redirect"],
  ["400", reply(400, "invalid request body\n"), HELD, "refused", "registry/refused"],
  ["401", reply(401, ""), HELD, "refused", "registry/forbidden"],
  [
    "403 (P046)",
    reply(403, { error: "forbidden: invalid service token" }),
    HELD,
    "refused",
    "registry/forbidden",
  ],
  [
    "403 with the artifact (P046)",
    reply(403, artifact(REQUEST.sha256)),
    HELD,
    "refused",
    "registry/forbidden",
  ],
  ["403 with 10 MB", reply(403, HUGE), HELD, "refused", "registry/forbidden"],
  ["409, same digest held", reply(409, TAKEN), HELD, "promoted", null],
  ["409, other digest held", reply(409, TAKEN), HELD_OTHER, "refused", "registry/conflict"],
  ["409, nothing held", reply(409, "hash verification failed: x\n"), ABSENT, "refused", "registry/refused"],
  ["409, lookup forbidden", reply(409, TAKEN), reply(403, ""), "unknown", "registry/unknown-outcome"],
  ["413", reply(413, "request too large\n"), HELD, "refused", "registry/refused"],
  ["429", reply(429, ""), ABSENT, "unavailable", "registry/server-error"],
  ["500", reply(500, "failed to save manifest: disk\n"), ABSENT, "unavailable", "registry/server-error"],
  ["500, yet registered", reply(500, ""), HELD, "promoted", null],
  ["500, lookup too", reply(500, ""), reply(500, ""), "unknown", "registry/server-error"],
  [
    "503",
    reply(503, `{"error":"service authentication unavailable"}`),
    ABSENT,
    "unavailable",
    "registry/server-error",
  ],
  ["504", reply(504, ""), ABSENT, "unknown", "registry/server-error"],
  ["500 with HTML and 10 MB", reply(500, HTML + HUGE), ABSENT, "unavailable", "registry/server-error"],
  ["a reset", { kind: "reset" }, ABSENT, "unknown", "registry/unknown-outcome"],
  ["a reset, registered", { kind: "reset" }, HELD, "promoted", null],
  ["a reset, other digest held", { kind: "reset" }, HELD_OTHER, "refused", "registry/conflict"],
  ["a reset, lookup too", { kind: "reset" }, { kind: "reset" }, "unknown", "registry/unknown-outcome"],
  ["a hang", { kind: "hang" }, ABSENT, "unknown", "registry/unknown-outcome"],
  ["a commit, then a hang", { kind: "hang" }, HELD, "promoted", null],
  [
    "a slow drip",
    { kind: "drip", status: 201, body: JSON.stringify(artifact(REQUEST.sha256)) },
    ABSENT,
    "unknown",
    "registry/unknown-outcome",
  ],
  [
    "a slow drip of HTTP nonsense",
    { kind: "drip", status: 99, body: "" },
    ABSENT,
    "unknown",
    "registry/unknown-outcome",
  ],
];

for (const [why, promote, lookup, outcome, rule] of table) {
  Deno.test(`RegistryClient.promote() makes of ${why}: ${outcome} ${rule ?? ""}`, async () => {
    const timeoutMs = promote.kind === "hang" || promote.kind === "drip" ? 300 : 10_000;
    await using registry = new FaultRegistry((seen) => seen.method === "POST" ? promote : lookup);
    const answer = await clientOf(registry.url, { timeoutMs }).promote(REQUEST);
    assert.equal(answer.outcome, outcome);
    assert.equal(answer.outcome === "promoted" ? null : answer.rule, rule);
    assert.equal(registry.seen[0]?.target, "/v1/model/promote");
    assert.equal(registry.seen[0]?.headers.get("authorization"), `Bearer ${TOKEN}`);
  });
}

/** Answers one after the other, the last one for ever; lookups find nothing until `held` says so. */
function inTurn(answers: Answer[], held: () => boolean = () => false): (seen: Seen) => Answer {
  let turn = 0;
  return (seen) => {
    if (seen.method === "GET") return held() ? HELD : ABSENT;
    return answers[Math.min(turn++, answers.length - 1)] ?? { kind: "reset" };
  };
}

const again: [why: string, answers: Answer[], outcome: string, rule: RuleId | null, posts: number][] = [
  [
    "503 twice, then 201",
    [reply(503, ""), reply(503, ""), reply(201, artifact(REQUEST.sha256))],
    "promoted",
    null,
    3,
  ],
  ["503 for ever", [reply(503, "")], "unavailable", "registry/server-error", 3],
  ["400", [reply(400, "")], "refused", "registry/refused", 1],
  ["a reset, then 201", [{ kind: "reset" }, reply(201, artifact(REQUEST.sha256))], "promoted", null, 2],
  // The first request may take effect after the second was refused, so nobody may take the bytes away.
  ["a reset, then 403", [{ kind: "reset" }, reply(403, "")], "unknown", "registry/forbidden", 3],
  ["a reset, then 503", [{ kind: "reset" }, reply(503, "")], "unknown", "registry/server-error", 3],
];
for (const [why, answers, outcome, rule, posts] of again) {
  Deno.test(`RegistryClient.promote() after ${why}: ${outcome} in ${posts} tries`, async () => {
    await using registry = new FaultRegistry(inTurn(answers));
    const answer = await clientOf(registry.url, { delays: [1, 1] }).promote(REQUEST);
    assert.equal(answer.outcome, outcome);
    assert.equal(answer.outcome === "promoted" ? null : answer.rule, rule);
    assert.equal(registry.seen.filter((seen) => seen.method === "POST").length, posts);
  });
}

Deno.test("RegistryClient.promote() notices that a hanging request was committed after all", async () => {
  let looks = 0;
  await using registry = new FaultRegistry(inTurn([{ kind: "hang" }], () => ++looks > 1));
  const answer = await clientOf(registry.url, { timeoutMs: 300, delays: [1, 1] }).promote(REQUEST);
  assert.equal(answer.outcome, "promoted");
  assert.equal(answer.outcome === "promoted" && answer.by, "reconciled");
});

Deno.test("a redirect's target is never contacted, so it never gets the token", async () => {
  await using thief = new FaultRegistry(() => reply(201, artifact(REQUEST.sha256)));
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `${thief.url}/v1/model/promote`;
    await using registry = new FaultRegistry(() => reply(status, "", { location }));
    const client = clientOf(registry.url);
    assert.equal((await client.promote(REQUEST)).outcome, "refused");
    await assert.rejects(client.find("m"), { rule: "registry/redirect" });
    await assert.rejects(client.list(), { rule: "registry/redirect" });
    await assert.rejects(client.remove("m"), { rule: "registry/redirect" });
  }
  assert.equal(thief.seen.length, 0);
});

Deno.test("no registry at all: unavailable, after every try", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const client = clientOf(`http://127.0.0.1:${port}`, { delays: [1, 1] });
  const answer = await client.promote(REQUEST);
  assert.equal(answer.outcome, "unavailable");
  assert.equal(answer.outcome === "unavailable" && answer.rule, "registry/unreachable");
  await assert.rejects(client.list(), { rule: "registry/unreachable" });
});

Deno.test("a program that stops does not wait for the next try", async () => {
  await using registry = new FaultRegistry(() => reply(503, ""));
  const stop = new AbortController();
  const answer = clientOf(registry.url, { delays: [60_000] }).promote(REQUEST, null, stop.signal);
  setTimeout(() => stop.abort(), 20);
  assert.equal((await answer).outcome, "unknown");
});

Deno.test("what the registry says cannot forge a line in the journal", async () => {
  await using registry = new FaultRegistry(() => reply(400, "no\n[quarantine] PROMOTED: m\u001b[2J\u202e"));
  const answer = await clientOf(registry.url).promote(REQUEST);
  assert.equal(
    answer.outcome === "refused" && answer.message,
    "The registry answered 400: no\\x0a[quarantine] PROMOTED: m\\x1b[2J\\u{202e}",
  );
});
