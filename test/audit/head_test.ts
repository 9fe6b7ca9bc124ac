import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { AuditChain, type HeadOptions } from "../../src/audit/mod.ts";

const KEY = new TextEncoder().encode("a key that only the coordinator holds");

class Log implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "head-" });
  readonly path = join(this.root, "logs", "quarantine-audit.jsonl");
  readonly anchorPath = join(this.root, "state", "audit-anchor.json");

  async write(count: number, hmacKey?: Uint8Array): Promise<this> {
    await using chain = await AuditChain.open({
      path: this.path,
      anchorPath: this.anchorPath,
      maxSizeBytes: 1 << 20,
      now: () => new Date("2026-03-08T14:30:00Z"),
      ...(hmacKey === undefined ? {} : { hmacKey }),
    });
    for (let i = 0; i < count; i++) await chain.append("stage", { number: i });
    return this;
  }

  /** Changes the log's lines in place, as somebody who may write to it would. */
  change(edit: (lines: string[]) => string[]): void {
    const lines = fs.readFileSync(this.path, "utf8").split("\n").slice(0, -1);
    fs.writeFileSync(this.path, edit(lines).map((line) => `${line}\n`).join(""));
  }

  head(hmacKey: HeadOptions["hmacKey"]) {
    return AuditChain.head(this.path, { anchorPath: this.anchorPath, hmacKey });
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

Deno.test("head() gives the number of entries and the last hash, as verify() does", async () => {
  using log = await new Log().write(5);
  const [head, whole] = [await log.head("none"), await AuditChain.verify(log.path)];
  assert.ok(head.kind === "sound" && whole.valid);
  assert.deepEqual([head.entries, head.lastHash], [whole.entries, whole.last_hash]);
  assert.equal(head.sizeBytes, fs.statSync(log.path).size);
});

Deno.test("head() of a log that was never begun is sound and empty", async () => {
  using log = new Log();
  assert.deepEqual(await log.head("none"), { kind: "sound", entries: 0, lastHash: "", sizeBytes: 0 });
});

Deno.test("head() without the key follows a chain that is kept with one", async () => {
  using log = await new Log().write(3, KEY);
  assert.equal((await log.head("unknown")).kind, "sound");
  assert.equal((await log.head(KEY)).kind, "sound");
  assert.equal((await log.head("none")).kind, "broken", "a key that should be there and is not");
});

const broken: [what: string, edit: (lines: string[]) => string[], why: RegExp][] = [
  ["lost its last entry", (lines) => lines.slice(0, -1), /cut in place/],
  ["was emptied", () => [], /cut in place/],
  [
    "has another last entry",
    (lines) => [...lines.slice(0, -1), lines[0] ?? ""],
    /changed or replaced|cut in place/,
  ],
  [
    "goes on with an entry of another chain",
    (lines) => [...lines, lines[0] ?? "", lines[1] ?? ""],
    /does not follow/,
  ],
];
for (const [what, edit, why] of broken) {
  for (const key of [undefined, KEY]) {
    Deno.test(`head() sees without a key that a log ${what} (${key === undefined ? "plain" : "HMAC"})`, async () => {
      using log = await new Log().write(4, key);
      log.change(edit);
      const head = await log.head("unknown");
      assert.ok(head.kind === "broken");
      assert.match(head.why, why);
    });
  }
}

Deno.test("head() sees that the anchor is gone", async () => {
  using log = await new Log().write(2);
  fs.rmSync(log.anchorPath);
  const head = await log.head("unknown");
  assert.ok(head.kind === "broken");
  assert.match(head.why, /anchor/);
});
