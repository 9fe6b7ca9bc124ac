import assert from "node:assert/strict";
import { loadCatalog } from "../../src/policy/catalog.ts";
import { loadLock } from "../../src/policy/lock.ts";
import { digestOf, startupMessage } from "./support.ts";

const A = digestOf("a");
const B = digestOf("b");
const lock = (text: string) => loadLock({ text, path: "lock" });
const catalog = (text: string) => loadCatalog({ text, path: "catalog" });

Deno.test("P031 loadLock() reads pins, pins of directories and blocked digests", () => {
  const { pins, blocked } = lock(`
version: 1
models:
  - {name: m, format: gguf, source: "https://huggingface.co/o/r", source_revision: "${
    "0".repeat(40)
  }", filename: m.gguf, sha256: "${A.toUpperCase()}", size_bytes: 1}
  - filename: directory
    files:
      - {path: unet/model.safetensors, sha256: "${B}", size_bytes: 5}
  - {filename: bad.gguf, sha256: "${digestOf("c")}", blocked: true, blocked_reason: "leaks"}
  - {sha256: "${digestOf("D")}", blocked: true}
`);
  assert.deepEqual(pins.named("m.gguf"), { filename: "m.gguf", sha256: A, files: [] });
  assert.deepEqual(pins.named("directory")?.files, [{ path: "unet/model.safetensors", sha256: B }]);
  assert.equal(pins.named("bad.gguf"), null);
  assert.deepEqual([...blocked], [[digestOf("c"), "leaks"], [digestOf("d"), "no reason given"]]);
});

Deno.test("loadLock() lets two equal entries be", () => {
  const text = `models: [{filename: m, sha256: "${A}"}, {filename: m, sha256: "${A.toUpperCase()}"}]`;
  assert.equal(lock(text).pins.size, 1);
});

const badLocks: [why: string, text: string, line: string][] = [
  ["no content", "", "lock:1:1: expected a section of keys, found nothing"],
  ["no list", "version: 1", "lock:1:1: models: missing"],
  ["a list that lost its entries", "models:", "lock:1:8: models: expected a list, found nothing"],
  [
    "a misspelt digest",
    `models:\n  - {filename: m, sha265: "${A}"}`,
    "lock:2:19: models[0].sha265: unknown key; did you mean sha256?",
  ],
  [
    "half a digest",
    "models: [{filename: m, sha256: abc}]",
    'lock:1:32: models[0].sha256: expected a SHA-256 of 64 hexadecimal digits, found "abc"',
  ],
  [
    "a pin without a digest",
    "models: [{filename: m}]",
    "lock:1:10: models[0]: a pin needs a sha256, or files with one each",
  ],
  ["a pin without a name", `models: [{sha256: "${A}"}]`, "lock:1:10: models[0]: a pin needs a filename"],
  [
    "a name with a path",
    `models: [{filename: ../m, sha256: "${A}"}]`,
    'lock:1:21: models[0].filename: expected a file name without a path, found "../m"',
  ],
  [
    "two digests for one name",
    `models:\n  - {filename: m, sha256: "${A}"}\n  - {filename: m, sha256: "${B}"}\n`,
    'lock:3:5: models[1]: "m" is pinned twice, to different digests',
  ],
  [
    "a reason without a block",
    `models: [{filename: m, sha256: "${A}", blocked_reason: bad}]`,
    "lock:1:116: models[0].blocked_reason: has no effect without blocked: true",
  ],
  [
    "a block without a digest",
    "models: [{filename: m, blocked: true}]",
    "lock:1:10: models[0]: a blocked entry needs a sha256",
  ],
  [
    "a block that is text",
    `models: [{sha256: "${A}", blocked: yes}]`,
    'lock:1:96: models[0].blocked: expected true or false, found "yes"',
  ],
  [
    "a path out of the directory",
    `models: [{filename: d, files: [{path: a/../../b, sha256: "${A}"}]}]`,
    'lock:1:39: models[0].files[0].path: expected a relative path with / between names, found "a/../../b"',
  ],
  [
    "one path twice",
    `models: [{filename: d, files: [{path: a, sha256: "${A}"}, {path: a, sha256: "${A}"}]}]`,
    "lock:1:31: models[0].files: names one path twice",
  ],
];
for (const [why, text, line] of badLocks) {
  Deno.test(`loadLock() refuses ${why}`, () => {
    assert.equal(startupMessage("lock/schema", () => lock(text)), line);
  });
}

Deno.test("loadCatalog() reads names and digests and leaves the rest to whoever shows it", () => {
  const pins = catalog(`
models:
  - {name: "M", type: llm, category: llm, filename: m.gguf, url: "https://huggingface.co/m", size_gb: 2.3, vram_gb: 4, sha256: "${A}"}
  - {name: "N", filename: n.gguf, requires_terms: true, terms_url: "https://huggingface.co/n"}
`);
  assert.deepEqual([pins.size, pins.has(A), pins.named("n.gguf")], [1, true, null]);
});

const badCatalogs: [why: string, text: string, line: string][] = [
  [
    "a misspelt digest",
    `models: [{filename: m, sha265: "${A}"}]`,
    "catalog:1:24: models[0].sha265: unknown key; did you mean sha256?",
  ],
  ["a misspelt list", `model: []`, "catalog:1:1: models: missing"],
  [
    "half a digest",
    "models: [{filename: m, sha256: abc}]",
    'catalog:1:32: models[0].sha256: expected a SHA-256 of 64 hexadecimal digits, found "abc"',
  ],
  [
    "a digest of nothing",
    `models: [{sha256: "${A}"}]`,
    "catalog:1:19: models[0].sha256: has no effect without a filename",
  ],
  [
    "two digests for one name",
    `models: [{filename: m, sha256: "${A}"}, {filename: m, sha256: "${B}"}]`,
    'catalog:1:101: models[1]: "m" is pinned twice, to different digests',
  ],
];
for (const [why, text, line] of badCatalogs) {
  Deno.test(`loadCatalog() refuses ${why}`, () => {
    assert.equal(startupMessage("catalog/schema", () => catalog(text)), line);
  });
}
