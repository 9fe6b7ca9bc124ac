import assert from "node:assert/strict";
import { FaultRegistry } from "../neighbours/fault_registry.ts";
import { goError, goJson } from "../neighbours/go_replies.ts";
import { neighbourB, neighbourC, placesB } from "../neighbours/lab_dialects.ts";
import { clientOf, Fixture, request } from "./fixture.ts";

const REGISTRY = { kind: "registry" };

Deno.test("auto: our own registry, guarded or open, is spoken to in dialect a", async () => {
  for (const reading of ["guarded", "open"] as const) {
    await using f = new Fixture({ reading });
    const client = clientOf(f.url, { dialect: "auto" });
    assert.deepEqual(await client.placement(), REGISTRY);
    assert.equal((await client.promote(f.put("m.gguf", "GGUF"))).outcome, "promoted");
  }
});

Deno.test("auto: an older registry that is open to read is spoken to in dialect a", async () => {
  await using registry = new FaultRegistry(({ method }) =>
    method === "GET" ? goJson(200, []) : goError(500, "x")
  );
  assert.deepEqual(await clientOf(registry.url, { dialect: "auto" }).placement(), REGISTRY);
  assert.deepEqual(registry.seen.map(({ headers }) => headers.get("authorization")), [undefined]);
});

Deno.test("auto: dialects b and c are told apart without a promotion, and asked once", async () => {
  const root = Deno.makeTempDirSync({ prefix: "probe-" });
  try {
    const b = neighbourB(root);
    await using registryB = new FaultRegistry(b.answer);
    const clientB = clientOf(registryB.url, { ...b.client, dialect: "auto" });
    const staging = { kind: "staging", directory: placesB(root).staging };
    assert.deepEqual(await clientB.placement(), staging);
    assert.deepEqual(await clientB.placement(), staging);
    assert.deepEqual(registryB.seen.map(({ target }) => target), ["/v1/models", "/v1/stats", "/health"]);

    const c = neighbourC(root);
    await using registryC = new FaultRegistry(c.answer);
    assert.deepEqual(await clientOf(registryC.url, { ...c.client, dialect: "auto" }).placement(), REGISTRY);
    assert.deepEqual(registryC.seen.map(({ target }) => target), ["/v1/models", "/v1/stats"]);
    assert.ok([...registryB.seen, ...registryC.seen].every(({ method }) => method === "GET"));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

const puzzling: [why: string, status: number, rule: string][] = [
  ["500", 500, "registry/server-error"],
  ["a redirect", 302, "registry/redirect"],
  ["a page that is not there", 404, "registry/refused"],
];
for (const [why, status, rule] of puzzling) {
  Deno.test(`auto: ${why} tells nothing: nothing is promoted, and it is asked again`, async () => {
    let broken = true;
    await using registry = new FaultRegistry(() => broken ? goError(status, "?") : goJson(200, []));
    const client = clientOf(registry.url, { dialect: "auto" });
    const outcome = await client.promote(request("m.gguf", "GGUF"));
    assert.equal(outcome.outcome === "unavailable" && outcome.rule, rule);
    assert.ok(registry.seen.every(({ method }) => method === "GET"));
    broken = false;
    assert.deepEqual(await client.placement(), REGISTRY);
  });
}

Deno.test("dialect b without a staging directory says what to set", async () => {
  const placement = await clientOf("http://127.0.0.1:1", { dialect: "b" }).placement();
  assert.equal("outcome" in placement && placement.rule, "registry/staging");
});
