import assert from "node:assert/strict";
import { join } from "node:path";
import { Fixture, request, sha256, TOKEN } from "./fixture.ts";

const plainText = "text/plain; charset=utf-8";

Deno.test("a promoted model is found by every reading route (P041, P126, P127, P149)", async () => {
  await using f = new Fixture();
  const model = f.put("tiny.Q4_K_M.gguf", "GGUF tiny", { source_revision: "main" });
  const answer = await f.client.promote(model);
  assert.equal(answer.outcome, "promoted");
  const entry = {
    name: "tiny.Q4_K_M",
    format: "gguf",
    filename: "tiny.Q4_K_M.gguf",
    sha256: sha256("GGUF tiny"),
    size_bytes: 9,
    promoted_at: "2026-03-08T14:30:00Z",
    scan_results: { source_policy: "pass", diffusion_deep_scan: "skip" },
    scanner_versions: { modelscan: "0.8.8" },
    policy_version: "ab".repeat(32),
    source_revision: "main",
  };
  const path = join(f.registryDir, "tiny.Q4_K_M.gguf");
  const routes: [method: string, path: string, expected: unknown][] = [
    ["GET", "/health", { status: "ok", model_count: 1, dialect: "a", registry_dir: f.registryDir }],
    ["GET", "/v1/models", [entry]],
    ["GET", "/v1/model?name=tiny.Q4_K_M", entry],
    ["GET", "/v1/model/path?name=tiny.Q4_K_M", { path }],
    ["GET", "/v1/integrity/status", { status: "unknown", detail: "no integrity check has run yet" }],
  ];
  for (const [method, target, expected] of routes) {
    const reply = await f.call(method, target);
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, expected], target);
    assert.match(reply.headers.get("content-type") ?? "", /^application\/json/);
  }
  assert.equal((await f.client.find("tiny.Q4_K_M"))?.sha256, model.sha256);
  assert.deepEqual((await f.client.list()).map((m) => m.filename), ["tiny.Q4_K_M.gguf"]);
  assert.equal(await f.client.find("other"), null);
});

Deno.test("an empty registry lists a bare empty array, and /health needs no token", async () => {
  await using f = new Fixture();
  assert.equal((await f.call("GET", "/v1/models")).text, "[]");
  assert.equal((await f.call("GET", "/health", undefined, { authorization: "" })).status, 200);
});

Deno.test("promote answers 201 with the artifact, and 201 with the same one when asked again", async () => {
  await using f = new Fixture();
  const model = f.put("m.gguf", "bytes");
  // Keys of other dialects and null values are accepted, empty values are left out of the reply.
  const body = { ...model, staged_filename: "x", policy_bundle: {}, source: null, scanner_versions: {} };
  const first = await f.call("POST", "/v1/model/promote", body);
  assert.equal(first.status, 201);
  const keys = Object.keys(JSON.parse(first.text));
  assert.deepEqual(keys, [
    "name",
    "format",
    "filename",
    "sha256",
    "size_bytes",
    "promoted_at",
    "scan_results",
    "policy_version",
  ]);
  const second = await f.call("POST", "/v1/model/promote", { ...body, policy_version: "other" });
  assert.deepEqual([second.status, second.text], [201, first.text]);
  assert.equal(f.manifest().models.length, 1);
});

Deno.test("many promotions at once register each model once", async () => {
  await using f = new Fixture();
  const models = Array.from({ length: 12 }, (_, i) => f.put(`m${i % 6}.gguf`, `bytes ${i % 6}`));
  const outcomes = await Promise.all(models.map((model) => f.client.promote(model)));
  assert.ok(outcomes.every((answer) => answer.outcome === "promoted"));
  assert.equal(f.manifest().models.length, 6);
});

Deno.test("two quantisations of one model get two names; one name with another digest is a conflict", async () => {
  await using f = new Fixture();
  const q4 = f.put("m.Q4_K_M.gguf", "four bits");
  assert.equal((await f.client.promote(q4)).outcome, "promoted");
  assert.equal((await f.client.promote(f.put("m.Q8_0.gguf", "eight bits"))).outcome, "promoted");
  assert.deepEqual((await f.client.list()).map((m) => m.name), ["m.Q4_K_M", "m.Q8_0"]);
  const answer = await f.client.promote(f.put("other.gguf", "other", { name: "m.Q4_K_M" }));
  assert.equal(answer.outcome === "refused" && answer.rule, "registry/conflict");
  assert.equal((await f.client.find("m.Q4_K_M"))?.sha256, q4.sha256);
});

