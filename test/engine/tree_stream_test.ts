import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { digestInPlace } from "../../src/admission/mod.ts";
import { TreeStream } from "../../src/engine/tree_stream.ts";
import { DiskDirectory } from "../../src/files/directory_view.ts";
import { identityOf } from "../../src/files/mod.ts";
import { type DirectorySpec, withDirectory } from "../make/directory.ts";

const TREE: DirectorySpec = { "a.bin": "0123456789", "b/empty": "", "b/ü.bin": "abcdef", "c": "" };

function streamOf(root: string): TreeStream {
  return new TreeStream(root, new DiskDirectory(root).entries.filter(({ kind }) => kind === "file"));
}

/** Reads on from a place to the end, so many bytes at a time. */
function rest(stream: TreeStream, from: number, step: number): Uint8Array {
  const bytes = new Uint8Array(stream.sizeBytes - from);
  for (let at = 0; at < bytes.length;) at += stream.read(from + at, bytes.subarray(at, at + step));
  assert.equal(stream.read(stream.sizeBytes, new Uint8Array(8)), 0);
  return bytes;
}

Deno.test("TreeStream: the digest of the stream is that of the directory, however it is read", () =>
  withDirectory(TREE, async (root) => {
    const { sha256 } = await digestInPlace(root, {});
    for (const step of [1, 7, 16, 1000]) {
      const bytes = rest(streamOf(root), 0, step);
      assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256);
    }
  }));

Deno.test("TreeStream: a file lies where it is said to lie", () =>
  withDirectory(TREE, (root) => {
    const stream = streamOf(root);
    const bytes = rest(stream, 0, 5);
    const texts = stream.files.map(({ path, offset, sizeBytes }) => [
      path,
      new TextDecoder().decode(bytes.subarray(offset, offset + sizeBytes)),
    ]);
    assert.deepEqual(texts, Object.entries(TREE));
  }));

Deno.test("TreeStream is read in order", () =>
  withDirectory(TREE, (root) => {
    assert.throws(() => streamOf(root).read(1, new Uint8Array(1)), RangeError);
  }));

/** What happens to a file after the stream was made. */
const changes: readonly (readonly [what: string, change: (path: string) => void])[] = [
  ["grows", (path) => fs.appendFileSync(path, "x")],
  ["shrinks", (path) => fs.truncateSync(path, 3)],
  ["is written to", (path) => {
    fs.writeFileSync(path, "abcxyz");
    fs.utimesSync(path, 1, 1);
  }],
  ["is replaced by one of its size", (path) => {
    fs.writeFileSync(`${path}.new`, "abcdef");
    fs.renameSync(`${path}.new`, path);
  }],
];
for (const [what, change] of changes) {
  Deno.test(`TreeStream stops at a file that ${what} before its turn`, () => stops(change, 0));
}
for (const [what, change] of changes.slice(0, 3)) {
  Deno.test(`TreeStream stops at a file that ${what} while it is read`, () => stops(change, 2));
}

/** Changes `b/ü.bin` when so many of its bytes have been read, and everything before them. */
async function stops(change: (path: string) => void, read: number): Promise<void> {
  await withDirectory(TREE, (root) => {
    const path = join(root, "b/ü.bin");
    const stream = streamOf(root);
    stream.expect("b/ü.bin", identityOf(fs.statSync(path, { bigint: true })));
    const offset = stream.files.find((file) => file.path === "b/ü.bin")?.offset ?? NaN;
    const before = offset + read;
    for (let at = 0; at < before;) at += stream.read(at, new Uint8Array(before - at));
    change(path);
    assert.throws(() => rest(stream, before, 1), { name: "UndecidedError", rule: "claim/changed" });
    stream.close();
  });
}

const others: readonly (readonly [what: string, put: (path: string) => void, rule: string])[] = [
  ["a link", (path) => fs.symlinkSync("c", path), "claim/unreadable"],
  ["a directory", (path) => fs.mkdirSync(path), "claim/unreadable"],
];
for (const [what, put, rule] of others) {
  Deno.test(`TreeStream does not read ${what} in the place of a file`, () =>
    withDirectory(TREE, (root) => {
      const stream = streamOf(root);
      fs.rmSync(join(root, "a.bin"));
      put(join(root, "a.bin"));
      assert.throws(() => rest(stream, 0, 100), { name: "UndecidedError", rule });
    }));
}
