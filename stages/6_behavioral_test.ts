import { type Stage, UndecidedError } from "../src/model/mod.ts";
import type { BehaviourInputs } from "../src/tools/protocol.ts";

/** Stage 6: does the model, running in a sandbox, do what it should not? The inputs are there where it really runs. */
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
    needs: ["llama-server", "bubblewrap"],
    mayBeMissing: (policy) => !policy.models.requireBehaviorTests,
    examine() {
      const why = inputs === null ? "a model runs only in a sandbox" : "not yet";
      return Promise.reject(new UndecidedError("line/missing-program", why));
    },
  };
}
