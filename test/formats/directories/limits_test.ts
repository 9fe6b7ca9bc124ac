import assert from "node:assert/strict";
import { claimOf } from "../../../src/formats/directories/claims.ts";
import { examineTree, MAX_DEPTH, MAX_ENTRIES, templatesIn } from "../../../src/formats/directories.ts";
import { FormatError, type RuleId } from "../../../src/model/mod.ts";
import { fuzzDirectory } from "../../../scripts/fuzz_directory.ts";
import {
  type DirectorySpec,
  json,
  MemoryDirectory,
  type Node,
  sharded,
  weights,
} from "../../make/directory.ts";
import { gguf, str } from "../../make/gguf.ts";

const model = { "model.safetensors": weights("a") };

function assertThrows(rule: RuleId, spec: DirectorySpec): void {
  assert.throws(
    () => examineTree(new MemoryDirectory(spec)),
    (error: unknown) => error instanceof FormatError && error.rule === rule,
  );
}

/** So many empty folders: they cost nothing but their names. */
function folders(count: number): DirectorySpec {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i): [string, Node] => [`f${i}`, { folder: true }]),
  );
}

Deno.test(`a directory may have ${MAX_ENTRIES} entries and not one more`, () => {
  const filler = folders(MAX_ENTRIES - 2);
  assert.deepEqual(examineTree(new MemoryDirectory({ ...model, ...filler })).findings.all, []);
  assert.deepEqual(
    examineTree(new MemoryDirectory({ ...model, ...filler, g: { folder: true } })).findings.all,
    [],
  );
  assertThrows("claim/tree-limit", { ...model, ...filler, g: { folder: true }, h: { folder: true } });
});

Deno.test(`a path may have ${MAX_DEPTH} segments and not one more`, () => {
  const at = (depth: number) => ({ ...model, [`${"d/".repeat(depth - 1)}a.json`]: "{}" });
  assert.deepEqual(examineTree(new MemoryDirectory(at(MAX_DEPTH - 1))).findings.all, []);
  assert.deepEqual(examineTree(new MemoryDirectory(at(MAX_DEPTH))).findings.all, []);
  assertThrows("claim/tree-limit", at(MAX_DEPTH + 1));
});

