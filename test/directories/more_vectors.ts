import type { RuleId } from "../../src/model/mod.ts";
import { type DirectorySpec, json, weights } from "../make/directory.ts";
import { zip } from "../make/disguise.ts";
import { arr, gguf, str } from "../make/gguf.ts";
import type { DirectoryVector } from "../vectors/directories.ts";
import { HOSTILE_TEMPLATES } from "../vectors/templates.ts";

const MODEL: DirectorySpec = { "config.json": "{}", "model.safetensors": weights("a") };
const WALK = "{{ ''.__class__ }}";
const KERAS = zip([{ name: "config.json", data: new TextEncoder().encode('{"class_name":"Lambda"}') }]);

function gate(row: string, why: string, rule: RuleId, more: DirectorySpec): DirectoryVector {
  return { row, why, rule, stage: "format_gate", spec: { ...MODEL, ...more } };
}

function template(row: string, why: string, more: DirectorySpec): DirectoryVector {
  return { row, why, rule: "template/object-walk", stage: "static_scan", spec: { ...MODEL, ...more } };
}

/** Rows of the catalogue that a stage answers and that no other vector stands for. */
export const MORE_DIRECTORY_ATTACKS: readonly DirectoryVector[] = [
  gate("D14", "a component that is a link", "claim/symlink", {
    "model_index.json": json({ _class_name: "DDIMPipeline", unet: ["diffusers", "UNet2DModel"] }),
    unet: { link: "/usr" },
  }),
  gate("D23", "a Keras archive with a Lambda layer", "directory/other-framework", { "m.keras": KERAS }),
  template("D16", "a hostile template in the tokenizer's configuration", {
    "tokenizer_config.json": json({ chat_template: WALK }),
  }),
  template("D16", "a hostile template among named ones", {
    "tokenizer_config.json": json({ chat_template: [{ name: "tool_use", template: WALK }] }),
  }),
  template("D17", "a hostile chat_template.jinja", { "chat_template.jinja": WALK }),
  template("D17", "a hostile chat_template.json", { "chat_template.json": json({ chat_template: WALK }) }),
  template("D17", "a hostile additional template", { "additional_chat_templates/tool_use.jinja": WALK }),
  template("D17", "a hostile template of a processor", {
    "processor_config.json": json({ chat_template: { default: WALK } }),
  }),
  template("D17", "a hostile template in a GGUF file of a directory", {
    "m.gguf": gguf({ kv: [["general.architecture", str("llama")], ["tokenizer.chat_template", str(WALK)]] }),
  }),
];

/** Single GGUF files with a hostile template under another key than the usual one. */
export const TEMPLATE_KEYS: readonly { readonly why: string; readonly bytes: () => Uint8Array }[] = [
  {
    why: "a hostile template named tool_use",
    bytes: () =>
      gguf({
        kv: [["general.architecture", str("llama")], ["tokenizer.chat_template.tool_use", str(WALK)]],
        tensors: [{ name: "w", dims: [8] }],
      }),
  },
  {
    why: "a hostile template in a list of templates",
    bytes: () =>
      gguf({
        kv: [["general.architecture", str("llama")], [
          "tokenizer.chat_templates",
          arr("STRING", ["a", WALK]),
        ]],
        tensors: [{ name: "w", dims: [8] }],
      }),
  },
];

/** Which row of the catalogue the templates of a rule stand for; those of other rules are our own. */
const TEMPLATE_ROWS: Readonly<Partial<Record<RuleId, string>>> = {
  "template/object-walk": "E1",
  "template/attr-filter": "E2",
  "template/computed-name": "E2",
  "template/gadget": "E2",
  "template/loop-bomb": "E4",
  "template/gated-content": "E5",
  "template/too-large": "E7",
};

/** Every hostile template, with its row and the file of one directory that it is put into. */
export const TEMPLATE_FILES = HOSTILE_TEMPLATES.map(([why, text, rule], i) => ({
  row: TEMPLATE_ROWS[rule] ?? "own",
  why,
  rule,
  text,
  path: `additional_chat_templates/t${i}.jinja`,
}));
