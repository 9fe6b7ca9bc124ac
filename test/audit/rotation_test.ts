import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AuditLab, ticking } from "./lab.ts";

Deno.test("P084 P085: AuditChain rotates into read-only archives that verify as one chain", async () => {
  await using lab = await AuditLab.make();
  await lab.write(20, { maxSizeBytes: 1500, now: ticking() });
  const archives = (await lab.names()).filter((name) => name !== "quarantine-audit.jsonl");
  assert.ok(archives.length >= 3, `${archives.length} rotations`);
  for (const name of archives) {
    assert.match(name, /^quarantine-audit\.20260308-1430\d\d-\d{6}\.jsonl$/);
    const { mode, size } = await stat(join(lab.logs, name));
    assert.equal(mode & 0o7777, 0o444);
    assert.ok(size <= 1500);
  }
  const result = await lab.verify();
  assert.ok(result.valid, JSON.stringify(result));
  assert.deepEqual([result.entries, result.archives], [20, archives.length]);
});

Deno.test("AuditChain orders archives and overwrites none when the clock stands still or is set back", async () => {
  await using lab = await AuditLab.make();
  await lab.write(6, { maxSizeBytes: 600, now: () => new Date("2026-03-08T14:30:59.999Z") });
  await lab.write(6, { maxSizeBytes: 600, now: () => new Date("2001-01-01T00:00:00Z") });
  const result = await lab.verify();
  assert.ok(result.valid, JSON.stringify(result));
  assert.deepEqual([result.entries, result.archives], [12, 5]);
});

Deno.test("AuditChain writes an entry larger than the rotation size into a log of its own", async () => {
  await using lab = await AuditLab.make();
  await lab.write(3, { maxSizeBytes: 1 });
  const result = await lab.verify();
  assert.ok(result.valid);
  assert.deepEqual([result.entries, result.archives], [3, 2]);
});

const DAMAGE: [why: string, damage: (archives: string[]) => Promise<void>, entries: number][] = [
  ["the oldest archive is removed", ([oldest = ""]) => Deno.remove(oldest), 0],
  ["an archive in the middle is removed", ([, middle = ""]) => Deno.remove(middle), 2],
  ["an archive is emptied", ([, middle = ""]) => Deno.writeTextFile(middle, ""), 2],
  [
    "an archive is renamed to another order",
    ([oldest = ""]) => Deno.rename(oldest, oldest.replace("2026", "2036")),
    0,
  ],
];
for (const [why, damage, entries] of DAMAGE) {
  Deno.test(`AuditChain.verify() finds that ${why}`, async () => {
    await using lab = await AuditLab.make();
    await lab.write(8, { maxSizeBytes: 600 });
    const archives = (await lab.names()).slice(0, -1).map((name) => join(lab.logs, name));
    await damage(archives);
    const result = await lab.verify();
    assert.equal(result.valid, false);
    assert.equal(result.entries, entries);
  });
}

Deno.test("AuditChain.open() finds that the archive before an empty log is gone", async () => {
  await using lab = await AuditLab.make();
  let creations = 0;
  const step = (name: string) => {
    if (name === "create:open") creations++;
    if (creations === 2 && name === "append:write") throw new Error("crash");
  };
  await assert.rejects(lab.write(8, { maxSizeBytes: 600, step }));
  const [archive = ""] = await lab.names();
  await Deno.remove(join(lab.logs, archive));
  await assert.rejects(lab.open(), /log was changed or replaced/);
});