Deno.test("directories are registered by their digest, and by what is in them", async () => {
  await using f = new Fixture();
  f.putTree("sdxl", { "model_index.json": "{}", "unet/w.safetensors": "abc" });
  f.putTree("llama", { "config.json": "{}", "model.safetensors": "abc" });
  const golden = "a727eabdf254ef4cd4aa3282ef2e0dea09b507c539aed3091aabec771371faec";
  const sdxl = await f.client.promote(request("sdxl", "abc{}", { sha256: golden }));
  assert.equal(sdxl.outcome === "promoted" && sdxl.entry.format, "diffusion-directory");
  assert.equal(sdxl.outcome === "promoted" && sdxl.entry.size_bytes, 5);
  const wrong = await f.call("POST", "/v1/model/promote", request("llama", "x"));
  const actual = /the file has ([0-9a-f]{64})/.exec(wrong.text)?.[1] ?? "";
  const llama = await f.client.promote(request("llama", "abc{}", { sha256: actual }));
  assert.equal(llama.outcome === "promoted" && llama.entry.format, "model-directory");
});

const badBodies: [why: string, body: unknown, status: number, text: string | RegExp][] = [
  ["no JSON", "{", 400, "invalid request body\n"],
  ["nothing", "", 400, "invalid request body\n"],
  ["a list", [], 400, "invalid request body\n"],
  ["null", "null", 400, "invalid request body\n"],
  ["two objects", "{}{}", 400, "invalid request body\n"],
  ["policy_version as an object", { policy_version: { hash: "ab" } }, 400, "invalid request body\n"],
  ["a number in scan_results", { scan_results: { a: 1 } }, 400, "invalid request body\n"],
  ["65 scan results", { scan_results: many(65) }, 400, "invalid request body\n"],
  ["a long source", { source: "x".repeat(4097) }, 400, "invalid request body\n"],
  ["no name", { name: undefined }, 400, "name, filename, and sha256 are required\n"],
  ["a blank name", { name: "  " }, 400, "name, filename, and sha256 are required\n"],
  ["no filename", { filename: "" }, 400, "name, filename, and sha256 are required\n"],
  ["no digest", { sha256: null }, 400, "name, filename, and sha256 are required\n"],
  ["NUL in the name", { name: "a\0" }, 400, /^invalid name: /],
  ["a name of 513", { name: "x".repeat(513) }, 400, /^invalid name: /],
  ["a path as filename", { filename: "../m.gguf" }, 400, /^invalid filename: /],
  ["a backslash in the filename", { filename: "a\\m.gguf" }, 400, /^invalid filename: /],
  ["NUL in the filename", { filename: "m.gguf\0" }, 400, /^invalid filename: /],
  ["a hidden filename", { filename: ".m.gguf" }, 400, /^invalid filename: /],
  ["dot dot as filename", { filename: ".." }, 400, /^invalid filename: /],
  ["a filename of 256 bytes", { filename: "é".repeat(128) }, 400, /^invalid filename: /],
  ["an upper-case digest", { sha256: "A".repeat(64) }, 400, /^sha256 must be a lowercase 64-/],
  [
    "the manifest as model",
    { filename: "manifest.json" },
    403,
    /^format "" not allowed; permitted: gguf, safe/,
  ],
  ["a pickle", { filename: "m.pt" }, 403, /^format "" not allowed; permitted: gguf, safetensors, /],
  [
    "a missing file",
    { filename: "none.gguf" },
    409,
    "hash verification failed: no such file in the registry directory\n",
  ],
  [
    "another digest",
    { sha256: "0".repeat(64) },
    409,
    /^hash verification failed: expected 0{64}, the file has /,
  ],
  ["another size", { size_bytes: 6 }, 409, "size_bytes does not match copied artifact\n"],
  [
    "an empty file",
    { filename: "empty.gguf", sha256: sha256("") },
    403,
    "artifact validation failed: it is empty\n",
  ],
  [
    "a symbolic link",
    { filename: "link.gguf" },
    403,
    /^artifact validation failed: .* is not a regular file\n/,
  ],
  ["a hard link", { filename: "hard.gguf" }, 403, /^artifact validation failed: .* has 2 names\n/],
  ["a pipe", { filename: "pipe.gguf" }, 403, /^artifact validation failed: .* is not a regular file\n/],
  [
    "a link in a directory",
    { filename: "tree" },
    403,
    /^artifact validation failed: "unet\/l" is not a regular file\n/,
  ],
  [
    "a hard link in a directory",
    { filename: "tree2" },
    403,
    /^artifact validation failed: "h" has 2 names\n/,
  ],
];

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "pass"]));
}

