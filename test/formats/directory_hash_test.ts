import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { comparePaths, DirectoryHash } from "../../src/formats/directory_hash.ts";

const encoder = new TextEncoder();

function digest(files: Readonly<Record<string, string>>): string {
  const sha256 = createHash("sha256");
  const tree = new DirectoryHash(sha256);
  for (const path of Object.keys(files).sort(comparePaths)) {
    const bytes = encoder.encode(files[path]);
    tree.file(path, bytes.byteLength);
    for (const byte of bytes) tree.update(Uint8Array.of(byte));
  }
  tree.finish();
  return sha256.digest("hex");
}

Deno.test("golden vector of the directory hash: DirectoryHash gives it, whatever the parts it is fed in", () => {
  assert.equal(
    digest({ "unet/w.safetensors": "abc", "model_index.json": "{}" }),
    "a727eabdf254ef4cd4aa3282ef2e0dea09b507c539aed3091aabec771371faec",
  );
});

Deno.test("DirectoryHash tells trees apart that concatenate to the same bytes", () => {
  const trees = [{ a: "bc" }, { ab: "c" }, { a: "b", c: "" }, { a: "", bc: "" }, {}];
  assert.equal(new Set(trees.map((tree) => digest(tree))).size, trees.length);
});

Deno.test("comparePaths() orders as UTF-8 bytes do", () => {
  const paths = ["a", "a-b/x", "a/x", "aa", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"];
  const byBytes = paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(paths.toReversed().sort(comparePaths), byBytes);
});

const refused: [why: string, feed: (tree: DirectoryHash) => void][] = [
  ["files out of order", (tree) => (tree.file("b", 0), tree.file("a", 0))],
  ["one path twice", (tree) => (tree.file("a", 0), tree.file("a", 0))],
  ["a file that grew", (tree) => (tree.file("a", 1), tree.update(new Uint8Array(2)))],
  ["a file that shrank", (tree) => (tree.file("a", 2), tree.update(new Uint8Array(1)), tree.file("b", 0))],
  ["a last file that shrank", (tree) => (tree.file("a", 1), tree.finish())],
  ["bytes of no file", (tree) => tree.update(new Uint8Array(1))],
  ["a path that is not Unicode", (tree) => tree.file("\ud800", 0)],
];
for (const [why, feed] of refused) {
  Deno.test(`DirectoryHash refuses ${why}`, () => {
    assert.throws(() => feed(new DirectoryHash(createHash("sha256"))), RangeError);
  });
}
