import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { StartupError } from "../../src/model/mod.ts";
import { AuditLab } from "./lab.ts";

const KEY = new TextEncoder().encode("a key of an appliance");
const OTHER = new TextEncoder().encode("another key");

Deno.test("AuditChain with a key states its algorithm and verifies with that key only", async () => {
  await using lab = await AuditLab.make();
  await lab.write(3, { hmacKey: KEY });
  assert.equal((await lab.entries())[0]?.algorithm, "hmac-sha256");
  const right = await lab.verify(KEY);
  assert.ok(right.valid);
  assert.equal(right.algorithm, "hmac-sha256");
  const wrong = await lab.verify(OTHER);
  assert.ok(!wrong.valid);
  assert.match(wrong.reason, /Line 1 does not have the hash it states, or the key is not the one/);
  const none = await lab.verify();
  assert.ok(!none.valid);
  assert.match(none.reason, /Line 1 was written with a key, which is needed to verify it/);
});

Deno.test("AuditChain.verify() with a key refuses a chain rewritten without one", async () => {
  await using lab = await AuditLab.make();
  await lab.write(3);
  const result = await lab.verify(KEY);
  assert.ok(!result.valid);
  assert.match(result.reason, /Line 1 was written without the key/);
});

const OPENED: [why: string, wrote: Uint8Array | null, opens: Uint8Array | null, says: RegExp][] = [
  ["another key", KEY, OTHER, /was not written with this key, or was changed/],
  ["no key where there was one", KEY, null, /kept with a key, and no key was given/],
  ["a key where there was none", null, KEY, /A key was given, and the audit log was kept without one/],
];
for (const [why, wrote, opens, says] of OPENED) {
  Deno.test(`AuditChain.open() refuses ${why}`, async () => {
    await using lab = await AuditLab.make();
    await lab.write(2, wrote === null ? {} : { hmacKey: wrote });
    await assert.rejects(lab.open(opens === null ? {} : { hmacKey: opens }), (error) => {
      assert.ok(error instanceof StartupError);
      assert.equal(error.code, "audit/unavailable");
      assert.match(error.message, says);
      return true;
    });
  });
}

Deno.test("AuditChain.open() with a key refuses an anchor that was changed", async () => {
  await using lab = await AuditLab.make();
  await lab.write(3, { hmacKey: KEY });
  await writeFile(lab.anchor, (await readFile(lab.anchor, "utf8")).replace('"entries":3', '"entries":2'));
  await assert.rejects(lab.open({ hmacKey: KEY }), /was not written with this key, or was changed/);
});

Deno.test("AuditChain.open() refuses an empty key", async () => {
  await using lab = await AuditLab.make();
  await assert.rejects(lab.open({ hmacKey: new Uint8Array() }), /empty key/);
});
