import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { runVerify } from "../../src/roles/run_verify.ts";
import { EXIT } from "../../src/roles/world.ts";
import { type DirectorySpec, withDirectory } from "../make/directory.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli } from "../support/cli.ts";
import { evidenceOf, Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";
import { DIFFUSERS, taken, TRANSFORMERS } from "./models.ts";

/** What the journal says of stages 2 to 7, where only the digest differs from one model to the next. */
const JOURNAL_TRANSFORMERS = [
  "Stage 2/7: format_gate — PASS (transformers directory)",
  "Stage 5/7: static_scan — PASS (score=0.00, no anomalies)",
  "Stage 7/7: diffusion_deep_scan — SKIP (not a diffusion model)",
  "All stages passed. Promoting tiny...",
];
const JOURNAL_DIFFUSERS = [
  "Stage 2/7: format_gate — PASS (diffusers directory)",
  "Stage 5/7: static_scan — PASS (score=0.00, no anomalies)",
  "Stage 6/7: behavioral_test — SKIP (not a language model)",
  "Stage 7/7: diffusion_deep_scan — checking components...",
  "Stage 7/7: diffusion_deep_scan — PASS (5 components)",
  "All stages passed. Promoting tiny...",
];

const whole: readonly (readonly [
  what: string,
  spec: DirectorySpec,
  format: string,
  journal: readonly string[],
])[] = [
  ["transformers directory with shards", TRANSFORMERS, "model-directory", JOURNAL_TRANSFORMERS],
  ["diffusers directory", DIFFUSERS, "diffusion-directory", JOURNAL_DIFFUSERS],
];

for (const [what, spec, format, journal] of whole) {
  Deno.test(`P001, P010, P122, P123: a ${what} goes down the line and is promoted whole, with a record per file`, async () => {
    using lab = Lab.make();
    const promoted = await promote(lab, spec);
    const said = lab.journal.map((line) => line.replace("<6>[quarantine] ", ""));
    for (const line of journal) {
      assert.ok(said.includes(line), `the journal does not say: ${line}\n${said.join("\n")}`);
    }
    assert.match(said.at(-1) ?? "", /^PROMOTED: tiny \(tiny\) sha256=[0-9a-f]{64}$/);
    const record = JSON.parse(fs.readFileSync(`${promoted}.provenance.json`, "utf8"));
    assert.equal(record.artifact.format, format);
    assert.deepEqual(
      record.files.map(({ path, sha256 }: { path: string; sha256: string }) => [path, sha256]),
      Object.keys(spec).sort().map((path) => [path, sha256(fs.readFileSync(join(promoted, path)))]),
    );
    assert.equal(lab.events("promoted").length, 1);
    console.log(said.join("\n"));
  });
}

Deno.test("P122: stage 7 leaves a digest for each component of a pipeline as evidence", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const stages = JSON.parse(evidenceOf(await taken(lab, registry, DIFFUSERS)));
  assert.deepEqual(
    Object.entries<Record<string, unknown>>(stages[6].evidence.components).map(([name, component]) => [
      name,
      component.class,
      component.files,
      /^[0-9a-f]{64}$/.test(String(component.sha256)),
    ]),
    [
      ["scheduler", "diffusers.DDIMScheduler", 1, true],
      ["text_encoder", "transformers.CLIPTextModel", 2, true],
      ["tokenizer", "transformers.CLIPTokenizer", 2, true],
      ["unet", "diffusers.UNet2DConditionModel", 2, true],
      ["vae", "diffusers.AutoencoderKL", 2, true],
    ],
  );
});

