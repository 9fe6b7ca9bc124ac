import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { parseGguf } from "../../src/formats/gguf.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { LlamaServer } from "../../src/tools/llama_server.ts";
import { formatGate } from "../../stages/2_format_gate.ts";
import { withDirectory } from "../make/directory.ts";
import { arr, gguf, str, tinyLlama, u32 } from "../make/gguf.ts";
import { cli } from "../support/cli.ts";
import { run } from "../support/programs.ts";
import { freePort, realTest } from "../support/real_parts.ts";
import { examineAt, shippedPolicy } from "../support/stage.ts";
import { GGUF_CLEAN } from "../vectors/gguf_clean.ts";

/** Wide enough for the 256 elements of a block of the K and I types. */
const EMBEDDING = 256;
const FEED_FORWARD = 2 * EMBEDDING;

/** File types as `llama-quantize` names them, less those of the I types: these take a second or less. */
const FILE_TYPES = (
  "F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q4_K_M Q4_K_S Q3_K_L Q3_K_M Q3_K_S Q2_K Q5_1 Q5_0 Q4_1 " +
  "Q4_0 Q2_0 Q1_0 IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4_MOE COPY"
).split(" ");

/** Slow types and those no file type gives a dense model: one tensor each in two files, by an importance matrix. */
const TENSOR_TYPES = [
  ["attn_q=iq1_s", "attn_k=iq1_m", "attn_v=iq2_xxs", "attn_output=iq2_xs", "ffn_gate=iq3_xxs"],
  ["attn_q=iq2_s", "attn_k=iq3_s", "attn_v=mxfp4", "attn_output=nvfp4", "ffn_down=q2_K"],
];

/** Every type that a model may have been stored in; Q8_1 and Q8_K exist only while an engine computes. */
const STORED_TYPES = (
  "F32 F16 BF16 Q1_0 Q2_0 Q2_K Q3_K Q4_0 Q4_1 Q4_K Q5_0 Q5_1 Q5_K Q6_K Q8_0 IQ1_S IQ1_M IQ2_XXS " +
  "IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4 NVFP4"
).split(" ");

realTest("llama-server loads every whole model of the clean corpus, and check passes it", [
  "LLAMA_SERVER_BIN",
], async ({ LLAMA_SERVER_BIN }) => {
  await withDirectory({}, async (root) => {
    const models = GGUF_CLEAN.filter(({ sort }) => sort === "whole model").map(({ bytes }, i) => {
      const path = join(root, `clean-${i}.gguf`);
      fs.writeFileSync(path, bytes());
      return path;
    });
    for (const model of models) await loads(LLAMA_SERVER_BIN, model);
    await checkPasses(models);
    console.log(`${models.length} whole models: llama-server loads and check passes each`);
  });
});

realTest(
  "the gate accepts what llama-quantize writes of every type, and llama-server loads it",
  ["LLAMA_QUANTIZE_BIN", "LLAMA_SERVER_BIN"],
  async ({ LLAMA_QUANTIZE_BIN, LLAMA_SERVER_BIN }) => {
    await withDirectory({}, async (root) => {
      const [model, matrix] = [join(root, "model.gguf"), join(root, "matrix.gguf")];
      fs.writeFileSync(model, tinyLlama({ embeddingLength: EMBEDDING }));
      fs.writeFileSync(matrix, importanceMatrix());
      const written: string[] = [];
      for (const type of FILE_TYPES) {
        const path = join(root, `model-${type}.gguf`);
        run(LLAMA_QUANTIZE_BIN, model, path, type, "2");
        written.push(path);
      }
      for (const [i, types] of TENSOR_TYPES.entries()) {
        const path = join(root, `mixed-${i}.gguf`);
        const overrides = types.flatMap((type) => ["--tensor-type", type]);
        run(LLAMA_QUANTIZE_BIN, "--imatrix", matrix, ...overrides, model, path, "Q8_0", "2");
        written.push(path);
      }
      const seen = new Set<string>();
      for (const path of written) {
        for (const type of await passes(path)) seen.add(type);
        await loads(LLAMA_SERVER_BIN, path);
      }
      assert.deepEqual(STORED_TYPES.filter((type) => !seen.has(type)), []);
      await checkPasses(written.slice(-TENSOR_TYPES.length));
      console.log(`${written.length} quantised files of ${seen.size} types: accepted and loaded`);
    });
  },
);

