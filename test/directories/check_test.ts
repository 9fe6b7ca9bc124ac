import assert from "node:assert/strict";
import fs from "node:fs";
import { basename, join } from "node:path";
import { digestInPlace } from "../../src/admission/mod.ts";
import { type Ahead, readDirectoryAhead, readFileAhead } from "../../src/engine/read_ahead.ts";
import { WorkerPool } from "../../src/engine/workers.ts";
import type { Json } from "../../src/model/mod.ts";
import { EXIT } from "../../src/roles/world.ts";
import { staticScan } from "../../stages/5_static_scan.ts";
import { type DirectorySpec, weights, withDirectory } from "../make/directory.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import { type Answer, examineAt } from "../support/stage.ts";
import { DIRECTORY_ATTACKS } from "../vectors/directories.ts";
import { DIRECTORIES_CLEAN } from "../vectors/directories_clean.ts";
import { DIFFUSERS, TRANSFORMERS } from "./models.ts";
import { policyWithoutPrograms, putBefore, type Said } from "./stages.ts";

const POLICY = policyWithoutPrograms("standalone");

/** `check` of what lies at a path, in the lab's configuration. */
async function check(lab: Lab, path: string) {
  const args = ["check", "--json", "--policy", lab.policyPath, path];
  const { code, stdout } = await cli(args, { XDG_STATE_HOME: lab.places.state });
  return { code, result: JSON.parse(stdout) };
}

for (const [what, spec] of [["transformers directory", TRANSFORMERS], ["pipeline", DIFFUSERS]] as const) {
  Deno.test(`P002: check of a ${what}, which is read once, says what the line says of it`, () =>
    withDirectory(spec, async (root) => {
      using lab = Lab.make();
      const { code, result } = await check(lab, root);
      assert.deepEqual([code, result.verdict], [EXIT.passed, "passed"], JSON.stringify(result));
      const digest = await digestInPlace(root, {});
      assert.deepEqual([result.sha256, result.size_bytes], [digest.sha256, digest.sizeBytes]);
      const { evidence } = result.stages[6];
      if (spec !== DIFFUSERS) return;
      const config = `${sha256(fs.readFileSync(join(root, "scheduler/scheduler_config.json")))}`;
      const line = `${config}  scheduler/scheduler_config.json\n`;
      assert.equal(evidence.components.scheduler.sha256, sha256(new TextEncoder().encode(line)));
    }));
}

Deno.test("check finds a blocked file inside a directory by the digests of its one reading", () =>
  withDirectory(TRANSFORMERS, async (root) => {
    using lab = Lab.make();
    const path = "model-00002-of-00003.safetensors";
    const blocked = sha256(fs.readFileSync(join(root, path)));
    lab.pin("other", blocked, ", blocked: true, blocked_reason: known bad");
    const { code, result } = await check(lab, root);
    assert.deepEqual([code, result.failed_stage], [EXIT.refused, "integrity_check"], JSON.stringify(result));
    assert.match(result.reason, new RegExp(`"${path}" sha256 ${blocked} is blocked: known bad`));
  }));

Deno.test("check of a directory that the format gate refuses tells its digest all the same", () =>
  withDirectory({ ...TRANSFORMERS, "model.pkl": "x" }, async (root) => {
    using lab = Lab.make();
    const { code, result } = await check(lab, root);
    assert.deepEqual([code, result.failed_stage], [EXIT.refused, "format_gate"]);
    assert.equal(result.sha256, (await digestInPlace(root, {})).sha256);
  }));

Deno.test("the static scan says the same of a directory that it reads once and of one that was hashed before", async () => {
  const specs = [...DIRECTORIES_CLEAN, ...DIRECTORY_ATTACKS.filter(({ stage }) => stage === "static_scan")];
  assert.ok(specs.length > 50);
  for (const { why, spec } of specs) {
    await withDirectory(spec, async (root) => {
      const once = await examineAt(staticScan(), root, POLICY);
      assert.deepEqual(once, answerOf(await putBefore("static_scan", root, POLICY)), why);
    });
  }
});

function answerOf({ kind, findings }: Said): Answer {
  if (kind === "broken" || kind === "not-applicable") throw new Error(`Cannot compare: ${kind}`);
  return { kind, findings };
}

/** A model that is read ahead, and what is done to it before anybody asks for the result. */
const changes: readonly (readonly [what: string, change: (root: string) => void])[] = [
  ["a file that was written to", (root) => fs.appendFileSync(join(root, "config.json"), " ")],
  ["a weight file that was replaced", (root) => {
    const path = join(root, "model-00001-of-00003.safetensors");
    fs.writeFileSync(`${root}.new`, fs.readFileSync(path));
    fs.renameSync(`${root}.new`, path);
  }],
  ["a file that appeared", (root) => fs.writeFileSync(join(root, "new.safetensors"), weights("a"))],
  ["a file that is gone", (root) => fs.rmSync(join(root, "README.md"))],
];
for (const [what, change] of changes) {
  Deno.test(`a directory that was read ahead is not vouched for after ${what}`, () =>
    withDirectory(
      TRANSFORMERS,
      (root) => notVouchedFor(root, readDirectoryAhead(root, new WorkerPool()), () => change(root)),
    ));
}

Deno.test("a weight file that was read ahead is not vouched for after it was written to", () =>
  withDirectory({ "m.safetensors": weights("a") }, async (root) => {
    const path = join(root, "m.safetensors");
    await notVouchedFor(
      path,
      readFileAhead(path, "safetensors", new WorkerPool()),
      () => fs.writeFileSync(path, weights("b")),
    );
  }));

async function notVouchedFor(path: string, ahead: Ahead, change: () => void): Promise<void> {
  await ahead.reading.result(() => {});
  await new Promise((resolve) => setTimeout(resolve, 5)); // Times of change are told in milliseconds.
  change();
  const asked = examineAt(staticScan(ahead), path, POLICY);
  await assert.rejects(asked, {
    rule: "claim/changed",
    message: `${basename(path)} changed after it was read`,
  });
}

Deno.test("a directory that was read ahead and is what it was is told of, every file of it", () =>
  withDirectory(manyFiles(120), async (root) => {
    const records: Json[] = [];
    const digest = await digestInPlace(root, {});
    const stage = staticScan(readDirectoryAhead(root, new WorkerPool()));
    await examineAt(stage, root, POLICY, (record) => void records.push(record));
    const files = digest.files.map(({ path, sha256, sizeBytes }) => ({
      path,
      sha256,
      size_bytes: sizeBytes,
    }));
    assert.deepEqual(records, [
      { kind: "files", files: files.slice(0, 50) },
      { kind: "files", files: files.slice(50, 100) },
      { kind: "files", files: files.slice(100) },
      { kind: "directory", sha256: digest.sha256, size_bytes: digest.sizeBytes },
    ]);
  }));

function manyFiles(count: number): DirectorySpec {
  const texts = Array.from({ length: count - 1 }, (_, i) => [`text/${i}.txt`, `${i}`]);
  return { "model.safetensors": weights("a"), ...Object.fromEntries(texts) };
}
