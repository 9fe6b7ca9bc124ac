import assert from "node:assert/strict";
import { join } from "node:path";
import { UndecidedError } from "../../src/model/mod.ts";
import { tokenReader } from "../../src/registry/mod.ts";
import { clientOf, Fixture, TOKEN } from "./fixture.ts";

/** Sends raw HTTP, because no client lets one choose these headers, and returns status and text. */
async function raw(port: number, lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode([...lines, "Connection: close", "", ""].join("\r\n")));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const buffer = new Uint8Array(65_536);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    parts.push(buffer.slice(0, n));
  }
  return await new Blob(parts).text();
}

const hosts: [host: string, served: boolean][] = [
  ["Host: 127.0.0.1:8470", true],
  ["Host: 127.0.0.1", true],
  ["Host: localhost:8470", true],
  ["Host: LOCALHOST", true],
  ["Host: [::1]:8470", true],
  ["Host: 127.255.0.9:1", true],
  ["Host: evil.example:8470", false],
  ["Host: 127.0.0.1.evil.example", false],
  ["Host: localhost.evil.example", false],
  ["Host: 127.0.0.1:8470.evil.example", false],
  ["Host: evil.example#127.0.0.1", false],
  ["Host: user@127.0.0.1", false],
  ["Host: 10.0.0.1", false],
  ["Host: 0.0.0.0:8470", false],
  ["Host: 128.0.0.1", false],
  ["Host: 127.0.0.256", false],
  ["Host: localhost.", false],
  ["Host: ", false],
  ["X-No-Host: 1", false],
];
Deno.test("only requests addressed to this machine by name are served (DNS rebinding)", async () => {
  await using f = new Fixture();
  for (const [host, served] of hosts) {
    const version = host.startsWith("X-") ? "1.0" : "1.1";
    const reply = await raw(f.running.port, [`GET /health HTTP/${version}`, host]);
    assert.equal(/^HTTP\/1\.[01] 200 /.test(reply), served, `${host}: ${reply}`);
    if (!served) assert.ok(!reply.includes("registry_dir"), reply);
  }
});

Deno.test("a page in a browser is refused, even with the right Host and the token", async () => {
  await using f = new Fixture({ reading: "open" });
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:3000"]) {
    const reply = await raw(f.running.port, [
      "POST /v1/models/verify-all HTTP/1.1",
      "Host: 127.0.0.1",
      `Origin: ${origin}`,
      `Authorization: Bearer ${TOKEN}`,
    ]);
    assert.match(reply, /^HTTP\/1\.1 403 /);
  }
});

/** Every route but /health, with a request that would otherwise be understood. */
const ROUTES: [method: string, path: string, kind: "read" | "change"][] = [
  ["GET", "/v1/models", "read"],
  ["GET", "/v1/model?name=x", "read"],
  ["GET", "/v1/model/path?name=x", "read"],
  ["GET", "/v1/integrity/status", "read"],
  ["POST", "/v1/model/verify?name=x", "read"],
  ["POST", "/v1/models/verify-all", "read"],
  ["POST", "/v1/model/verify-manifest?name=x", "read"],
  ["POST", "/v1/model/promote", "change"],
  ["DELETE", "/v1/model/delete?name=x", "change"],
  ["POST", "/api/v1/quarantine", "change"],
];

Deno.test("every guarded route refuses a wrong token with 403 (P042)", async () => {
  await using f = new Fixture();
  const wrong = [
    "",
    "Bearer",
    "Bearer ",
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ];
  for (const [method, path] of ROUTES) {
    for (const authorization of wrong) {
      const reply = await f.call(method, path, undefined, { authorization });
      assert.equal(reply.status, 403, `${method} ${path} ${authorization}`);
      assert.equal(reply.text, `{"error":"forbidden: invalid service token"}`);
    }
  }
});

const tokenless: [why: string, token: () => Promise<string | null>][] = [
  ["no token is configured", () => Promise.resolve(null)],
  ["the token file is gone", tokenReader({ serviceToken: null, paths: ["/nonexistent/token"] })],
];
for (const [why, token] of tokenless) {
  Deno.test(`every guarded route is closed with 503 when ${why}`, async () => {
    await using f = new Fixture({ token });
    for (const [method, path] of ROUTES) {
      const reply = await f.call(method, path, undefined, { authorization: "Bearer null" });
      assert.deepEqual([reply.status, reply.text], [503, `{"error":"service authentication unavailable"}\n`]);
      assert.equal(reply.headers.get("content-type"), "text/plain; charset=utf-8");
    }
    assert.equal((await f.call("GET", "/health")).status, 200);
  });
}

Deno.test("open reading serves clients without a token, and nothing that changes the registry", async () => {
  await using f = new Fixture({ reading: "open" });
  for (const [method, path, kind] of ROUTES) {
    const { status } = await f.call(method, path, undefined, { authorization: "" });
    if (kind === "change") assert.equal(status, 403, path);
    else assert.ok(status === 200 || status === 404, `${path}: ${status}`);
  }
});

Deno.test("a rotated token counts at the next request on both sides (P043, P044)", async () => {
  const directory = Deno.makeTempDirSync();
  const path = join(directory, "token");
  const write = (text: string) => Deno.writeTextFileSync(path, text, { mode: 0o600 });
  try {
    write("first-token\n");
    const token = tokenReader({ serviceToken: null, paths: [path] });
    await using f = new Fixture({ token });
    const stale = clientOf(f.url, { token: await frozen(token) });
    const client = clientOf(f.url, { token });
    assert.deepEqual(await client.list(), []);
    write("second-token\n");
    assert.deepEqual(await client.list(), []);
    await assert.rejects(stale.list(), { rule: "registry/forbidden" });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

async function frozen(token: () => Promise<string | null>) {
  const value = await token();
  return () => Promise.resolve(value);
}

Deno.test("a promotion for which the token cannot be read is not made", async () => {
  await using f = new Fixture();
  const token = () => Promise.reject(new UndecidedError("registry/token", "gone"));
  const answer = await clientOf(f.url, { token }).promote(f.put("m.gguf", "bytes"));
  assert.deepEqual(answer, { outcome: "unavailable", rule: "registry/token", message: "gone" });
  await assert.rejects(clientOf(f.url, { token }).find("m"), { rule: "registry/token" });
  assert.deepEqual(await f.client.list(), []);
});

Deno.test("a client without the token is forbidden and registers nothing (P046)", async () => {
  await using f = new Fixture();
  const answer = await clientOf(f.url, { token: () => Promise.resolve(null) }).promote(
    f.put("m.gguf", "bytes"),
  );
  assert.equal(answer.outcome === "refused" && answer.rule, "registry/forbidden");
  assert.deepEqual(await f.client.list(), []);
});