/** What happens to the promoted directory, and what `verify` must say of it. */
const changes: readonly (readonly [what: string, change: (root: string) => void, says: string])[] = [
  ["a changed file", (root) => fs.appendFileSync(join(root, "config.json"), " "), "changed: config.json"],
  [
    "a changed weight file",
    (root) => flipLastByte(join(root, "model-00002-of-00003.safetensors")),
    "changed: model-00002-of-00003.safetensors",
  ],
  [
    "a renamed file",
    (root) => fs.renameSync(join(root, "README.md"), join(root, "NOTES.md")),
    "renamed: README.md -> NOTES.md",
  ],
  ["an added file", (root) => fs.writeFileSync(join(root, "modeling.py"), "1"), "added: modeling.py"],
  ["a missing file", (root) => fs.rmSync(join(root, "tokenizer.json")), "missing: tokenizer.json"],
];

Deno.test("verify names each file of a promoted directory that changed, moved, came or went", async () => {
  using lab = Lab.make();
  const promoted = await promote(lab, TRANSFORMERS);
  assert.match((await verified(lab, promoted)).text, /^VERIFIED: tiny sha256=[0-9a-f]{64} promoted /);
  for (const [what, change, says] of changes) {
    const copy = copyOf(promoted, what.replaceAll(" ", "-"));
    change(copy);
    const { code, text } = await verified(lab, copy);
    assert.equal(code, EXIT.refused);
    assert.ok(text.split("\n").includes(`  ${says}`), `${what}: ${text}`);
    console.log(text.trimEnd());
  }
});

Deno.test("P024: admit, then verify, of a directory as a person runs them", () =>
  withDirectory(DIFFUSERS, async (root) => {
    using lab = Lab.make();
    const env = { XDG_STATE_HOME: join(lab.root, "xdg") };
    const path = join(lab.root, "tiny");
    fs.cpSync(root, path, { recursive: true });
    const admitted = await cli(["admit", path], env);
    assert.equal(admitted.code, EXIT.passed, admitted.stdout + admitted.stderr);
    const promoted = join(lab.root, "xdg", "ai-quarantine", "registry", "tiny");
    makeWritable(promoted);
    fs.appendFileSync(join(promoted, "unet", "config.json"), " ");
    const { code, stdout } = await cli(["verify", "tiny"], env);
    assert.deepEqual([code, /^ {2}changed: unet\/config\.json$/m.test(stdout)], [EXIT.refused, true], stdout);
  }));

/** Drops the directory, lets the line take it with the real registry, and gives the promoted path. */
async function promote(lab: Lab, spec: DirectorySpec): Promise<string> {
  await using registry = new LabRegistry(lab);
  assert.equal(outcomeOf(await taken(lab, registry, spec)), "passed");
  assert.deepEqual(Object.keys(await registry.models()), ["tiny"]);
  const promoted = join(lab.places.registry, "tiny");
  assert.ok(fs.lstatSync(promoted).isDirectory());
  return promoted;
}

/** A writable copy of the promoted directory, with its record and its manifest beside it. */
function copyOf(promoted: string, name: string): string {
  const folder = join(dirname(dirname(promoted)), "copies", name);
  const copy = join(folder, "tiny");
  fs.cpSync(promoted, copy, { recursive: true });
  for (const suffix of [".provenance.json", ".manifest.json"]) {
    fs.copyFileSync(promoted + suffix, copy + suffix);
  }
  makeWritable(copy);
  return copy;
}

function makeWritable(root: string): void {
  fs.chmodSync(root, 0o755);
  for (const entry of fs.readdirSync(root, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(root, entry.name));
    else fs.chmodSync(join(root, entry.name), 0o644);
  }
}

function flipLastByte(path: string): void {
  const bytes = fs.readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  fs.writeFileSync(path, bytes);
}

/** `verify PATH`, in this process. */
async function verified(lab: Lab, path: string): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const stdout = { write: (more: string) => void (text += more), isTerminal: false, colours: false };
  const known = new Map([["STATE_DIRECTORY", lab.places.state], ["AI_QUARANTINE_DENO", Deno.execPath()]]);
  const env = (name: string) => known.get(name) ?? Deno.env.get(name);
  const code = await runVerify(lab.world({ stdout, env }), path);
  return { code, text };
}
