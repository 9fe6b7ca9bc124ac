import assert from "node:assert/strict";
import allowed from "../../../policy/diffusion_classes.json" with { type: "json" };
import {
  ClassAllowlist,
  configurationFindings,
  type DirectoryView,
  examinePipeline,
  examineTree,
} from "../../../src/formats/directories.ts";
import { type Finding, finding, FormatError, RULES, type StageId } from "../../../src/model/mod.ts";
import { MemoryDirectory } from "../../make/directory.ts";
import { DIRECTORY_ATTACKS } from "../../vectors/directories.ts";

const classes = ClassAllowlist.from(allowed);

/** What a stage says about the directory, thrown or listed. */
function findingsOf(stage: StageId, view: DirectoryView): readonly Finding[] {
  try {
    if (stage === "format_gate") return examineTree(view).findings.all;
    if (stage === "static_scan") return configurationFindings(view).all;
    return examinePipeline(view, classes).findings.all;
  } catch (error) {
    if (error instanceof FormatError) return [finding(error.rule, error.message, error.place)];
    throw error;
  }
}

for (const { row, why, spec, rule, stage } of DIRECTORY_ATTACKS) {
  Deno.test(`${stage} refuses a directory with ${why} (${row}): ${rule}`, () => {
    const view = new MemoryDirectory(spec);
    const found = findingsOf(stage, view);
    assert.ok(
      found.some((each) => each.rule === rule),
      `found ${JSON.stringify(found.map((each) => [each.rule, each.message]))}`,
    );
    if (stage !== "format_gate") {
      assert.deepEqual(
        findingsOf("format_gate", view).filter((each) =>
          each.severity === "critical" && !each.rule.startsWith("safetensors/")
        ),
        [],
      );
    }
  });
}

Deno.test("every rule about directories has an attack that it stops", () => {
  const seen = new Set(DIRECTORY_ATTACKS.map(({ rule }) => rule));
  const own = Object.entries(RULES).filter(([rule]) => /^(directory|config|diffusion)\//.test(rule));
  const silent = ["directory/not-allowed"]; // Said by the stage, not by the parser.
  const missing = own.filter(([rule, { severity }]) =>
    severity !== "info" && !silent.includes(rule) && ![...seen].some((each) => each === rule)
  );
  assert.deepEqual(missing.map(([rule]) => rule), []);
});
