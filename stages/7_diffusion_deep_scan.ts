import type { Stage } from "../src/model/mod.ts";

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
    async examine(artifact, { policy }) {
      return await (await import("./7_diffusion_components.ts")).examineComponents(artifact, policy);
    },
  };
}
