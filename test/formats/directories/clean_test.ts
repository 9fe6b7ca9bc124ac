import assert from "node:assert/strict";
import allowed from "../../../policy/diffusion_classes.json" with { type: "json" };
import {
  ClassAllowlist,
  configurationFindings,
  examinePipeline,
  examineTree,
} from "../../../src/formats/directories.ts";
import { MemoryDirectory } from "../../make/directory.ts";
import { DIRECTORIES_CLEAN } from "../../vectors/directories_clean.ts";

const classes = ClassAllowlist.from(allowed);

for (const { family, why, kind, spec, notes = [] } of DIRECTORIES_CLEAN) {
  Deno.test(`a clean directory in the style of ${family} passes: ${why}`, () => {
    const view = new MemoryDirectory(spec);
    const report = examineTree(view);
    const pipeline = kind === "diffusers" ? examinePipeline(view, classes).findings.all : [];
    const found = [...report.findings.all, ...configurationFindings(view).all, ...pipeline];
    assert.deepEqual(found.filter(({ rule }) => !notes.includes(rule)), []);
    assert.equal(report.kind, kind);
    assert.ok(found.every(({ severity }) => severity === "info"));
  });
}