Deno.test("promote refuses, in the words of its dialect", async (t) => {
  await using f = new Fixture();
  const model = f.put("m.gguf", "bytes");
  f.put("m.pt", "bytes");
  f.put("empty.gguf", "");
  Deno.symlinkSync("m.gguf", join(f.registryDir, "link.gguf"));
  f.put("two.gguf", "bytes");
  Deno.linkSync(join(f.registryDir, "two.gguf"), join(f.registryDir, "hard.gguf"));
  await new Deno.Command("mkfifo", { args: [join(f.registryDir, "pipe.gguf")] }).output();
  f.putTree("tree", { "unet/w": "x" });
  Deno.symlinkSync("w", join(f.registryDir, "tree/unet/l"));
  f.putTree("tree2", { "h": "x" });
  Deno.linkSync(join(f.registryDir, "tree2/h"), join(f.root, "elsewhere"));
  await f.client.promote(f.put("good.gguf", "good"));
  for (const [why, body, status, text] of badBodies) {
    await t.step(why, async () => {
      const sent = typeof body === "string" || Array.isArray(body) ? body : { ...model, ...Object(body) };
      const reply = await f.call("POST", "/v1/model/promote", sent);
      assert.equal(reply.status, status, reply.text);
      if (typeof text === "string") assert.equal(reply.text, text);
      else assert.match(reply.text, text);
      assert.equal(reply.headers.get("content-type"), plainText);
      assert.equal(reply.headers.get("x-content-type-options"), "nosniff");
    });
  }
  assert.deepEqual((await f.client.list()).map((m) => m.name), ["good"]);
});

Deno.test("a body of 1 MiB is read, one byte more is not", async () => {
  await using f = new Fixture();
  const pad = (size: number) => `{"pad":"${"x".repeat(size - 10)}"}`;
  const limit = 1024 * 1024;
  assert.equal((await f.call("POST", "/v1/model/promote", pad(limit))).status, 400);
  const over = await f.call("POST", "/v1/model/promote", pad(limit + 1));
  assert.deepEqual([over.status, over.text], [413, "request too large\n"]);
});

Deno.test("what does not exist is 404, what is not asked for rightly 400 or 405", async () => {
  await using f = new Fixture();
  const rows: [method: string, path: string, status: number, text: string][] = [
    ["GET", "/v1/model", 400, "missing ?name= parameter\n"],
    ["GET", "/v1/model?name=x", 404, "model not found\n"],
    ["GET", "/v1/model/path?name=x", 404, "model not found\n"],
    ["POST", "/v1/model/verify", 400, "missing ?name= parameter\n"],
    ["POST", "/v1/model/verify?name=x", 404, "model not found\n"],
    ["POST", "/v1/model/verify-manifest?name=x", 404, "model not found\n"],
    ["DELETE", "/v1/model/delete", 400, "missing ?name= parameter\n"],
    ["DELETE", "/v1/model/delete?name=x", 404, "model not found\n"],
    ["POST", "/v1/models", 405, "method not allowed\n"],
    ["POST", "/health", 405, "method not allowed\n"],
    ["GET", "/v1/model/promote", 405, "method not allowed\n"],
    ["POST", "/v1/model/delete?name=x", 405, "method not allowed\n"],
    ["GET", "/", 404, "404 page not found\n"],
    ["GET", "/v1/stats", 404, "404 page not found\n"],
  ];
  for (const [method, path, status, text] of rows) {
    const reply = await f.call(method, path);
    assert.deepEqual([reply.status, reply.text], [status, text], `${method} ${path}`);
  }
});