realTest(
  "the gate accepts the shards of llama-gguf-split, and llama-server loads them",
  ["LLAMA_GGUF_SPLIT_BIN", "LLAMA_SERVER_BIN"],
  async ({ LLAMA_GGUF_SPLIT_BIN, LLAMA_SERVER_BIN }) => {
    await withDirectory({}, async (root) => {
      const model = join(root, "model.gguf");
      fs.writeFileSync(model, tinyLlama({ layers: 3 }));
      const sets: string[] = [];
      for (
        const options of [["--split-max-tensors", "4"], [
          "--split-max-tensors",
          "7",
          "--no-tensor-first-split",
        ]]
      ) {
        const set = join(root, `set-${sets.length}`);
        fs.mkdirSync(set);
        run(LLAMA_GGUF_SPLIT_BIN, "--split", ...options, model, join(set, "model"));
        const shards = fs.readdirSync(set).sort();
        assert.ok(shards.length > 2);
        await passes(set);
        await loads(LLAMA_SERVER_BIN, join(set, shards[0] ?? ""));
        sets.push(set);
        const merged = join(root, `merged-${sets.length}.gguf`);
        run(LLAMA_GGUF_SPLIT_BIN, "--merge", join(set, shards[0] ?? ""), merged);
        await passes(merged);
        await loads(LLAMA_SERVER_BIN, merged);
      }
      await checkPasses(sets);
      console.log(`${sets.length} split sets and what they merge to: accepted and loaded`);
    });
  },
);

/** The real server reads the model, checks its numbers and says that it is ready. */
async function loads(program: string, model: string): Promise<void> {
  const options = { program, model, port: freePort(), threads: 2, contextTokens: 128, readyWithinMs: 60_000 };
  const server = await LlamaServer.start(options);
  await server.stop();
}

/** The gate accepts it without any finding; gives the types of its tensors. */
async function passes(path: string): Promise<readonly string[]> {
  const answer = await examineAt(formatGate(), path, shippedPolicy("appliance"));
  assert.deepEqual(answer, { kind: "cleared", findings: [] }, path);
  return fs.statSync(path).isDirectory() ? [] : typesIn(path);
}

function typesIn(path: string): readonly string[] {
  return parseGguf(new MemorySource(fs.readFileSync(path))).tensors.map(({ type }) => type);
}

/** The whole program, as an operator starts it. Without llama-server, so that only the bytes are judged. */
async function checkPasses(paths: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await cli(["check", "--json", "--profile", "standalone", ...paths], {
    LLAMA_SERVER_BIN: "/nonexistent",
  });
  const verdicts = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).verdict);
  assert.deepEqual([code, verdicts], [0, paths.map(() => "passed")], stdout + stderr);
}

/** An importance matrix in which every column weighs the same. */
function importanceMatrix(): Uint8Array {
  const widths = [
    ...["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up"].map((name) =>
      [name, EMBEDDING] as const
    ),
    ["ffn_down", FEED_FORWARD] as const,
  ];
  const ones = (name: string, length: number) => (
    { name, dims: [length, 1], data: new Uint8Array(new Float32Array(length).fill(1).buffer) }
  );
  return gguf({
    kv: [
      ["general.type", str("imatrix")],
      ["imatrix.datasets", arr("STRING", ["made"])],
      ["imatrix.chunk_count", u32(1)],
      ["imatrix.chunk_size", u32(512)],
    ],
    tensors: widths.flatMap(([name, width]) => [
      ones(`blk.0.${name}.weight.in_sum2`, width),
      ones(`blk.0.${name}.weight.counts`, 1),
    ]),
  });
}
