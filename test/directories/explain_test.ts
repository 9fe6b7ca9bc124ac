import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { type DirectorySpec, json, sharded, weights, withDirectory } from "../make/directory.ts";
import { cli } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import { takeEverything } from "../support/once.ts";
import { unreachableRegistry } from "../support/registries.ts";

const PLAIN: DirectorySpec = {
  "config.json": json({ architectures: ["LlamaForCausalLM"], model_type: "llama" }),
  "model.safetensors": weights("model.embed_tokens.weight"),
};
const SHARDS = sharded([["a"], ["b"]]);
const LFS = `version https://git-lfs.github.com/spec/v1\noid sha256:${"ab".repeat(32)}\nsize 4976698672\n`;
const PIPELINE: DirectorySpec = {
  "model_index.json": json({
    _class_name: "StableDiffusionPipeline",
    scheduler: ["diffusers", "DDIMScheduler"],
    unet: ["os", "system"],
  }),
  "scheduler/scheduler_config.json": json({ num_train_timesteps: 1000 }),
  "unet/config.json": json({}),
  "unet/diffusion_pytorch_model.safetensors": weights("conv_in.weight"),
};

/** What each section of an explanation must say, for a person who has not seen the program before. */
interface Case {
  readonly name: string;
  readonly spec: DirectorySpec;
  readonly stage: string;
  readonly rule: string;
  readonly what: RegExp;
  readonly where: RegExp;
  readonly why: RegExp;
  readonly toDo: RegExp;
}

const cases: readonly Case[] = [
  {
    name: "with-code",
    spec: { ...PLAIN, "modeling_tiny.py": "print('hello')\n" },
    stage: "format_gate",
    rule: "directory/source-code",
    what: /modeling_tiny\.py.*(code|script|Python)/,
    where: /file modeling_tiny\.py/,
    why: /runs with all the rights/,
    toDo: /Delete the file/,
  },
  {
    name: "wandering-index",
    spec: {
      "config.json": "{}",
      ...SHARDS,
      "model.safetensors.index.json": json({ weight_map: { a: "../../etc/passwd" } }),
    },
    stage: "format_gate",
    rule: "directory/index-shard-name",
    what: /"\.\.\/\.\.\/etc\/passwd" is not the bare name of a safetensors file/,
    where: /file model\.safetensors\.index\.json/,
    why: /opens whatever file the index names/,
    toDo: /Ask the publisher/,
  },
  {
    name: "not-downloaded",
    spec: { ...PLAIN, "model.safetensors": LFS },
    stage: "format_gate",
    rule: "disguise/git-lfs-pointer",
    what: /Git LFS pointer/,
    where: /file model\.safetensors/,
    why: /weights/,
    toDo: /git lfs pull|hf download/,
  },
  {
    name: "own-classes",
    spec: { ...PLAIN, "config.json": json({ auto_map: { AutoModelForCausalLM: "modeling_tiny.Tiny" } }) },
    stage: "static_scan",
    rule: "config/custom-code",
    what: /auto_map/,
    where: /file config\.json/,
    why: /run Python code that comes with it/,
    toDo: /publisher/,
  },
  {
    name: "hostile-template",
    spec: { ...PLAIN, "chat_template.jinja": "{{ messages }}\n{{ ''.__class__.__mro__ }}" },
    stage: "static_scan",
    rule: "template/object-walk",
    what: /__class__/,
    where: /file chat_template\.jinja/,
    why: /run commands/,
    toDo: /Do not load the model/,
  },
  {
    name: "foreign-class",
    spec: PIPELINE,
    stage: "diffusion_deep_scan",
    rule: "diffusion/library",
    what: /unet.*os/,
    where: /file model_index\.json/,
    why: /calls whatever library and class the index names/,
    toDo: /Do not load the model unless/,
  },
];

Deno.test("P135: explain says of six refused directories what is wrong, where, why it matters and what to do", async () => {
  using lab = Lab.make();
  for (const { name, spec } of cases) {
    await withDirectory(spec, (root) => {
      fs.cpSync(root, join(lab.places.incoming, name), { recursive: true });
    });
  }
  const ended = await takeEverything(lab, { registry: unreachableRegistry() });
  assert.equal(ended.length, cases.length);
  for (const each of cases) {
    const { code, stdout, stderr } = await cli([
      "explain",
      join(lab.places.rejected, `${each.name}.report.json`),
    ]);
    assert.equal(code, 0, stderr);
    console.log(stdout);
    assert.ok(
      /^\S+ (was rejected|failed) /.test(stdout) && stdout.startsWith(each.name) &&
        stdout.includes(` at ${each.stage} (`),
      stdout,
    );
    assert.equal(section(stdout, "rule"), each.rule);
    assert.match(section(stdout, "what"), each.what);
    assert.match(section(stdout, "where"), each.where);
    assert.match(section(stdout, "why"), each.why);
    assert.match(section(stdout, "to do"), each.toDo);
    for (const title of ["what", "why", "to do"]) assertPlain(section(stdout, title));
  }
});

function section(text: string, title: string): string {
  const line = text.split("\n").find((line) => line.startsWith(title.padEnd(7)));
  assert.ok(line !== undefined, `no ${title} in\n${text}`);
  return line.slice(7).trim();
}

/** Words that mean something only to whoever wrote the program. */
const JARGON =
  /\b(AST|EOF|SSTI|TOCTOU|RCE|MRO|deserial\w*|traversal|polyglot|sanitis\w*|enum|regexp?|null)\b/;

/** A sentence of its own: a few plain words, no expression of the trade that stands alone, no placeholder left over. */
function assertPlain(text: string): void {
  assert.doesNotMatch(text, JARGON);
  assert.doesNotMatch(text, /\b(NAME|undefined|\[object)\b/);
  assert.ok(text.split(/\s+/).length >= 4, `too short to be understood: ${text}`);
}