Deno.test("a thousand bad names are counted, and the first twenty of each rule listed", () => {
  const bad = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f/x${i}.py`, "x"]));
  const { findings } = examineTree(new MemoryDirectory({ ...model, ...bad }));
  assert.equal(findings.all.length, 20);
  assert.deepEqual(findings.unlisted, { "directory/source-code": 1000 });
});

Deno.test("a vocabulary of 300,000 words and 500,000 merges is read in a moment", () => {
  const vocab = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`\u2581word${i}`, i]));
  const merges = Array.from({ length: 500_000 }, (_, i) => [`a${i}`, "b"]);
  const view = new MemoryDirectory({
    ...model,
    "tokenizer.json": JSON.stringify({ model: { vocab, merges } }),
  });
  const began = performance.now();
  assert.deepEqual(examineTree(view).findings.all, []);
  assert.ok(performance.now() - began < 5000);
});

Deno.test("a speech model's 65,000 added tokens are no reason to refuse its tokenizer", () => {
  const token = { lstrip: false, normalized: false, rstrip: false, single_word: false, special: true };
  const tokens = Array.from({ length: 65_536 }, (_, i) => [String(i), { content: `<|s_${i}|>`, ...token }]);
  const config = json({ added_tokens_decoder: Object.fromEntries(tokens) });
  const { findings } = examineTree(new MemoryDirectory({ ...model, "tokenizer_config.json": config }));
  assert.deepEqual(findings.all, []);
});

Deno.test("shards are matched with their index in time linear in their tensors", () => {
  const names = Array.from(
    { length: 40 },
    (_, i) => Array.from({ length: 500 }, (_, j) => `layers.${i}.${j}`),
  );
  const began = performance.now();
  const report = examineTree(new MemoryDirectory({ "config.json": "{}", ...sharded(names) }));
  assert.equal(report.weights?.tensors, 20_000);
  assert.ok(performance.now() - began < 3000);
});

Deno.test("a refused name says what to delete, and whether the model can do without it", () => {
  const messages = (spec: DirectorySpec) =>
    examineTree(new MemoryDirectory(spec)).findings.all.map((f) => f.message);
  assert.deepEqual(messages({ ...model, "pytorch_model.bin": "x" }), [
    "delete pytorch_model.bin: it is a PyTorch or pickle checkpoint, and the weights beside it are enough",
  ]);
  assert.deepEqual(messages({ "pytorch_model.bin": "x" }), [
    "pytorch_model.bin is a PyTorch or pickle checkpoint, and no safetensors weights lie beside it",
  ]);
  assert.deepEqual(messages({ "tokenizer.json": "{}" }), [
    "it holds a tokenizer, but no safetensors or GGUF weights",
  ]);
});

Deno.test("chat templates are found in files, configurations and GGUF metadata, escapes undone", () => {
  const view = new MemoryDirectory({
    "chat_template.jinja": "A",
    "additional_chat_templates/tool_use.jinja": "B",
    "chat_template.json": json({ chat_template: "C" }),
    "tokenizer_config.json":
      '{"ch\\u0061t_template":[{"name":"default","template":"\\u0044"},{"name":"x","template":"E"}]}',
    "processor_config.json": json({ chat_template: { default: "F" }, name: "no" }),
    "config.json": json({ text: "no", chat_template: null }),
    "vocab.json": json({ chat_template: 1 }),
    "m.gguf": gguf({ kv: [["general.architecture", str("llama")], ["tokenizer.chat_template.x", str("G")]] }),
  });
  const found = [...templatesIn(view)].map(({ path, field, text }) => [text, path, field]);
  assert.deepEqual(found.sort(), [
    ["A", "chat_template.jinja", null],
    ["B", "additional_chat_templates/tool_use.jinja", null],
    ["C", "chat_template.json", "$.chat_template"],
    ["D", "tokenizer_config.json", "$.chat_template[0].template"],
    ["E", "tokenizer_config.json", "$.chat_template[1].template"],
    ["F", "processor_config.json", "$.chat_template.default"],
    ["G", "m.gguf", "tokenizer.chat_template.x"],
  ]);
});

const claims: [path: string, claim: string][] = [
  ["model.safetensors", "safetensors"],
  ["unet/diffusion_pytorch_model.safetensors.index.fp16.json", "weight-index"],
  ["pytorch_model.bin.index.json", "directory/foreign-index"],
  ["tokenizer.json", "vocabulary-json"],
  ["tokenizer_config.json", "configuration"],
  ["LICENSE", "document"],
  ["LICENSE.txt", "document"],
  ["license.dat", "directory/other-framework"],
  ["Acceptable_Use_Policy.pdf", "paper"],
  ["README", "document"],
  ["README.py", "directory/source-code"],
  ["tokenizer.model.v11", "sentencepiece"],
  ["source.spm", "sentencepiece"],
  ["qwen.tiktoken", "vocabulary-text"],
  ["vocab.txt", "vocabulary-text"],
  ["requirements.txt", "document"],
  ["model.sig", "signature"],
  ["a.sigstore.json", "signature"],
  [".gitattributes", "document"],
  ["sub/.gitignore", "document"],
  [".cache/huggingface/download/sub/x.json.metadata", "download-note"],
  [".huggingface/download/x.json.lock", "download-note"],
  ["sub/.cache/huggingface/download/x.metadata", "directory/hidden-entry"],
  ["__pycache__/x.cpython-312.pyc", "directory/program"],
  ["noextension", "directory/unclaimed-file"],
  ["constructor", "directory/unclaimed-file"],
  ["x.constructor", "directory/unclaimed-file"],
  ["x.__proto__", "directory/unclaimed-file"],
];
for (const [path, expected] of claims) {
  Deno.test(`${path} is claimed as ${expected}`, () => {
    const claim = claimOf(path);
    assert.equal("sort" in claim ? claim.sort : claim.refused, expected);
  });
}

Deno.test("examining directories keeps its invariants over 500 changed ones", () => {
  const { accepted, refused } = fuzzDirectory({ seed: 1, cases: 500 });
  assert.ok(
    accepted > 50 && refused > 50,
    `${accepted} accepted, ${refused} refused: one side is not tested`,
  );
});
