import assert from "node:assert/strict";
import { appendFile, readFile, stat } from "node:fs/promises";
import { AuditChain, AuditError } from "../../src/audit/mod.ts";
import { AuditLab } from "./lab.ts";

Deno.test("P075 P076: AuditChain.append() writes one linked JSON line per event", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  const first = await chain.append("promoted", { filename: "m.gguf", sha256: "0".repeat(64) });
  const second = await chain.append("rejected", { filename: "é.gguf", severity: "CRITICAL" });
  assert.equal(first, "6f4b3e8e0b1ba6405effdb7c9155f293da6f717e6dce3b9f7cffa7b64fe545c4");
  assert.equal(
    (await readFile(lab.log, "utf8")).split("\n")[1],
    '{"timestamp":"2026-03-08T14:30:00+00:00","event":"rejected","data":{"filename":"\\u00e9.gguf",' +
      `"severity":"CRITICAL"},"prev_hash":"${first}","entry_hash":"${second}","algorithm":"sha256"}`,
  );
});

Deno.test("P077: AuditChain.verify() returns valid and the number of entries", async () => {
  await using lab = await AuditLab.make();
  await lab.write(42);
  const result = await lab.verify();
  const last_hash = (await lab.entries()).at(-1)?.entry_hash;
  assert.deepEqual(result, {
    valid: true,
    entries: 42,
    archives: 0,
    last_hash,
    algorithm: "sha256",
    anchored: true,
  });
});

Deno.test("AuditChain.open() makes the log with mode 0640 and continues it when opened again", async () => {
  await using lab = await AuditLab.make();
  await lab.write(2);
  await lab.write(3);
  assert.equal((await stat(lab.log)).mode & 0o7777, 0o640);
  const result = await lab.verify();
  assert.ok(result.valid);
  assert.equal(result.entries, 5);
});

Deno.test("AuditChain.append() keeps the order of calls that were not waited for", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  const hashes = await Promise.all(Array.from({ length: 50 }, (_, n) => chain.append("stage", { n })));
  const entries = await lab.entries();
  assert.deepEqual(entries.map((entry) => entry.data.n), Array.from({ length: 50 }, (_, n) => n));
  assert.deepEqual(entries.map((entry) => entry.entry_hash), hashes);
  assert.equal((await lab.verify()).valid, true);
});

Deno.test("AuditChain.append() records data as it was when it was called", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  const data = { filename: "a.gguf" };
  const appended = chain.append("stage", data);
  data.filename = "b.gguf";
  await appended;
  assert.equal((await lab.entries())[0]?.data.filename, "a.gguf");
});

Deno.test("P079: AuditChain.append() redacts what must not be in the log", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  await chain.append("rejected", { reason: "cannot read /home/alice/m.gguf" });
  assert.equal((await lab.entries())[0]?.data.reason, "cannot read [path]");
});

const UNRECORDABLE: [why: string, event: string, data: Record<string, number | string>][] = [
  ["a fraction", "stage", { score: 0.12 }],
  ["an event with a newline", "stage\n", {}],
  ["an event without a name", "", {}],
  ["more than an entry may hold", "stage", { text: "x".repeat(256 * 1024) }],
];
for (const [why, event, data] of UNRECORDABLE) {
  Deno.test(`AuditChain.append() refuses ${why}, writes nothing and goes on`, async () => {
    await using lab = await AuditLab.make();
    await using chain = await lab.open();
    await assert.rejects(chain.append(event, data), TypeError);
    await chain.append("stage", { filename: "m.gguf" });
    assert.equal((await lab.entries()).length, 1);
  });
}

Deno.test("AuditChain.append() writes and reads back the largest entry", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  await chain.append("stage", { text: "x".repeat(255 * 1024 - 20) });
  await chain.append("stage", { text: "é".repeat(1000) });
  assert.equal((await lab.verify()).valid, true);
  await lab.open().then((again) => again.close());
});

Deno.test("AuditChain.append() throws and stops for good when the log is no longer there", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  await chain.append("stage", { n: 1 });
  await Deno.rename(lab.log, `${lab.log}.away`);
  await Deno.mkdir(lab.log);
  await assert.rejects(chain.append("stage", { n: 2 }), AuditError);
  await Deno.remove(lab.log);
  await Deno.rename(`${lab.log}.away`, lab.log);
  await assert.rejects(chain.append("stage", { n: 3 }), AuditError);
  await using again = await lab.open();
  await again.append("stage", { n: 4 });
  assert.deepEqual((await lab.entries()).map((entry) => entry.data.n), [1, 4]);
});

Deno.test("AuditChain.append() throws when the anchor cannot be written, and the entry is there afterwards", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  await Deno.mkdir(`${lab.anchor}.tmp`);
  await assert.rejects(chain.append("stage", { n: 1 }), AuditError);
  await Deno.remove(`${lab.anchor}.tmp`);
  await lab.write(1);
  assert.equal((await lab.entries()).length, 2);
  assert.equal((await lab.verify()).valid, true);
});

Deno.test("AuditChain.append() throws when another program wrote to the log", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  await appendFile(lab.log, "x\n");
  await assert.rejects(chain.append("stage", {}), /Another program wrote to the audit log/);
});

Deno.test("AuditChain.findLast() finds the newest match in the log, else in the newest archive", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open({ maxSizeBytes: 700 });
  for (const claim of ["a", "b", "a", "c"]) await chain.append("promoted", { claim });
  const find = async (claim: string) =>
    (await chain.findLast((entry) => entry.event === "promoted" && entry.data.claim === claim))?.prev_hash;
  assert.equal((await lab.names()).length, 2);
  assert.equal(await find("c"), (await lab.entries()).at(-1)?.prev_hash);
  assert.equal(await find("a"), (await lab.entries())[0]?.prev_hash);
  assert.match(await find("b") ?? "", /^[0-9a-f]{64}$/);
  assert.equal(await find("d"), undefined);
});

Deno.test("P163: AuditChain.verify() finds the chain whole at any moment beside a running writer", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open({ maxSizeBytes: 4000 });
  const writing = Promise.all(Array.from({ length: 100 }, (_, n) => chain.append("stage", { n })));
  for (let i = 0; i < 20; i++) {
    const result = await lab.verify();
    assert.ok(result.valid, JSON.stringify(result));
  }
  await writing;
});

Deno.test("AuditChain.verify() refuses a log that is not there", async () => {
  await using lab = await AuditLab.make();
  const result = await AuditChain.verify(lab.log);
  assert.ok(!result.valid);
  assert.equal(result.reason, "There is no log.");
});
