import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import type { RegistryClient } from "../../src/registry/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { type Answer, FaultRegistry, type Seen } from "../neighbours/fault_registry.ts";
import { type Neighbour, neighbourB, neighbourC, placesB } from "../neighbours/lab_dialects.ts";
import { clientOf, sha256, TOKEN } from "../registry/fixture.ts";
import { Lab, moveBack, outcomeOf, PUBLISHED } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const DIGEST = sha256(MODEL);
const RECORDS = PUBLISHED.slice(1);

/** Takes the promotion to the registry and keeps the answer back: at first, and for ever if `until` says so. */
class Swallower implements AsyncDisposable {
  swallowed = 0;
  until = Infinity;
  readonly #front: FaultRegistry;
  constructor(answer: (seen: Seen) => Answer) {
    this.#front = new FaultRegistry((seen) => {
      const said = answer(seen);
      if (seen.target !== "/v1/model/promote" || this.swallowed >= this.until) return said;
      this.swallowed++;
      return { kind: "hang" };
    });
  }
  get url(): string {
    return this.#front.url;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front[Symbol.asyncDispose]();
  }
}

const dialects = ["b", "c"] as const;
const neighbourOf = (id: "b" | "c", lab: Lab): Neighbour =>
  id === "b" ? neighbourB(lab.root) : neighbourC(lab.places.registry);
const client = (url: string, { client: options }: Neighbour): RegistryClient =>
  clientOf(url, { ...options, dialect: "auto", timeoutMs: 1_000 });

for (const id of dialects) {
  Deno.test(`P041, P149: the line promotes into a registry of dialect ${id}, found out by asking`, async () => {
    using lab = Lab.make();
    const neighbour = neighbourOf(id, lab);
    await using registry = new FaultRegistry(neighbour.answer);
    lab.drop("m.gguf", MODEL);
    assert.deepEqual((await lab.watch({ registry: client(registry.url, neighbour) })).map(outcomeOf), [
      "passed",
    ]);
    assert.deepEqual(neighbour.registered(), [`m ${DIGEST}`]);
    assert.equal(lab.events("promoted").length, 1);
    if (id === "c") return assert.deepEqual(lab.names("registry"), PUBLISHED);
    // P151: nothing but the blob in the directory that is watched; records beside the registry's own metadata.
    const { models, staging } = placesB(lab.root);
    assert.deepEqual(fs.readdirSync(models), ["m.gguf"]);
    assert.deepEqual(fs.readdirSync(staging), []);
    assert.deepEqual(lab.names("registry"), RECORDS);
  });

  Deno.test(`dialect ${id}: a promotion that times out though it was committed is found by reconciliation, once`, async () => {
    using lab = Lab.make();
    const neighbour = neighbourOf(id, lab);
    await using registry = new Swallower(neighbour.answer);
    lab.drop("m.gguf", MODEL);
    assert.deepEqual((await lab.watch({ registry: client(registry.url, neighbour) })).map(outcomeOf), [
      "passed",
    ]);
    assert.equal(registry.swallowed, 1);
    assert.deepEqual(neighbour.registered(), [`m ${DIGEST}`]);
    assert.equal(lab.events("promoted").length, 1);
    assert.deepEqual(lab.names("held"), []);
  });
}

Deno.test("dialect a: a promotion that times out though it was committed is found by reconciliation, once", async () => {
  using lab = Lab.make();
  await using real = new LabRegistry(lab);
  // The real registry behind a front that never passes on the answer to a promotion.
  const front = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = request.method === "POST" ? await request.text() : null;
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${real.url}${pathname}${search}`, { method: request.method, headers, body });
    const text = await answer.text();
    if (pathname !== "/v1/model/promote") return new Response(text, { status: answer.status });
    swallowed++;
    await Promise.race([
      new Promise((resolve) => request.signal.addEventListener("abort", resolve)),
      done.promise,
    ]);
    return new Response(null, { status: 499 });
  });
  let swallowed = 0;
  const done = Promise.withResolvers<void>();
  try {
    lab.drop("m.gguf", MODEL);
    const impatient = clientOf(`http://127.0.0.1:${front.addr.port}`, { dialect: "auto", timeoutMs: 1_500 });
    assert.deepEqual((await lab.watch({ registry: impatient })).map(outcomeOf), ["passed"]);
    assert.equal(swallowed, 1);
    assert.deepEqual(await real.models(), { m: DIGEST });
    assert.equal(lab.events("promoted").length, 1);
  } finally {
    done.resolve();
    await front.shutdown();
  }
});

for (const id of dialects) {
  Deno.test(`dialect ${id}: down, then refusing, then up: held with its bytes, and registered once`, async () => {
    using lab = Lab.make();
    const neighbour = neighbourOf(id, lab);
    let says: Answer | null = { kind: "reset" };
    await using registry = new FaultRegistry((seen) => says ?? neighbour.answer(seen));
    const asked = client(registry.url, neighbour);
    lab.drop("m.gguf", MODEL);
    assert.match(
      (await lab.watch({ registry: asked })).map(outcomeOf).join(),
      /^error registry\/unknown-outcome$/,
    );
    assert.deepEqual(lab.names("registry"), []);
    assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), DIGEST);
    says = null;
    moveBack(lab, "held", "m.gguf");
    assert.deepEqual((await lab.watch({ registry: asked })).map(outcomeOf), ["passed"]);
    assert.deepEqual(neighbour.registered(), [`m ${DIGEST}`]);
  });
}

Deno.test("dialect b: a name that is taken leaves the records of the model that has it alone", async () => {
  using lab = Lab.make();
  const neighbour = neighbourB(lab.root);
  await using registry = new FaultRegistry(neighbour.answer);
  const asked = client(registry.url, neighbour);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: asked });
  const record = join(lab.places.registry, "m.gguf.provenance.json");
  const before = fs.readFileSync(record, "utf8");
  fs.rmSync(join(lab.places.state, "pins.json")); // Another digest under a pinned name would not come this far.
  lab.drop("m.gguf", tinyLlama({ architecture: "qwen2" }));
  assert.deepEqual((await lab.watch({ registry: asked })).map(outcomeOf), ["error registry/conflict"]);
  assert.equal(fs.readFileSync(record, "utf8"), before);
  assert.deepEqual(neighbour.registered(), [`m ${DIGEST}`]);
});

Deno.test("dialect b: stopped right after the registry's yes, the next start records it and registers nothing twice", async () => {
  using lab = Lab.make();
  const neighbour = neighbourB(lab.root);
  await using registry = new FaultRegistry(neighbour.answer);
  const asked = client(registry.url, neighbour);
  lab.drop("m.gguf", MODEL);
  const stop = (name: string) => {
    if (name === "promote:registry-replied") throw new Error("stopped here");
  };
  assert.deepEqual(await lab.watch({ registry: asked, step: stop }), []);
  assert.deepEqual(neighbour.registered(), [`m ${DIGEST}`]);
  assert.equal(lab.events("promoted").length, 0);
  assert.deepEqual((await lab.watch({ registry: asked })).map(outcomeOf), ["passed"]);
  assert.deepEqual(neighbour.registered(), [`m ${DIGEST}`]);
  assert.equal(lab.events("promoted").length, 1);
  assert.deepEqual(lab.names("registry"), RECORDS);
  assert.deepEqual(fs.readdirSync(placesB(lab.root).staging), []);
});