Deno.test("verify hashes the bytes again (P162), and says so as the older clients expect", async () => {
  await using f = new Fixture();
  const a = f.put("a.gguf", "aaaa");
  const b = f.put("b.gguf", "bbbb");
  for (const model of [a, b]) await f.client.promote(model);
  const verified = await f.call("POST", "/v1/model/verify?name=a");
  assert.equal(verified.status, 200);
  assert.deepEqual(JSON.parse(verified.text), {
    name: "a",
    status: "verified",
    sha256: a.sha256,
    safe_to_use: "true",
  });
  const good = await f.call("POST", "/v1/models/verify-all");
  assert.equal(good.status, 200);
  assert.deepEqual(JSON.parse(good.text), {
    status: "ok",
    models: [{ name: "a", status: "verified", sha256: a.sha256 }, {
      name: "b",
      status: "verified",
      sha256: b.sha256,
    }],
    checked: 2,
  });

  Deno.writeTextFileSync(join(f.registryDir, "b.gguf"), "bbbX");
  const failed = {
    name: "b",
    status: "failed",
    expected: b.sha256,
    actual: sha256("bbbX"),
    error: "hash mismatch",
  };
  const one = await f.call("POST", "/v1/model/verify?name=b");
  assert.deepEqual([one.status, JSON.parse(one.text)], [409, { ...failed, safe_to_use: "false" }]);
  const all = await f.call("POST", "/v1/models/verify-all");
  assert.equal(all.status, 409);
  assert.deepEqual(JSON.parse(all.text).models[1], failed);
  assert.equal((await f.call("GET", "/v1/integrity/status")).text, all.text);

  Deno.removeSync(join(f.registryDir, "b.gguf"));
  assert.equal((await f.call("POST", "/v1/model/verify?name=b")).status, 409);
  const path = await f.call("GET", "/v1/model/path?name=b");
  assert.deepEqual([path.status, path.text], [404, "model file not found on disk\n"]);
});

Deno.test("verify-manifest says what it did not check", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("a.gguf", "a"));
  await f.client.promote(f.put("b.gguf", "b", { gguf_guard_manifest: "b.gguf.manifest.json" }));
  const reason = async (name: string) =>
    JSON.parse((await f.call("POST", `/v1/model/verify-manifest?name=${name}`)).text);
  assert.deepEqual(await reason("a"), {
    status: "skipped",
    name: "a",
    reason: "no gguf-guard manifest available",
  });
  assert.deepEqual(await reason("b"), {
    status: "skipped",
    name: "b",
    reason: "this registry does not run gguf-guard",
  });
});

Deno.test("delete removes the bytes and the entry", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("m one.gguf", "bytes"));
  assert.equal(await f.client.remove("m one"), "removed");
  assert.equal(await f.client.remove("m one"), "absent");
  assert.deepEqual(f.manifest().models, []);
  assert.deepEqual([...Deno.readDirSync(f.registryDir)].map((e) => e.name), ["manifest.json"]);
});

Deno.test("a manifest that somebody else changed: /health says so and nothing is written over it", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("m.gguf", "bytes"));
  const changed = Deno.readTextFileSync(f.manifestPath).replace('"m"', '"n"');
  Deno.writeTextFileSync(f.manifestPath, changed);
  const health = await f.call("GET", "/health");
  assert.deepEqual([health.status, JSON.parse(health.text)], [503, {
    status: "degraded",
    model_count: 1,
    dialect: "a",
    error: "registry enrollment metadata is unavailable or changed",
  }]);
  const refusal = "failed to save manifest: manifest.json was changed by another program\n";
  const promoted = await f.call("POST", "/v1/model/promote", f.put("o.gguf", "other"));
  assert.deepEqual([promoted.status, promoted.text], [500, refusal]);
  const deleted = await f.call("DELETE", "/v1/model/delete?name=m");
  assert.deepEqual([deleted.status, deleted.text], [500, refusal]);
  assert.ok(Deno.statSync(join(f.registryDir, "m.gguf")));
  assert.equal(Deno.readTextFileSync(f.manifestPath), changed);
});

Deno.test("the selector of the inference worker can use the first gguf entry (P155, P156)", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("weights.safetensors", "not for llama"));
  await f.client.promote(f.put("first.gguf", "first"));
  await f.client.promote(f.put("second.gguf", "second"));
  // What the selector does, step by step, on the file itself.
  const entry = f.manifest().models.find((model) => model.format === "gguf");
  const filename = String(entry?.filename);
  assert.equal(filename, "first.gguf");
  assert.match(String(entry?.sha256), /^[0-9a-f]{64}$/);
  const path = join(f.registryDir, filename);
  assert.ok(Deno.lstatSync(path).isFile);
  assert.equal(sha256(Deno.readFileSync(path)), entry?.sha256);
  assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o222, 0);
});

Deno.test("the token never comes back in a reply", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("m.gguf", "bytes"));
  for (const path of ["/health", "/v1/models", "/v1/integrity/status"]) {
    const reply = await f.call("GET", path);
    assert.ok(!reply.text.includes(TOKEN) && ![...reply.headers.values()].join().includes(TOKEN));
  }
  assert.deepEqual(f.reports, []);
});
