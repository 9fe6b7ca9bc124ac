import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { digestInPlace } from "../../src/admission/mod.ts";
import type { FileDigest } from "../../src/model/mod.ts";
import { withDirectory } from "../make/directory.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry, unreachableRegistry } from "../support/registries.ts";
import { DIFFUSERS, taken } from "./models.ts";

const SOURCE = "https://huggingface.co/maker/tiny";
const unregistered = { client: unreachableRegistry() };

type FilePins = Record<string, string>;

/** The digests of every file of the pipeline, as an operator copies them into the lock file. */
async function filePins(): Promise<FilePins> {
  const { files } = await withDirectory(DIFFUSERS, (root) => digestInPlace(root, {}));
  return Object.fromEntries(files.map(({ path, sha256 }: FileDigest) => [path, sha256]));
}

function lock(lab: Lab, pins: FilePins): void {
  const files = Object.entries(pins).map(([path, sha256]) => `      - {path: ${path}, sha256: ${sha256}}\n`);
  const text = `version: 1\nmodels:\n  - filename: tiny\n    files:\n${files.join("")}`;
  fs.writeFileSync(join(dirname(lab.policyPath), "models.lock.yaml"), text);
  fs.writeFileSync(join(lab.places.incoming, ".tiny.source"), SOURCE);
}

Deno.test("P031, P122: a remote directory whose every file is pinned is promoted, with those digests in its record", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const pins = await filePins();
  lock(lab, pins);
  const ended = await taken(lab, registry, DIFFUSERS);
  assert.equal(outcomeOf(ended), "passed");
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "tiny.provenance.json"), "utf8"));
  assert.deepEqual(
    Object.fromEntries(record.files.map((file: FileDigest) => [file.path, file.sha256])),
    pins,
  );
  assert.equal(stageThree(ended)?.pinned_by, "lock");
});

function stageThree(ended: Awaited<ReturnType<typeof taken>>): Readonly<Record<string, unknown>> | undefined {
  if (ended?.kind !== "ended") return undefined;
  const outcome = ended.examination?.stages.find(({ stage }) => stage === "integrity_check")?.outcome;
  return outcome?.kind === "cleared" ? outcome.evidence : undefined;
}

const wrong:
  readonly (readonly [what: string, change: (pins: FilePins) => void, says: RegExp, path: string])[] = [
    [
      "one wrong digest",
      (pins) => pins["vae/config.json"] = "ab".repeat(32),
      /hash mismatch expected: (?:ab){32} actual: [0-9a-f]{64}/,
      "vae/config.json",
    ],
    [
      "a pinned file that is missing",
      (pins) => pins["vae/gone.json"] = "ab".repeat(32),
      /"vae\/gone\.json" is pinned and missing/,
      "vae/gone.json",
    ],
    [
      "a file more than is pinned",
      (pins) => delete pins["tokenizer/merges.txt"],
      /"tokenizer\/merges\.txt" is not among the pinned files/,
      "tokenizer/merges.txt",
    ],
  ];
for (const [what, change, says, path] of wrong) {
  Deno.test(`P031: a directory with ${what} is refused, and the report names the file`, async () => {
    using lab = Lab.make();
    const pins = await filePins();
    change(pins);
    lock(lab, pins);
    assert.equal(outcomeOf(await taken(lab, unregistered, DIFFUSERS)), "failed integrity/mismatch");
    const { failed_stage, reason, scan_details } = lab.report("rejected", "tiny");
    assert.equal(failed_stage, "integrity_check");
    assert.match(reason, says);
    assert.equal(scan_details.findings[0].path, path);
  });
}
