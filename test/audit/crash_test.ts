import assert from "node:assert/strict";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { AuditChain, type AuditStep } from "../../src/audit/mod.ts";
import { AuditLab, ticking } from "./lab.ts";

class Crash extends Error {}

/** Counts the steps and throws before step number `at`. */
function crashingAt(at: number): { step: (step: AuditStep) => void; seen: AuditStep[] } {
  const seen: AuditStep[] = [];
  return {
    seen,
    step(step) {
      seen.push(step);
      if (seen.length === at) throw new Crash(step);
    },
  };
}

/** Twelve entries over at least three rotations. Returns how many appends returned. */
async function admit(lab: AuditLab, step: (step: AuditStep) => void): Promise<number> {
  let returned = 0;
  await using chain = await lab.open({ step, maxSizeBytes: 1100, now: ticking() });
  while (returned < 12) {
    const appended = await chain.append("stage", { filename: "m.gguf", n: returned }).catch(() => null);
    if (appended === null) return returned;
    returned++;
  }
  return returned;
}

Deno.test("P085: a crash before any step of creation, append and rotation loses no entry that was recorded", async () => {
  const met = new Set<AuditStep>();
  for (let at = 1;; at++) {
    await using lab = await AuditLab.make();
    const { step, seen } = crashingAt(at);
    const returned = await admit(lab, step).catch(() => 0);
    await lab.write(1, { maxSizeBytes: 1100, now: ticking("2026-03-09T00:00:00Z") });
    const result = await lab.verify();
    const where = `step ${at}, ${seen.at(-1)}`;
    assert.ok(result.valid, `${where}: ${JSON.stringify(result)}`);
    const extra = result.entries - returned - 1;
    assert.ok(extra === 0 || extra === 1, `${where}: ${returned} recorded, ${result.entries} found`);
    seen.forEach((name) => met.add(name));
    if (seen.length < at) break;
  }
  const expected = [
    "append:sync",
    "append:write",
    "anchor:rename",
    "anchor:write",
    "create:mode",
    "create:open",
  ];
  assert.deepEqual([...met].sort(), [...expected, "create:sync", "rotate:protect", "rotate:rename"].sort());
});

Deno.test("AuditChain.open() makes an archive read-only that a crash left writable", async () => {
  await using lab = await AuditLab.make();
  const step = (name: AuditStep) => {
    if (name === "rotate:protect") throw new Crash();
  };
  await assert.rejects(lab.write(8, { maxSizeBytes: 600, step }));
  await lab.write(1);
  for (const name of (await lab.names()).slice(0, -1)) {
    assert.equal(((await Deno.stat(`${lab.logs}/${name}`)).mode ?? 0) & 0o7777, 0o444);
  }
});

Deno.test("AuditChain.open() repairs a last line torn after any byte and records what it found", async () => {
  await using lab = await AuditLab.make();
  await lab.write(2);
  const anchored = await readFile(lab.anchor);
  const short = (await readFile(lab.log)).byteLength;
  await lab.write(1);
  const whole = await readFile(lab.log);
  for (let length = short + 1; length < whole.byteLength; length += 7) {
    await writeFile(lab.log, whole.subarray(0, length));
    await writeFile(lab.anchor, anchored);
    await lab.write(1);
    const entries = await lab.entries();
    assert.deepEqual(entries.map((entry) => entry.event), ["stage", "stage", "audit-repaired", "stage"]);
    assert.deepEqual(entries[2]?.data, {
      severity: "WARNING",
      torn_bytes: length - short,
      torn_base64: whole.subarray(short, length).toBase64(),
      torn_sha256: entries[2]?.data.torn_sha256,
    });
    assert.equal((await lab.verify()).valid, true);
  }
});

Deno.test("AuditChain.open() adopts entries that were recorded after the anchor", async () => {
  await using lab = await AuditLab.make();
  await lab.write(2);
  const anchored = await readFile(lab.anchor);
  await lab.write(3);
  await writeFile(lab.anchor, anchored);
  await using chain = await lab.open();
  assert.equal(chain.entries, 5);
  assert.equal((await lab.verify()).valid, true);
});

Deno.test("AuditChain.open() repairs a garbled last line after the anchor, and refuses one before the last", async () => {
  await using lab = await AuditLab.make();
  await lab.write(2);
  const anchored = await readFile(lab.anchor);
  const short = (await readFile(lab.log)).byteLength;
  await lab.write(2);
  const whole = await readFile(lab.log);
  await writeFile(lab.anchor, anchored);
  await writeFile(lab.log, whole.fill(0, short + 10, short + 20));
  await assert.rejects(lab.open(), /The line at byte \d+ of quarantine-audit.jsonl is not an audit entry/);
  await truncate(lab.log, short + whole.subarray(short).indexOf("\n") + 1);
  await lab.write(1);
  assert.deepEqual((await lab.entries()).map((entry) => entry.event), [
    "stage",
    "stage",
    "audit-repaired",
    "stage",
  ]);
});

Deno.test("a crash before any step of a repair leaves a log that the next start continues", async () => {
  for (let at = 1;; at++) {
    await using lab = await AuditLab.make();
    await lab.write(2);
    await writeFile(lab.log, '{"timestamp":', { flag: "a" });
    const { step, seen } = crashingAt(at);
    await lab.open({ step }).then((chain) => chain.close(), () => {});
    await lab.write(1);
    assert.equal((await lab.verify()).valid, true, `step ${at}, ${seen.at(-1)}`);
    if (seen.length < at) break;
  }
});

Deno.test("a crash before any step of a reset leaves a log that is refused until the reset is recorded", async () => {
  for (const lost of ["log", "anchor"] as const) {
    for (let at = 1;; at++) {
      await using lab = await AuditLab.make();
      await lab.write(6, { maxSizeBytes: 600 });
      if (lost === "log") await truncate(lab.log, 10);
      else await Deno.remove(lab.anchor);
      const { step, seen } = crashingAt(at);
      const open = (acceptReset: boolean) => lab.open({ acceptReset }).then((chain) => chain.close());
      await lab.open({ step, acceptReset: true }).then((chain) => chain.close(), () => {});
      const where = `${lost}, step ${at}, ${seen.at(-1)}`;
      if (seen.length >= at) {
        await assert.rejects(open(false), where);
        await open(true);
      }
      const [first] = await lab.entries();
      assert.deepEqual([first?.event, first?.data.severity], ["audit-reset", "CRITICAL"], where);
      assert.equal((await AuditChain.verify(lab.log, { anchorPath: lab.anchor })).valid, true, where);
      if (seen.length < at) break;
    }
  }
});
