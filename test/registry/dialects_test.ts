import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import type { PromoteRequest, RuleId } from "../../src/model/mod.ts";
import { type Answer, FaultRegistry, type Seen } from "../neighbours/fault_registry.ts";
import { goError, goJson } from "../neighbours/go_replies.ts";
import { type Neighbour, neighbourB, neighbourC, placesB } from "../neighbours/lab_dialects.ts";
import { clientOf, request } from "./fixture.ts";

const REQUEST = request("m.gguf", "the model");
const OTHER = request("m.gguf", "another");
const entry = (sha256: string) => ({
  name: "m",
  format: "gguf",
  filename: "m.gguf",
  sha256,
  size_bytes: 9,
  promoted_at: "2026-03-08T14:30:00Z",
  state: "trusted",
});

/** Directories of one registry, removed at the end. */
class Place implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "dialect-" });
  neighbour(id: "b" | "c"): Neighbour {
    return id === "b" ? neighbourB(this.root) : neighbourC(this.root);
  }
  /** Puts the bytes where the dialect takes them from; gives their name there. */
  put(id: "b" | "c", content: string): string | null {
    const staged = id === "b" ? `${"ab".repeat(16)}.gguf` : null;
    const folder = id === "b" ? placesB(this.root).staging : this.root;
    fs.writeFileSync(join(folder, staged ?? "m.gguf"), content, { mode: 0o644 });
    return staged;
  }
  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

interface Fault {
  readonly why: string;
  /** What the promotion is answered instead of the registry's own word. */
  readonly answer: Answer;
  /** Whether the registry did it all the same. */
  readonly commits?: true;
  /** Whether every other question is answered so too. */
  readonly always?: true;
  /** What is registered under the name already. */
  readonly holds?: PromoteRequest;
  readonly outcome: string;
  readonly b?: string;
  readonly c?: string;
}

const FORBIDDEN = goError(403, `{"error":"forbidden: invalid service token"}`);
const faults: readonly Fault[] = [
  { why: "200 with the artifact", answer: goJson(200, entry(REQUEST.sha256)), outcome: "promoted" },
  {
    why: "201 with other bytes",
    answer: goJson(201, entry(OTHER.sha256)),
    outcome: "unknown registry/malformed-reply",
  },
  {
    why: "201 with a model that is only quarantined",
    answer: goJson(201, { ...entry(REQUEST.sha256), state: "quarantined" }),
    outcome: "unknown registry/malformed-reply",
  },
  { why: "200 {}", answer: goJson(200, {}), outcome: "unknown registry/malformed-reply" },
  { why: "200 HTML", answer: goError(200, "<html>ok</html>"), outcome: "unknown registry/malformed-reply" },
  {
    why: "200 and 10 MB",
    answer: goError(200, "x".repeat(10_000_000)),
    outcome: "unknown registry/malformed-reply",
  },
  {
    why: "302",
    answer: { kind: "reply", status: 302, body: "", headers: { location: "http://127.0.0.1:1/" } },
    outcome: "refused registry/redirect",
  },
  { why: "400", answer: goError(400, "invalid request body"), outcome: "refused registry/refused" },
  { why: "403 about the token", answer: FORBIDDEN, outcome: "refused registry/forbidden" },
  {
    why: "403 about the policy",
    answer: goError(403, "policy evidence rejected: policy_bundle digest is inconsistent"),
    outcome: "refused registry/policy-bundle",
    c: "refused registry/forbidden",
  },
  {
    why: "403 about the staged copy",
    answer: goError(403, "cannot copy staged artifact: hard-linked artifacts are not allowed"),
    outcome: "refused registry/refused",
    c: "refused registry/forbidden",
  },
  {
    why: "403 about the format",
    answer: goError(403, 'format "" not allowed; permitted: gguf, safetensors'),
    outcome: "refused registry/refused",
    b: "refused registry/forbidden",
  },
  {
    why: "409 about the hash",
    answer: goError(409, "hash verification failed: hash mismatch"),
    outcome: "refused registry/refused",
  },
  {
    why: "409 about its capacity",
    answer: goError(409, "hash verification failed: verification capacity exhausted"),
    outcome: "refused registry/refused",
    c: "unavailable registry/server-error",
  },
  { why: "413", answer: goError(413, "request too large"), outcome: "refused registry/refused" },
  {
    why: "422",
    answer: goError(422, "promotion scanner evidence did not pass validation"),
    outcome: "refused registry/refused",
  },
  {
    why: "500",
    answer: goError(500, "failed to save manifest: disk"),
    outcome: "unavailable registry/server-error",
  },
  {
    why: "503",
    answer: goError(503, `{"error":"service authentication unavailable"}`),
    outcome: "unavailable registry/server-error",
  },
  { why: "504", answer: goError(504, "late"), outcome: "unknown registry/server-error" },
  { why: "500 though it did it", answer: goError(500, "late"), commits: true, outcome: "promoted" },
  { why: "a reset", answer: { kind: "reset" }, outcome: "unknown registry/unknown-outcome" },
  { why: "a reset though it did it", answer: { kind: "reset" }, commits: true, outcome: "promoted" },
  {
    why: "half an answer",
    answer: { kind: "cut", status: 201, body: JSON.stringify(entry(REQUEST.sha256)) },
    outcome: "unknown registry/malformed-reply",
  },
  { why: "a hang", answer: { kind: "hang" }, outcome: "unknown registry/unknown-outcome" },
  { why: "a hang though it did it", answer: { kind: "hang" }, commits: true, outcome: "promoted" },
  {
    why: "a hang whatever is asked",
    answer: { kind: "hang" },
    always: true,
    outcome: "unknown registry/unknown-outcome",
    c: "unavailable registry/unknown-outcome", // It is asked before it is told anything.
  },
];

