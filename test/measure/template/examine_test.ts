import assert from "node:assert/strict";
import { examineTemplate } from "../../../src/measure/template/examine.ts";
import { HARMLESS_TEMPLATES, HOSTILE_TEMPLATES } from "../../vectors/templates.ts";

const WHERE = { field: `kv[3] "tokenizer.chat_template"` };

for (const [what, template, rule] of HOSTILE_TEMPLATES) {
  Deno.test(`examineTemplate() finds ${what}`, () => {
    const findings = examineTemplate(template, WHERE);
    assert.ok(
      findings.some((found) => found.rule === rule),
      `${rule} is missing: ${JSON.stringify(findings)}`,
    );
    assert.ok(findings.every((found) => found.field === WHERE.field));
  });
}

for (const [what, template] of HARMLESS_TEMPLATES) {
  Deno.test(`examineTemplate() finds nothing in ${what}`, () => {
    assert.deepEqual(examineTemplate(template, WHERE), []);
  });
}

const CLEAN = new URL("../../vectors/templates_clean/", import.meta.url);
for (const { name } of [...Deno.readDirSync(CLEAN)].sort((a, b) => a.name.localeCompare(b.name))) {
  Deno.test(`examineTemplate() finds nothing in ${name}, whatever the line ends`, () => {
    const template = Deno.readTextFileSync(new URL(name, CLEAN));
    for (const lineEnd of ["\n", "\r\n", "\r"]) {
      assert.deepEqual(examineTemplate(template.replaceAll("\n", lineEnd), WHERE), []);
    }
  });
}
