import fs from "node:fs";
import { join } from "node:path";
import type { Admission } from "../../src/admission/mod.ts";
import { type DirectorySpec, json, sharded, weights, withDirectory } from "../make/directory.ts";
import type { Lab } from "../support/lab.ts";
import { takeEverything } from "../support/once.ts";
import type { LabRegistry } from "../support/registries.ts";

const TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{% endfor %}";

/** A language model in three shards, as transformers saves it. */
export const TRANSFORMERS: DirectorySpec = {
  "README.md": "# A small model\n",
  "config.json": json({ architectures: ["LlamaForCausalLM"], model_type: "llama" }),
  "generation_config.json": json({ temperature: 0.7 }),
  "tokenizer.json": json({ version: "1.0", model: { type: "BPE", vocab: { a: 0 }, merges: [] } }),
  "tokenizer_config.json": json({ tokenizer_class: "LlamaTokenizer", chat_template: TEMPLATE }),
  ...sharded([["model.embed_tokens.weight", "model.layers.0.w"], ["model.layers.1.w"], ["lm_head.weight"]]),
};

/** A pipeline of five components, as diffusers saves it. */
export const DIFFUSERS: DirectorySpec = {
  "model_index.json": json({
    _class_name: "StableDiffusionPipeline",
    _diffusers_version: "0.30.0",
    scheduler: ["diffusers", "DDIMScheduler"],
    text_encoder: ["transformers", "CLIPTextModel"],
    tokenizer: ["transformers", "CLIPTokenizer"],
    unet: ["diffusers", "UNet2DConditionModel"],
    vae: ["diffusers", "AutoencoderKL"],
    safety_checker: [null, null],
  }),
  "scheduler/scheduler_config.json": json({ _class_name: "DDIMScheduler", num_train_timesteps: 1000 }),
  "text_encoder/config.json": json({ architectures: ["CLIPTextModel"] }),
  "text_encoder/model.safetensors": weights("text_model.embeddings"),
  "tokenizer/merges.txt": "a b\n",
  "tokenizer/vocab.json": json({ a: 0 }),
  "unet/config.json": json({ _class_name: "UNet2DConditionModel" }),
  "unet/diffusion_pytorch_model.safetensors": weights("conv_in.weight"),
  "vae/config.json": json({ _class_name: "AutoencoderKL" }),
  "vae/diffusion_pytorch_model.safetensors": weights("encoder.conv_in.weight"),
};

/** Drops the directory as `tiny` and lets the line take it. */
export async function taken(
  lab: Lab,
  registry: Pick<LabRegistry, "client">,
  spec: DirectorySpec,
): Promise<Admission | undefined> {
  await withDirectory(spec, (root) => {
    fs.cpSync(root, join(lab.places.incoming, "tiny"), { recursive: true });
  });
  const [ended] = await takeEverything(lab, { registry: registry.client });
  return ended;
}
