import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuditChain } from "../../src/audit/mod.ts";
import { canonicalJson } from "../../src/audit/canonical.ts";
import { sealLine, sealWith } from "../../src/audit/entry.ts";
import { AuditLab } from "./lab.ts";

type Change = (bytes: Uint8Array, at: number) => Uint8Array;
const splice = (bytes: Uint8Array, at: number, remove: number, ...put: number[]) =>
  Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + remove)]);

const CHANGES: [name: string, change: Change][] = [
  ["edited", (bytes, at) => splice(bytes, at, 1, (bytes[at] ?? 0) ^ 1)],
  ["deleted", (bytes, at) => splice(bytes, at, 1)],
  // A space changes no hash: only the spelling can show it.
  ["inserted", (bytes, at) => splice(bytes, at, 0, 0x20)],
  ["truncated", (bytes, at) => bytes.subarray(0, at)],
];

const AT_ONCE = 200;

for (const [name, change] of CHANGES) {
  Deno.test(`P163: AuditChain.verify() finds every single ${name} byte of a log`, async () => {
    await using lab = await AuditLab.make();
    await lab.write(6);
    const whole = new Uint8Array(await readFile(lab.log));
    for (let from = 0; from < whole.byteLength; from += AT_ONCE) {
      const offsets = Array.from({ length: Math.min(AT_ONCE, whole.byteLength - from) }, (_, i) => from + i);
      await Promise.all(offsets.map(async (at) => {
        const directory = join(lab.directory, `${at % AT_ONCE}`);
        await mkdir(directory, { recursive: true });
        const log = join(directory, "log.jsonl");
        await writeFile(log, change(whole, at));
        const result = await AuditChain.verify(log, { anchorPath: lab.anchor });
        assert.equal(result.valid, false, `byte ${at} ${name}`);
      }));
    }
  });
}

Deno.test("AuditChain.verify() says which line of which file is broken, and why", async () => {
  await using lab = await AuditLab.make();
  await lab.write(6);
  await writeFile(lab.log, (await readFile(lab.log, "utf8")).replace("m3.gguf", "m9.gguf"));
  assert.deepEqual(await lab.verify(), {
    valid: false,
    entries: 3,
    broken_at: 4,
    file: "quarantine-audit.jsonl",
    reason: "Line 4 does not have the hash it states.",
  });
});

const LINES: [why: string, change: (lines: string[]) => string[], reason: RegExp][] = [
  ["a line is removed", (lines) => lines.toSpliced(2, 1), /^Line 3 does not follow/],
  ["the first line is removed", (lines) => lines.slice(1), /^Line 1 does not follow/],
  ["two lines are swapped", ([a = "", b = "", ...rest]) => [b, a, ...rest], /^Line 1 does not follow/],
  ["a line is doubled", (lines) => lines.toSpliced(1, 0, lines[1] ?? ""), /^Line 3 does not follow/],
  [
    "the last line is removed",
    (lines) => lines.slice(0, -1),
    /^The last 1 entries that were written are missing/,
  ],
  ["every line is removed", () => [], /^The last 4 entries that were written are missing/],
  ["an empty line is added", (lines) => [...lines, ""], /^Line 5 is not an audit entry/],
  [
    "a key is doubled",
    ([a = "", ...rest]) => [a.replace("{", '{"event":"x",'), ...rest],
    /^Line 1 is not spelled/,
  ],
  [
    "a fraction is written",
    ([a = "", ...rest]) => [a.replace('"n":0', '"n":0.5'), ...rest],
    /^Line 1 is not an audit/,
  ],
  [
    "a line has no end in sight",
    (lines) => [...lines, "x".repeat(600_000)],
    /^Line 5 is longer than any entry/,
  ],
  ["a line is JSON of another kind", (lines) => ["[1]", ...lines], /^Line 1 is not an audit entry/],
  ["a line is 100,000 brackets", (lines) => ["[".repeat(100_000), ...lines], /^Line 1 is not an audit entry/],
];
for (const [why, change, reason] of LINES) {
  Deno.test(`AuditChain.verify() finds that ${why}`, async () => {
    await using lab = await AuditLab.make();
    await lab.write(4);
    const lines = (await readFile(lab.log, "utf8")).split("\n").slice(0, -1);
    await writeFile(lab.log, change(lines).map((line) => `${line}\n`).join(""));
    const result = await lab.verify();
    assert.ok(!result.valid);
    assert.match(result.reason, reason);
  });
}

Deno.test("AuditChain.verify() finds a chain of the same length rewritten without a key, by its anchor", async () => {
  await using lab = await AuditLab.make();
  await lab.write(4);
  await writeFile(lab.log, chainOf(4, "other"));
  const result = await lab.verify();
  assert.ok(!result.valid);
  assert.match(result.reason, /^Line 4 is not the entry that the anchor knows/);
});

Deno.test("AuditChain.verify() does a chain of 10,000 entries in under a second", async () => {
  await using lab = await AuditLab.make();
  await lab.write(0);
  await writeFile(lab.log, chainOf(10_000, "m.gguf"));
  const started = performance.now();
  const result = await AuditChain.verify(lab.log);
  const milliseconds = performance.now() - started;
  console.log(`10,000 entries verified in ${milliseconds.toFixed(0)} ms`);
  assert.ok(result.valid, JSON.stringify(result));
  assert.equal(result.entries, 10_000);
  assert.ok(milliseconds < 1000);
});

/**
 * The text of a chain that was never written through the log: with no sync for each entry it is there at
 * once.
 */
function chainOf(count: number, filename: string): string {
  const seal = sealWith(undefined);
  let text = "";
  let previous = "";
  for (let n = 0; n < count; n++) {
    const data = canonicalJson({ filename, n, sha256: "0".repeat(64), stages: { format_gate: "pass" } });
    const line = sealLine(
      { timestamp: "2026-03-08T14:30:00+00:00", event: "promoted", data },
      previous,
      seal,
    );
    text += `${line.text}\n`;
    previous = line.hash;
  }
  return text;
}
