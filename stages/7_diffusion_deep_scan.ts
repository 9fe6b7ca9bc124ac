import { finding, type Stage } from "../src/model/mod.ts";
import { conclude } from "../src/model/mod.ts";

/** Stage 7: does the directory hold what its index promises, and nothing else? */
export function diffusionDeepScan(): Stage<"diffusion_deep_scan"> {
  const other = { notApplicable: "not a diffusion model" } as const;
  return {
    id: "diffusion_deep_scan",
    activity: "checking components",
    appliesTo: {
      gguf: other,
      safetensors: other,
      "model-directory": other,
      "diffusion-directory": "examine",
      unknown: other,
    },
    needs: [],
    mayBeMissing: () => false,
    examine(_artifact, { policy }) {
      const refusal = finding(
        "directory/not-examined",
        "this version cannot look inside diffusion directories",
      );
      return Promise.resolve(conclude(policy, [refusal], {}, { cleared: "" }));
    },
  };
}
