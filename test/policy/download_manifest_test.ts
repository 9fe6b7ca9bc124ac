import assert from "node:assert/strict";
import { FormatError } from "../../src/model/mod.ts";
import { parseDownloadManifest } from "../../src/policy/download_manifest.ts";

const SHA256 = "a".repeat(64);
const GIT_NAME = "b".repeat(40);
const FILES = [
  { path: "model_index.json", size: 2, oid: GIT_NAME, oid_type: "git-sha1" },
  { path: "unet/model.safetensors", size: 0, oid: SHA256, oid_type: "sha256" },
];
const MANIFEST = {
  version: 1,
  source: "https://huggingface.co/o/r",
  repo_id: "o/r",
  revision: "c".repeat(40),
  variant: null,
  files: FILES,
};

const parse = (text: string) => parseDownloadManifest(new TextEncoder().encode(text));
const withFile = (change: object) => JSON.stringify({ ...MANIFEST, files: [{ ...FILES[1], ...change }] });
const without = (key: string) =>
  JSON.stringify(Object.fromEntries(Object.entries(MANIFEST).filter(([name]) => name !== key)));

Deno.test("P122: parseDownloadManifest() reads what the downloader of a directory wrote", () => {
  const { files, repo_id, revision, variant } = parse(JSON.stringify({ ...MANIFEST, variant: "fp16" }));
  assert.deepEqual({ files, repo_id, revision, variant }, {
    files: FILES,
    repo_id: "o/r",
    revision: "c".repeat(40),
    variant: "fp16",
  });
});

const unreadable: readonly (readonly [why: string, text: string])[] = [
  ["no JSON", "version: 1"],
  ["half of it", JSON.stringify(MANIFEST).slice(0, -10)],
  ["nothing", ""],
  ["a list", "[]"],
  ["one key twice", `{"version":1,"version":1}`],
  ["deep nesting", `{"a":${"[".repeat(100_000)}`],
  ["another version", JSON.stringify({ ...MANIFEST, version: 2 })],
  ["a version that is true", JSON.stringify({ ...MANIFEST, version: true })],
  ["an unknown key", JSON.stringify({ ...MANIFEST, signature: "" })],
  ["no revision", without("revision")],
  ["no files", without("files")],
  ["an empty list of files", JSON.stringify({ ...MANIFEST, files: [] })],
  ["a branch for a revision", JSON.stringify({ ...MANIFEST, revision: "main" })],
  ["a repository without owner", JSON.stringify({ ...MANIFEST, repo_id: "r" })],
  ["a path out of the directory", withFile({ path: "../a" })],
  ["an absolute path", withFile({ path: "/etc/passwd" })],
  ["a path with backslashes", withFile({ path: "a\\b" })],
  ["a path with a line break", withFile({ path: "a\nb" })],
  ["a negative size", withFile({ size: -1 })],
  ["a fraction of a byte", withFile({ size: 1.5 })],
  ["a size that no number holds", withFile({}).replace('"size":0', '"size":99999999999999999999')],
  ["an unknown kind of digest", withFile({ oid_type: "md5" })],
  ["half a digest", withFile({ oid: SHA256.slice(1) })],
  ["a digest in capitals", withFile({ oid: SHA256.toUpperCase() })],
  ["a Git name for a SHA-256", withFile({ oid: GIT_NAME })],
  ["a SHA-256 for a Git name", withFile({ oid_type: "git-sha1" })],
  ["one file twice", JSON.stringify({ ...MANIFEST, files: [...FILES, ...FILES] })],
  [
    "more files than a directory may have",
    JSON.stringify({ ...MANIFEST, files: Array(25_001).fill(FILES[0]) }),
  ],
];
for (const [why, text] of unreadable) {
  Deno.test(`parseDownloadManifest() refuses ${why}`, () => {
    assert.throws(
      () => parse(text),
      (error) => error instanceof FormatError && error.rule === "integrity/manifest-unreadable",
    );
  });
}