/** The registry's own word, but for the promotion. */
function faulty({ answer }: Neighbour, fault: Fault): (seen: Seen) => Answer {
  return (seen) => {
    if (fault.always) return fault.answer;
    if (seen.target !== "/v1/model/promote") return answer(seen);
    if (fault.commits) answer(seen);
    return fault.answer;
  };
}

const told: string[] = [];

for (const id of ["b", "c"] as const) {
  for (const fault of faults) {
    const expected = fault[id] ?? fault.outcome;
    Deno.test(`dialect ${id}: ${fault.why}: ${expected}`, async () => {
      using place = new Place();
      const neighbour = place.neighbour(id);
      await using registry = new FaultRegistry(faulty(neighbour, fault));
      const timeoutMs = fault.answer.kind === "hang" ? 400 : 10_000;
      const client = clientOf(registry.url, { ...neighbour.client, dialect: id, timeoutMs });
      const outcome = await client.promote(REQUEST, place.put(id, "the model"));
      const said = outcome.outcome === "promoted" ? "promoted" : `${outcome.outcome} ${outcome.rule}`;
      told.push(`${id}  ${fault.why.padEnd(42)} ${said}`);
      assert.equal(said, expected);
      assert.equal(neighbour.registered().length, fault.commits ? 1 : 0);
      await retried(id, place, neighbour, outcome.outcome);
    });
  }
}

/** The registry works again: whatever happened before, the model ends up registered once. */
async function retried(id: "b" | "c", place: Place, { answer, client, registered }: Neighbour, was: string) {
  await using registry = new FaultRegistry(answer);
  const outcome = await clientOf(registry.url, { ...client, dialect: id }).promote(
    REQUEST,
    place.put(id, "the model"),
  );
  assert.equal(outcome.outcome, "promoted", `after ${was}`);
  assert.deepEqual(registered(), [`m ${REQUEST.sha256}`]);
}

Deno.test("what the client made of each answer in dialects b and c", () => console.log(told.join("\n")));

for (const id of ["b", "c"] as const) {
  Deno.test(`dialect ${id}: a name that other bytes have is a conflict, and they stay`, async () => {
    using place = new Place();
    const neighbour = place.neighbour(id);
    await using registry = new FaultRegistry(neighbour.answer);
    const client = clientOf(registry.url, { ...neighbour.client, dialect: id });
    assert.equal((await client.promote(OTHER, place.put(id, "another"))).outcome, "promoted");
    const second = await client.promote(REQUEST, place.put(id, "the model"));
    assert.equal(second.outcome === "refused" && second.rule, "registry/conflict");
    assert.deepEqual(neighbour.registered(), [`m ${OTHER.sha256}`]);
    const again = await client.promote(OTHER, place.put(id, "another"));
    assert.equal(again.outcome === "promoted" && again.by, "reconciled");
  });
}

const tokensOfB: [why: string, tokens: Neighbour["client"], outcome: string][] = [
  ["the promote token alone cannot look", { readToken: null }, "unknown registry/unknown-outcome"],
  [
    "the read token cannot promote",
    { token: () => Promise.resolve("b2".repeat(32)) },
    "refused registry/forbidden",
  ],
  [
    "the admin token cannot promote",
    { token: () => Promise.resolve("b3".repeat(32)) },
    "refused registry/forbidden",
  ],
];
for (const [why, tokens, expected] of tokensOfB) {
  Deno.test(`dialect b: ${why}: ${expected}`, async () => {
    using place = new Place();
    const neighbour = neighbourB(place.root);
    await using registry = new FaultRegistry(neighbour.answer);
    const both = { ...neighbour.client, dialect: "b" } as const;
    // Registered already, and the answer was lost: only who may read can find out.
    if (expected.startsWith("unknown")) {
      await clientOf(registry.url, both).promote(REQUEST, place.put("b", "the model"));
    }
    const outcome = await clientOf(registry.url, { ...both, ...tokens }).promote(
      REQUEST,
      place.put("b", "the model"),
    );
    assert.equal(outcome.outcome !== "promoted" && `${outcome.outcome} ${outcome.rule}`, expected);
  });
}

