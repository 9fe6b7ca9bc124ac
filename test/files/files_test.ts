import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import {
  byteLength,
  clipBytes,
  copyAndHash,
  createDurably,
  escapeName,
  FileSource,
  hashFile,
  isPlainName,
  publish,
  unlessMissing,
  writeDurably,
} from "../../src/files/mod.ts";
import { sha256 } from "../registry/fixture.ts";
import { run } from "../support/programs.ts";

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "files-" });

  file(name: string, content: string | Uint8Array): string {
    fs.writeFileSync(join(this.path, name), content);
    return join(this.path, name);
  }

  names(): string[] {
    return fs.readdirSync(this.path).sort();
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.path, { recursive: true });
  }
}

const escapes: readonly (readonly [text: string, escaped: string])[] = [
  ["plain name-1.gguf", "plain name-1.gguf"],
  ["模型 é", "模型 é"],
  ["a\nb\tc\u007f", "a\\x0ab\\x09c\\x7f"],
  ["\u001b[31mred", "\\x1b[31mred"],
  ["a\u0085b\u009bc", "a\\x85b\\x9bc"],
  ["a\u202eb\u2066c\u200bd\ufeffe", "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}e"],
  ["a\ud800b", "a\\u{d800}b"],
  ["tag \u{e0041}", "tag \\u{e0041}"],
];

for (const [text, escaped] of escapes) {
  Deno.test(`escapeName() of ${JSON.stringify(escaped)} shows what cannot be seen, once`, () => {
    assert.equal(escapeName(text), escaped);
    assert.equal(escapeName(escaped), escaped);
    assert.equal(isPlainName(text), text === escaped);
  });
}

Deno.test("clipBytes() never cuts a character", () => {
  for (let limit = 0; limit <= 12; limit++) {
    const clipped = clipBytes("aé模😀x", limit);
    assert.ok(byteLength(clipped) <= limit);
    assert.ok("aé模😀x".startsWith(clipped));
  }
});

Deno.test("createDurably() and publish() never replace a file", () => {
  using folder = new Folder();
  const taken = folder.file("taken", "first");
  assert.throws(() => createDurably(taken, "second"), { code: "EEXIST" });
  assert.throws(() => publish(folder.file("new", "third"), taken), { code: "EEXIST" });
  assert.equal(fs.readFileSync(taken, "utf8"), "first");
  assert.deepEqual(folder.names(), ["taken"], "nothing temporary is left");
});

Deno.test("writeDurably() replaces a file whole, with the mode that is asked for", () => {
  using folder = new Folder();
  const path = folder.file("record", "a longer old content");
  writeDurably(path, "new", 0o600);
  assert.equal(fs.readFileSync(path, "utf8"), "new");
  assert.equal(fs.statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(folder.names(), ["record"]);
});

const special: readonly (readonly [what: string, make: (path: string) => unknown])[] = [
  ["a link", (path) => fs.symlinkSync("/etc/hostname", path)],
  ["a pipe", (path) => run("mkfifo", path)],
  ["a directory", (path) => fs.mkdirSync(path)],
];

for (const [what, make] of special) {
  Deno.test(`${what} is neither hashed, copied nor opened, and blocks nobody`, async () => {
    using folder = new Folder();
    const path = join(folder.path, "m");
    make(path);
    const refused = { name: "UndecidedError", rule: "claim/unreadable" };
    await assert.rejects(hashFile(path), refused);
    await assert.rejects(copyAndHash(path, join(folder.path, "copy"), { lasting: "scratch" }), refused);
    assert.throws(() => new FileSource(path), refused);
    assert.deepEqual(folder.names(), ["m"]);
  });
}

for (const size of [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 17 * 1024 * 1024]) {
  Deno.test(`copyAndHash() copies ${size} bytes and hashes them as hashFile() does`, async () => {
    using folder = new Folder();
    const bytes = new Uint8Array(size).map((_, i) => i * 31);
    const from = folder.file("from", bytes);
    const to = join(folder.path, "to");
    const copied = await copyAndHash(from, to, { lasting: "durable" });
    assert.deepEqual(copied, { sha256: sha256(bytes), sizeBytes: size });
    assert.deepEqual(await hashFile(to), copied);
    assert.equal(fs.statSync(to).mode & 0o777, 0o640);
  });
}

Deno.test("a durable copy is hashed as it was written, not as it was read", async () => {
  using folder = new Folder();
  const bytes = new Uint8Array(17 * 1024 * 1024);
  const from = folder.file("from", bytes);
  const to = join(folder.path, "to");
  const spoil = (done: number) => {
    const fd = fs.openSync(to, "r+");
    fs.writeSync(fd, new Uint8Array([1]), 0, 1, done - 1);
    fs.closeSync(fd);
  };
  const copied = await copyAndHash(from, to, { progress: spoil, lasting: "durable" });
  assert.notEqual(copied.sha256, sha256(bytes));
  assert.equal(copied.sha256, (await hashFile(to)).sha256);
});

Deno.test("a file that grows while it is copied is claim/changed, and the copy is removed", async () => {
  using folder = new Folder();
  const from = folder.file("from", new Uint8Array(17 * 1024 * 1024));
  const progress = () => fs.appendFileSync(from, "x");
  const copying = copyAndHash(from, join(folder.path, "to"), { progress, lasting: "scratch" });
  await assert.rejects(copying, { rule: "claim/changed" });
  assert.deepEqual(folder.names(), ["from"]);
});

Deno.test("a copy that is asked to stop leaves nothing", async () => {
  using folder = new Folder();
  const from = folder.file("from", new Uint8Array(40 * 1024 * 1024));
  const stop = new AbortController();
  const progress = () => stop.abort();
  const copying = copyAndHash(from, join(folder.path, "to"), {
    progress,
    signal: stop.signal,
    lasting: "scratch",
  });
  await assert.rejects(copying, { name: "AbortError" });
  assert.deepEqual(folder.names(), ["from"]);
});

Deno.test("FileSource reads where it is asked, and less at the end only", () => {
  using folder = new Folder();
  const source = new FileSource(folder.file("f", "0123456789"));
  const read = (offset: number, size: number) => {
    const into = new Uint8Array(size);
    return new TextDecoder().decode(into.subarray(0, source.read(offset, into)));
  };
  assert.deepEqual([source.sizeBytes, read(0, 3), read(8, 5), read(10, 1), read(99, 1)], [
    10,
    "012",
    "89",
    "",
    "",
  ]);
  source.close();
});

Deno.test("unlessMissing() says null for what is missing or cannot exist, and throws for the rest", () => {
  using folder = new Folder();
  const path = folder.file("f", "x");
  const read = (...parts: string[]) => unlessMissing(() => fs.readFileSync(join(...parts), "utf8"));
  assert.deepEqual([read(path), read(folder.path, "none"), read(folder.path, "x".repeat(300))], [
    "x",
    null,
    null,
  ]);
  assert.throws(() => read(folder.path), { code: "EISDIR" });
});
