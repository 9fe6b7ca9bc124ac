import { type Stage, UndecidedError } from "../src/model/mod.ts";
import type { BehaviourInputs } from "../src/tools/protocol.ts";

/**
 * Stage 6: does the model, running in a sandbox, do what it should not? The inputs are there where it really runs;
 * the coordinator only needs to know what the stage applies to.
 */
export function behavioralTest(inputs: BehaviourInputs | null): Stage<"behavioral_test"> {
  return {
    id: "behavioral_test",
    activity: "running adversarial prompts",
    appliesTo: {
      gguf: "examine",
      safetensors: { notExamined: "llama-server runs GGUF only" },
      "model-directory": { notExamined: "llama-server runs GGUF only" },
      "diffusion-directory": { notApplicable: "not a language model" },
      unknown: { notApplicable: "not a language model" },
    },
    notFor: NOT_LANGUAGE_MODELS,
    needs: ["llama-server", "bubblewrap"],
    mayBeMissing: (policy) => !policy.models.requireBehaviorTests,
    async examine(artifact, context) {
      if (inputs === null) throw new UndecidedError("behaviour/no-sandbox", "a model runs only in a sandbox");
      const { runSuite } = await import("./6_behavioral_run.ts"); // Only the sandbox needs it.
      return await runSuite(artifact, inputs, context);
    },
  };
}

/** Kinds of file, and architectures, that answer no questions. Their format, digests and weights are examined all the same. */
const NOT_LANGUAGE_MODELS: Readonly<Record<string, string>> = {
  vocabulary: "not a language model: a vocabulary alone",
  lora: "not a language model: an adapter",
  mmproj: "not a language model: a projector",
  clip: "not a language model: a projector",
  "control-vector": "not a language model: a control vector",
  imatrix: "not a language model: an importance matrix",
  bert: "not a language model: embeddings",
  "modern-bert": "not a language model: embeddings",
  "nomic-bert": "not a language model: embeddings",
  "nomic-bert-moe": "not a language model: embeddings",
  "neo-bert": "not a language model: embeddings",
  "jina-bert-v2": "not a language model: embeddings",
  "jina-bert-v3": "not a language model: embeddings",
  "gemma-embedding": "not a language model: embeddings",
  t5encoder: "not a language model: embeddings",
};