Deno.test("dialect b: a policy that is not the installed one is refused in the registry's own words", async () => {
  using place = new Place();
  const neighbour = neighbourB(place.root);
  const { policyEvidence } = neighbour.client;
  const evidence = policyEvidence?.();
  assert.ok(evidence !== undefined);
  fs.appendFileSync(join(placesB(place.root).policy, "models.lock.yaml"), "# changed\n");
  await using registry = new FaultRegistry(neighbour.answer);
  const options = { ...neighbour.client, dialect: "b", policyEvidence: () => evidence } as const;
  const outcome = await clientOf(registry.url, options).promote(REQUEST, place.put("b", "the model"));
  assert.equal(outcome.outcome === "refused" && outcome.rule, "registry/policy-bundle");
  assert.match(outcome.outcome === "refused" ? outcome.message : "", /models\.lock\.yaml does not match/);
});

Deno.test("dialect c: what an earlier try left behind is carried on, and each step is taken once", async () => {
  using place = new Place();
  const { registry: state, ...neighbour } = neighbourC(place.root);
  let lost = 0;
  await using registry = new FaultRegistry((seen) => {
    const answer = neighbour.answer(seen);
    // Every step is done, and the answer to each is lost once.
    return seen.method === "POST" && lost++ < 3 ? { kind: "reset" } : answer;
  });
  const client = clientOf(registry.url, { ...neighbour.client, dialect: "c", delays: [1, 1, 1] });
  place.put("c", "the model");
  assert.equal((await client.promote(REQUEST)).outcome, "promoted");
  assert.deepEqual(state.events, ["acquire m", "quarantine m", "promote m"]);
});

for (const state of ["revoked", "deleted"] as const) {
  Deno.test(`dialect c: a model that is ${state} is not brought back`, async () => {
    using place = new Place();
    const { registry: held, ...neighbour } = neighbourC(place.root);
    await using registry = new FaultRegistry(neighbour.answer);
    const client = clientOf(registry.url, { ...neighbour.client, dialect: "c" });
    place.put("c", "the model");
    await client.promote(REQUEST);
    for (const one of held.entries) one.state = state;
    const outcome = await client.promote(REQUEST);
    assert.equal(outcome.outcome === "refused" && outcome.rule, "registry/refused" satisfies RuleId);
    assert.match(outcome.outcome === "refused" ? outcome.message : "", new RegExp(`it is ${state}`));
  });
}

const MANIFEST = {
  manifest_sha256: "ab".repeat(32),
  repo_id: "owner/model",
  revision: "cd".repeat(20),
  variant: "fp16",
  files_checked: 3,
  total_size_bytes: 123,
  sha256_files_checked: 2,
  git_blob_files_checked: 1,
};
for (const [why, pinned] of [["the image's lock names", true], ["nobody pinned", false]] as const) {
  Deno.test(`a list of files that ${why} is ${pinned ? "" : "not "}shown to dialect b, and never to a and c`, async () => {
    using place = new Place();
    await using registry = new FaultRegistry((seen) =>
      seen.method === "GET" ? goError(404, "model not found") : goError(400, "?")
    );
    for (const id of ["a", "b", "c"] as const) {
      const { client } = place.neighbour("b");
      const evidence = client.policyEvidence?.();
      assert.ok(evidence !== undefined);
      const policyEvidence = () => ({ ...evidence, pinned: () => pinned });
      const asked = clientOf(registry.url, { ...client, dialect: id, policyEvidence });
      await asked.promote({ ...REQUEST, download_manifest: MANIFEST }, "staged");
    }
    const [a, b, c] = registry.seen.filter(({ method }) => method === "POST").map(({ body }) =>
      JSON.parse(body)
    );
    const expected = pinned ? { trust: "image-owned-manifest-pin", ...MANIFEST } : undefined;
    assert.deepEqual(b.directory_provenance, expected);
    for (const body of [a, b, c]) assert.ok(!("download_manifest" in body));
    for (const body of [a, c]) assert.ok(!("directory_provenance" in body));
  });
}
