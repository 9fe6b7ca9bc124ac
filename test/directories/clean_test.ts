import assert from "node:assert/strict";
import { weights, withDirectory } from "../make/directory.ts";
import { DIRECTORIES_CLEAN } from "../vectors/directories_clean.ts";
import { HARMLESS_TEMPLATES } from "../vectors/templates.ts";
import { policyWithoutPrograms, putBefore } from "./stages.ts";

const STAGES = ["format_gate", "static_scan", "diffusion_deep_scan"] as const;
const PROFILES = ["standalone", "appliance"] as const;
const CLEAN_TEMPLATES = new URL("../vectors/templates_clean/", import.meta.url);

/** Prints how many of each class there were, and how many refusals. */
function printCount(classes: readonly string[], profile: string, refusals: readonly string[]): void {
  for (const [name, members] of Map.groupBy(classes, (one) => one)) {
    console.log(`${String(members.length).padStart(5)}  ${name}`);
  }
  console.log(`${profile}: ${classes.length} clean, ${refusals.length} refusals`);
}

for (const profile of PROFILES) {
  const policy = policyWithoutPrograms(profile);

  Deno.test(`the stages of the ${profile} profile refuse no clean directory`, async () => {
    const wrong: string[] = [];
    for (const { family, why, spec, notes = [] } of DIRECTORIES_CLEAN) {
      for (const stage of STAGES) {
        const said = await withDirectory(spec, (root) => putBefore(stage, root, policy));
        const unexpected = said.findings.filter(({ rule }) => !notes.includes(rule));
        if (said.kind === "refused" || said.kind === "broken" || unexpected.length > 0) {
          const rules = said.findings.map(({ rule, message }) => `${rule} ${message}`).join("; ");
          wrong.push(`${family}, ${why}: ${stage} ${said.kind} ${rules}`);
        }
      }
    }
    printCount(DIRECTORIES_CLEAN.map(({ family, kind }) => `${kind}: ${family}`).sort(), profile, wrong);
    assert.deepEqual(wrong, []);
  });

  Deno.test(`the static scan of the ${profile} profile finds nothing in legitimate templates`, async () => {
    const templates = legitimateTemplates();
    assert.ok(templates.filter(({ sort }) => sort === "whole template").length >= 25);
    const files = Object.fromEntries(templates.map(({ text }, i) => [`t${i}.jinja`, text]));
    const spec = { "model.safetensors": weights("a"), ...files };
    const said = await withDirectory(spec, (root) => putBefore("static_scan", root, policy));
    const wrong = said.findings.map(({ rule, path, message }) => `${path}: ${rule} ${message}`);
    printCount(templates.map(({ sort }) => sort), profile, wrong);
    assert.deepEqual([said.kind, wrong], ["cleared", []]);
  });
}

function legitimateTemplates(): readonly { readonly sort: string; readonly text: string }[] {
  const names = [...Deno.readDirSync(CLEAN_TEMPLATES)].map(({ name }) => name).sort();
  const whole = names.map((name) => Deno.readTextFileSync(new URL(name, CLEAN_TEMPLATES)));
  return [
    ...whole.map((text) => ({ sort: "whole template", text })),
    ...HARMLESS_TEMPLATES.map(([, text]) => ({ sort: "construct that looks like an attack", text })),
  ];
}
