import assert from "node:assert/strict";
import { join } from "node:path";
import { Fixture, request, sha256 } from "./fixture.ts";

Deno.test("containment takes a promoted model out of use and keeps its bytes (P152)", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("m.gguf", "bytes"));
  f.putTree("sdxl", { "model_index.json": "{}", "unet/w.safetensors": "abc" });
  const golden = "a727eabdf254ef4cd4aa3282ef2e0dea09b507c539aed3091aabec771371faec";
  await f.client.promote(request("sdxl", "abc{}", { sha256: golden }));
  Deno.chmodSync(join(f.registryDir, "sdxl/unet"), 0o555);

  const incident = "INC-20260308-143000-0001";
  const prefix = `contained-${sha256(incident).slice(0, 12)}-`;
  const orders = [
    [{ model_name: "m" }, "m", "m.gguf"],
    [{ model_path: join(f.registryDir, "sdxl") }, "sdxl", "sdxl"],
  ] as const;
  for (const [which, name, filename] of orders) {
    const order = { action: "quarantine", incident_id: incident, ...which };
    const reply = await f.call("POST", "/api/v1/quarantine", order);
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(JSON.parse(reply.text), {
      status: "quarantined",
      incident_id: incident,
      model_name: name,
      original_filename: filename,
      containment_filename: prefix + filename,
      manifest_updated: true,
    });
    assert.ok(Deno.lstatSync(join(f.containedDir, prefix + filename)));
    assert.equal((await f.call("POST", "/api/v1/quarantine", order)).status, 404);
  }
  assert.deepEqual(await f.client.list(), []);
  assert.deepEqual([...Deno.readDirSync(f.registryDir)].map((e) => e.name), ["manifest.json"]);
});

Deno.test("containment refuses orders it cannot follow, and finishes one that a crash interrupted", async () => {
  await using f = new Fixture();
  await f.client.promote(f.put("m.gguf", "bytes"));
  const order = { action: "quarantine", incident_id: "INC-1", model_name: "m" };
  const rows: [order: unknown, status: number, text: string][] = [
    [{ ...order, action: "delete" }, 400, "action=quarantine and incident_id are required\n"],
    [{ ...order, incident_id: " " }, 400, "action=quarantine and incident_id are required\n"],
    [{ ...order, model_name: "" }, 400, "model_name or model_path is required\n"],
    [{ ...order, model_name: "n" }, 404, "model not found\n"],
    [{ ...order, model_name: null, model_path: "/etc/passwd" }, 404, "model not found\n"],
  ];
  for (const [body, status, text] of rows) {
    const reply = await f.call("POST", "/api/v1/quarantine", body);
    assert.deepEqual([reply.status, reply.text], [status, text]);
  }
  const target = join(f.containedDir, `contained-${sha256("INC-1").slice(0, 12)}-m.gguf`);
  Deno.mkdirSync(f.containedDir);
  Deno.writeTextFileSync(target, "something else");
  const taken = await f.call("POST", "/api/v1/quarantine", order);
  assert.deepEqual([taken.status, taken.text], [409, "containment target already exists\n"]);
  Deno.renameSync(join(f.registryDir, "m.gguf"), target); // moved, then the power went
  assert.equal((await f.call("POST", "/api/v1/quarantine", order)).status, 200);
  assert.deepEqual(f.manifest().models, []);
});
