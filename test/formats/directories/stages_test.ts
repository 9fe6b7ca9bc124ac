import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { DiskDirectory } from "../../../src/files/directory_view.ts";
import { hashFile } from "../../../src/files/mod.ts";
import {
  type Artifact,
  type FileDigest,
  formatClaimedByDirectory,
  FormatError,
  type Judgement,
  parseSha256,
  type Policy,
  type RuleId,
  type StageContext,
  UndecidedError,
} from "../../../src/model/mod.ts";
import { policyFromObject } from "../../../src/policy/load.ts";
import { examineDirectory } from "../../../stages/2_format_gate_directory.ts";
import { diffusionDeepScan } from "../../../stages/7_diffusion_deep_scan.ts";
import { type DirectorySpec, json, MemoryDirectory, weights, withDirectory } from "../../make/directory.ts";
import { DIRECTORY_ATTACKS } from "../../vectors/directories.ts";
import { DIRECTORIES_CLEAN } from "../../vectors/directories_clean.ts";

const now = () => new Date("2026-11-21T12:00:00Z");
const policy = policyFromObject({}, { now });
const context: StageContext = {
  policy,
  now,
  signal: new AbortController().signal,
  progress: () => {},
  record: () => {},
};

/** What is the same for all artifacts of these tests. */
const DROPPED = {
  name: "m",
  shape: "directory",
  origin: { kind: "local" },
  digestFrom: "coordinator",
} as const;

/** The directory as the coordinator would hand it on, with the digest of every file. */
async function artifactAt(path: string): Promise<Artifact> {
  const format = formatClaimedByDirectory(fs.readdirSync(path));
  const files: FileDigest[] = [];
  for (const entry of new DiskDirectory(path).entries) {
    if (entry.kind === "file") files.push({ path: entry.path, ...await hashFile(join(path, entry.path)) });
  }
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const digest = Promise.resolve({ sha256: parseSha256("0".repeat(64)), sizeBytes, files });
  return { ...DROPPED, path, format, sizeBytes, digest };
}

function assertRefuses(rule: RuleId, examine: () => Judgement): void {
  const rules: string[] = [];
  try {
    const judgement = examine();
    if (judgement.kind === "refused") rules.push(...judgement.findings.map((found) => found.rule));
  } catch (error) {
    assert.ok(error instanceof FormatError, `${error}`);
    rules.push(error.rule);
  }
  assert.ok(rules.includes(rule), `refused by ${rules.join(", ") || "nothing"}`);
}

for (const { family, why, kind, spec } of DIRECTORIES_CLEAN) {
  Deno.test(`P122 on disk, ${family} (${why}) clears the format gate and the deep scan`, () =>
    withDirectory(spec, async (root) => {
      const artifact = await artifactAt(root);
      const gate = examineDirectory(artifact, policy);
      assert.deepEqual([gate.kind, gate.summary], ["cleared", `${kind} directory`]);
      if (kind !== "diffusers") return;
      const deep = await diffusionDeepScan().examine(artifact, context);
      assert.equal(deep.kind, "cleared");
      assert.match(deep.summary, /^\d+ components$/);
    }));
}

const ON_DISK = ["D25", "D26", "D29", "D35", "C32"];
for (const { row, why, spec, rule, stage } of DIRECTORY_ATTACKS) {
  // A replacement character and a backslash are ordinary characters on this disk; the parser's tests have them.
  if (stage !== "format_gate" || !ON_DISK.includes(row)) continue;
  Deno.test(`P010 on disk, the format gate refuses ${why}`, () =>
    withDirectory(spec, (root) => assertRefuses(rule, () => examineDirectory(unhashed(root), policy))));
}

/** For directories that cannot be hashed, because they hold links. */
function unhashed(path: string): Artifact {
  const digest = Promise.resolve({ sha256: parseSha256("0".repeat(64)), sizeBytes: 0, files: [] });
  return { ...DROPPED, path, format: "model-directory", sizeBytes: 0, digest };
}

Deno.test("a file name that is not UTF-8 is refused", () =>
  withDirectory({ "model.safetensors": weights("a") }, async (root) => {
    const made = await new Deno.Command("sh", { args: ["-c", `printf x > "$0/$(printf 'a\\377b')"`, root] })
      .output();
    assert.ok(made.success);
    assertRefuses("name/not-utf8", () => examineDirectory(unhashed(root), policy));
  }));

const withModels = (models: Partial<Policy["models"]>): Policy => ({
  ...policy,
  models: { ...policy.models, ...models },
});
const forbidden: [why: string, models: Partial<Policy["models"]>, rule: RuleId][] = [
  ["model directories are not allowed", { allowModelDirectories: false }, "directory/not-allowed"],
  ["safetensors are not allowed", { allowedFormats: ["gguf"] }, "disguise/format-not-allowed"],
  ["safetensors are denied", { denyFormats: ["safetensors"] }, "disguise/denied-format"],
];
for (const [why, models, rule] of forbidden) {
  Deno.test(`the format gate refuses a good directory where ${why}`, () =>
    withDirectory(
      { "model.safetensors": weights("a") },
      (root) => assertRefuses(rule, () => examineDirectory(unhashed(root), withModels(models))),
    ));
}

const PIPELINE: DirectorySpec = DIRECTORIES_CLEAN.find(({ family }) => family === "Stable Diffusion")?.spec ??
  {};

Deno.test("P121 a directory with model_index.json is a diffusion directory, whatever else it holds", async () => {
  const format = await withDirectory(PIPELINE, async (root) => (await artifactAt(root)).format);
  assert.equal(format, "diffusion-directory");
  const { appliesTo } = diffusionDeepScan();
  assert.equal(appliesTo[format], "examine");
  assert.deepEqual(appliesTo["model-directory"], { notApplicable: "not a diffusion model" });
});

Deno.test("P122 the deep scan records one digest for each component, and every change of a file changes it", async () => {
  const digests = async (spec: DirectorySpec) =>
    await withDirectory(spec, async (root) => {
      const { evidence } = await diffusionDeepScan().examine(await artifactAt(root), context);
      return evidence["components"];
    });
  const before = await digests(PIPELINE);
  const after = await digests({
    ...PIPELINE,
    "unet/config.json": json({ _class_name: "UNet2DConditionModel", x: 1 }),
  });
  assert.ok(isComponents(before) && isComponents(after));
  const changed = Object.keys(before).filter((name) => before[name]?.sha256 !== after[name]?.sha256);
  assert.deepEqual(changed, ["unet"]);
});

function isComponents(value: unknown): value is Record<string, { sha256: string }> {
  return typeof value === "object" && value !== null &&
    Object.values(value).every((part) => "sha256" in part);
}

Deno.test("P122 the deep scan cannot decide when a component has a file that was not hashed", () =>
  withDirectory(PIPELINE, async (root) => {
    const artifact = await artifactAt(root);
    fs.writeFileSync(join(root, "unet/extra.md"), "x");
    await assert.rejects(
      diffusionDeepScan().examine(artifact, context),
      (error) => error instanceof UndecidedError && error.rule === "claim/changed",
    );
  }));

Deno.test("the disk shows the same directory as memory does", () =>
  withDirectory(PIPELINE, (root) => {
    const disk = new DiskDirectory(root);
    const memory = new MemoryDirectory(PIPELINE);
    const shape = ({ path, kind }: { path: string; kind: string }) => `${kind} ${path}`;
    assert.deepEqual(disk.entries.map(shape), memory.entries.map(shape));
  }));
