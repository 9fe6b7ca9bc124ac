import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type ExamineAtOnce, examineWith, type StartExaminer } from "../../src/admission/mod.ts";
import type { Artifact, Json, Judgement, Pipeline, StageContext } from "../../src/model/mod.ts";
import { formatGate } from "../../stages/2_format_gate.ts";
import { staticScan } from "../../stages/5_static_scan.ts";
import { gguf, tinyLlama } from "../make/gguf.ts";
import { llamaMetadata } from "../make/gguf/llama.ts";
import { seededRandom, syntheticTensor } from "../measure/synthetic.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const REMOTE = "https://huggingface.co/org/repo/resolve/main/m.gguf";

/** 20 MiB of it, which take a while to copy. */
function largeModel(): Uint8Array {
  const [columns, rows, times] = [4096, 512, 5];
  const shape = {
    architecture: "llama",
    contextLength: 2048,
    embeddingLength: columns,
    layers: 1,
    feedForwardLength: 4 * columns,
    heads: 32,
    vocabulary: 32_000,
  };
  const sample = syntheticTensor("F16", columns * rows, seededRandom(3));
  const data = new Uint8Array(times * sample.byteLength);
  for (let at = 0; at < data.byteLength; at += sample.byteLength) data.set(sample, at);
  const tensor = { name: "blk.0.ffn_up.weight", type: 1, dims: [columns, times * rows], data };
  return gguf({ kv: llamaMetadata("large", shape), tensors: [tensor] });
}

/** An examiner in this process, and what was asked of it. */
class Examiner {
  readonly did: string[] = [];

  /** `tell` stands between the examiner and the coordinator. */
  constructor(private readonly tell: (entry: Json) => Json | null = (entry) => entry) {}

  readonly start: StartExaminer = (path) => {
    this.did.push(`started over ${fs.readFileSync(path).byteLength} bytes`);
    return {
      examine: this.#examine,
      dismiss: () => {
        this.did.push("dismissed");
        return Promise.resolve();
      },
    };
  };

  readonly #examine: ExamineAtOnce = (artifact, context) => {
    this.did.push(`examined as ${artifact.digestFrom}`);
    const record = (entry: Json) => {
      const told = this.tell(entry);
      if (told !== null) context.record(told);
    };
    return {
      gate: judged(formatGate(), artifact, context),
      scan: judged(staticScan(), artifact, { ...context, record }),
    };
  };
}

async function judged(
  stage: Pipeline[1] | Pipeline[4],
  artifact: Artifact,
  context: StageContext,
): Promise<Judgement> {
  const outcome = await examineWith(stage, artifact, context);
  if (outcome.kind === "broken") throw outcome.error;
  return outcome;
}

/** The coordinator's pipeline, which takes what was said ahead and asks nobody else. */
const onlyAhead = ([source, gate, integrity, provenance, scan, ...rest]: Pipeline): Pipeline => [
  source,
  {
    ...gate,
    examine: (_artifact, { ahead }) => ahead?.("format_gate") ?? Promise.reject(new Error("not asked")),
  },
  integrity,
  provenance,
  {
    ...scan,
    examine: (_artifact, { ahead }) => ahead?.("static_scan") ?? Promise.reject(new Error("not asked")),
  },
  ...rest,
];

async function admitted(lab: Lab, examiner: Examiner): Promise<string[]> {
  await using registry = new LabRegistry(lab);
  const setup = { registry: registry.client, startExaminer: examiner.start, stages: onlyAhead };
  return (await lab.watch(setup)).map(outcomeOf);
}

Deno.test("an examiner starts before the copy is made, is not told the digest, and is gone at the end", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", largeModel());
  const examiner = new Examiner();
  assert.deepEqual(await admitted(lab, examiner), ["passed"]);
  assert.deepEqual(examiner.did, ["started over 0 bytes", "examined as scan", "dismissed"]);
  assert.ok(fs.existsSync(join(lab.places.registry, "m.gguf.manifest.json")));
});

Deno.test("what is copied in no time has its examiner when the first stage lets it pass", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", MODEL);
  const examiner = new Examiner();
  assert.deepEqual(await admitted(lab, examiner), ["passed"]);
  assert.deepEqual(examiner.did, [`started over ${MODEL.byteLength} bytes`, "examined as scan", "dismissed"]);
});

/** Changes what is said of the weight file as a whole. */
const named = (change: Record<string, Json> | null) => (entry: Json): Json | null => {
  const said = z.looseObject({ kind: z.literal("manifest") }).safeParse(entry).success;
  if (!said || typeof entry !== "object") return entry;
  return change === null ? null : { ...entry, ...change };
};

const liars: readonly (readonly [what: string, tell: (entry: Json) => Json | null, outcome: string])[] = [
  [
    "names another digest than the coordinator's",
    named({ file_sha256: sha256(new Uint8Array(1)) }),
    "error line/digest-disagrees",
  ],
  ["names no digest", named(null), "error worker/protocol"],
  [
    "names the digest of another file",
    named({ file: "x" }),
    "error line/digest-disagrees",
  ],
];

for (const [what, tell, outcome] of liars) {
  Deno.test(`an examiner that ${what} lets nothing pass: ${outcome}`, async () => {
    using lab = Lab.make();
    lab.drop("m.gguf", MODEL);
    assert.deepEqual(await admitted(lab, new Examiner(tell)), [outcome]);
    assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), sha256(MODEL));
    assert.equal(lab.report("held", "m.gguf").failed_stage, "static_scan");
  });
}

const refusedOrigins: readonly (readonly [size: string, model: () => Uint8Array, did: string[]])[] = [
  ["large", largeModel, ["started over 0 bytes", "dismissed"]],
  ["small", () => MODEL, []],
];

for (const [size, model, did] of refusedOrigins) {
  Deno.test(`a ${size} model from an origin that is refused gives the examiner nothing to do`, async () => {
    using lab = Lab.make();
    lab.drop("m.gguf", model(), "https://evil.example/m.gguf");
    const examiner = new Examiner();
    assert.match((await admitted(lab, examiner)).join(), /^rejected origin\//);
    assert.deepEqual(examiner.did, did);
  });
}

Deno.test("what was measured ahead of a stage that refuses is no evidence", async () => {
  using lab = Lab.make();
  lab.pin("m.gguf", sha256(new Uint8Array(2)));
  lab.drop("m.gguf", MODEL, REMOTE);
  assert.match((await admitted(lab, new Examiner())).join(), /^failed integrity\//);
  const evidence = join(lab.places.state, "evidence", sha256(MODEL));
  assert.deepEqual(fs.readdirSync(evidence), ["stages.json"]);
});
