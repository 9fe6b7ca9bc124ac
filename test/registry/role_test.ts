import assert from "node:assert/strict";
import { join } from "node:path";
import { StartupError } from "../../src/model/mod.ts";
import { startRegistry } from "../../src/roles/registry.ts";
import { clientOf, Fixture, NOW, Places, request, sha256, TOKEN } from "./fixture.ts";

Deno.test("a taken port and a registry that is running already are start-up errors", async () => {
  await using f = new Fixture();
  using other = new Places();
  const options = {
    registryDir: other.registryDir,
    stateDir: other.stateDir,
    containedDir: other.containedDir,
    token: () => Promise.resolve(TOKEN),
    reading: "guarded" as const,
    now: () => NOW,
    report: () => {},
    drainMs: 100,
  };
  assert.throws(
    () => startRegistry({ ...options, port: f.running.port }),
    (error) => error instanceof StartupError && error.code === "registry/address",
  );
  assert.throws(
    () => startRegistry({ ...options, registryDir: f.registryDir, port: 0 }),
    (error) => error instanceof StartupError && error.code === "state/locked",
  );
  const running = startRegistry({ ...options, port: 0 }); // the failed start gave the lock back
  await running.stop();
});

const endless: [what: string, tail: string][] = [
  ["body", "Content-Length: 100\r\n\r\n{"],
  ["head", "X-More: "],
];
for (const [what, tail] of endless) {
  Deno.test(`stopping does not wait for ever for a client that never ends its ${what}`, async () => {
    const f = new Fixture();
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: f.running.port });
    const head = `POST /v1/model/promote HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    await connection.write(new TextEncoder().encode(head + tail));
    await f.client.list(); // answered after the other request was taken in
    const before = performance.now();
    await Promise.all([f.running.stop(), f.running.stop()]);
    assert.ok(performance.now() - before < 5_000);
    connection.close();
    f[Symbol.dispose]();
  });
}

Deno.test("other requests are answered while a large model is hashed", async () => {
  await using f = new Fixture();
  const content = new Uint8Array(256 * 1024 * 1024);
  Deno.writeFileSync(join(f.registryDir, "big.gguf"), content);
  const model = { ...request("big.gguf", ""), sha256: sha256(content), size_bytes: content.length };
  let done = false;
  const promotion = f.client.promote(model).finally(() => done = true);
  let answered = 0;
  while (!done) {
    assert.equal((await f.call("GET", "/health")).status, 200);
    answered++;
  }
  assert.equal((await promotion).outcome, "promoted");
  assert.ok(answered > 2, `${answered} answers`);
});

Deno.test("SIGTERM lets the request under way finish, then the process exits with 0", async () => {
  using places = new Places();
  const content = new Uint8Array(200 * 1024 * 1024);
  Deno.writeFileSync(join(places.registryDir, "big.gguf"), content);
  const options = {
    registryDir: places.registryDir,
    stateDir: places.stateDir,
    containedDir: places.containedDir,
    port: 0,
    reading: "guarded",
    drainMs: 10_000,
  };
  const program = new URL("programs/serve.ts", import.meta.url).pathname;
  const flags = ["--no-check", "--allow-read", "--allow-write", "--allow-net=127.0.0.1"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", ...flags, program, JSON.stringify(options), TOKEN],
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const client = clientOf(`http://127.0.0.1:${(await output.read()).value?.trim()}`);
  const model = { ...request("big.gguf", ""), sha256: sha256(content), size_bytes: content.length };
  const promotion = client.promote(model);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await client.list(); // answered after the promotion was taken in
  child.kill("SIGTERM");
  const outcome = await promotion;
  assert.deepEqual([outcome.outcome, outcome.outcome === "promoted" && outcome.by], ["promoted", "reply"]);
  const { code, signal } = await child.status;
  assert.deepEqual([code, signal], [0, null]);
  await output.cancel();
  assert.equal(places.manifest().models.length, 1);
});
