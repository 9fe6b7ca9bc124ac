import { type Stage, UndecidedError } from "../src/model/mod.ts";

/** Stage 6: does the model, running in a sandbox, do what it should not? */
export function behavioralTest(): Stage<"behavioral_test"> {
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
    needs: ["llama-server"],
    mayBeMissing: (policy) => !policy.models.requireBehaviorTests,
    examine: () => Promise.reject(new UndecidedError("line/missing-program", "no sandbox to run a model in")),
  };
}
