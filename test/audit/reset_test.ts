import assert from "node:assert/strict";
import { copyFile, readFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuditChain } from "../../src/audit/mod.ts";
import { StartupError } from "../../src/model/mod.ts";
import { AuditLab } from "./lab.ts";

const LOST: [why: string, lose: (lab: AuditLab) => Promise<void>, says: RegExp][] = [
  ["the log is gone", (lab) => Deno.remove(lab.log), /The last 5 entries that were written are missing/],
  ["the log was emptied in place", (lab) => truncate(lab.log, 0), /cut in place from \d+ to 0 bytes/],
  ["the last line was removed", async (lab) => {
    const lines = (await readFile(lab.log, "utf8")).split("\n");
    await writeFile(lab.log, lines.toSpliced(-2, 1).join("\n"));
  }, /cut in place/],
  ["the log was replaced by an empty one", async (lab) => {
    await rename(lab.log, `${lab.log}.1`);
    await writeFile(lab.log, "");
  }, /The last 5 entries that were written are missing/],
  ["the last entry was changed", async (lab) => {
    await writeFile(lab.log, (await readFile(lab.log, "utf8")).replace("m4.gguf", "m9.gguf"));
  }, /last entry that the anchor knows is not in the audit log/],
  ["a line was added by another program", async (lab) => {
    await writeFile(lab.log, "{}\n{}\n", { flag: "a" });
  }, /is not an audit entry/],
  ["the log is a link", async (lab) => {
    await rename(lab.log, `${lab.log}.1`);
    await Deno.symlink(`${lab.log}.1`, lab.log);
  }, /not a regular file/],
  ["the log is a directory", async (lab) => {
    await Deno.remove(lab.log);
    await Deno.mkdir(lab.log);
  }, /not a regular file/],
  [
    "the anchor is gone",
    (lab) => Deno.remove(lab.anchor),
    /the anchor that says how long it must be is missing/,
  ],
  ["the anchor is empty", (lab) => writeFile(lab.anchor, ""), /anchor of the audit log is not JSON/],
  ["the anchor lacks a field", (lab) => writeFile(lab.anchor, '{"schema":1}'), /lacks a field/],
];
for (const [why, lose, says] of LOST) {
  Deno.test(`AuditChain.open() refuses when ${why}, until an operator accepts a new chain`, async () => {
    await using lab = await AuditLab.make();
    await lab.write(5);
    await lose(lab);
    await assert.rejects(lab.open(), (error) => {
      assert.ok(error instanceof StartupError && error.code === "audit/unavailable");
      assert.match(error.message, says);
      return true;
    });
    await lab.open({ acceptReset: true }).then((chain) => chain.close());
    const [reset] = await lab.entries();
    assert.equal(reset?.event, "audit-reset");
    assert.equal(reset.data.severity, "CRITICAL");
    assert.match(String(reset.data.cause), says);
    await lab.write(1);
    const result = await lab.verify();
    assert.ok(result.valid, JSON.stringify(result));
    assert.equal(result.entries, 2);
  });
}

Deno.test("P176: logrotate with copytruncate is found at the next entry and at the next start", async () => {
  await using lab = await AuditLab.make();
  await using chain = await lab.open();
  await chain.append("stage", { n: 1 });
  await copyFile(lab.log, `${lab.log}.1`);
  await truncate(lab.log, 0);
  await assert.rejects(chain.append("stage", { n: 2 }), /logrotate with copytruncate/);
  await assert.rejects(lab.open(), /logrotate with copytruncate/);
  assert.equal((await lab.verify()).valid, false);
});

Deno.test("P176 P179: a reset keeps every old file where the old chain still verifies", async () => {
  await using lab = await AuditLab.make();
  await lab.write(8, { maxSizeBytes: 600 });
  const before = await AuditChain.verify(lab.log);
  await Deno.remove(lab.anchor);
  for (const again of [1, 2]) {
    await lab.open({ acceptReset: true }).then((chain) => chain.close());
    const setAside = String((await lab.entries())[0]?.data.set_aside);
    assert.match(setAside, /^quarantine-audit\.broken-\d{8}-\d{6}-\d{6}$/);
    const kept = await AuditChain.verify(join(lab.logs, setAside, "quarantine-audit.jsonl"));
    if (again === 1) assert.deepEqual(kept, before);
    assert.equal(kept.valid, true);
    await Deno.remove(lab.anchor);
  }
});

Deno.test("AuditChain.open() ignores acceptReset when the chain holds", async () => {
  await using lab = await AuditLab.make();
  await lab.write(3);
  await lab.write(1, { acceptReset: true });
  assert.equal((await lab.entries()).length, 4);
});

Deno.test("AuditChain.open() takes over a log that was restored whole, and records that it moved", async () => {
  await using lab = await AuditLab.make();
  await lab.write(6, { maxSizeBytes: 600 });
  await copyFile(lab.log, `${lab.log}.copy`);
  await rename(`${lab.log}.copy`, lab.log);
  await lab.write(1);
  assert.deepEqual((await lab.entries()).slice(-2).map((entry) => entry.event), ["audit-moved", "stage"]);
  assert.equal((await lab.verify()).valid, true);
});

Deno.test("AuditChain.open() refuses a restored log whose history was changed", async () => {
  await using lab = await AuditLab.make();
  await lab.write(6);
  await writeFile(`${lab.log}.copy`, (await readFile(lab.log, "utf8")).replace("m1.gguf", "m9.gguf"));
  await rename(`${lab.log}.copy`, lab.log);
  await assert.rejects(lab.open(), /does not have the hash it states/);
});

Deno.test("AuditChain.open() refuses an anchor of a newer build, whatever is accepted", async () => {
  await using lab = await AuditLab.make();
  await lab.write(1);
  await writeFile(lab.anchor, '{"schema":2}');
  await assert.rejects(
    lab.open({ acceptReset: true }),
    (error) => error instanceof StartupError && error.code === "state/newer-schema",
  );
});
