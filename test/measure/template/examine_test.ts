import assert from "node:assert/strict";
import { examineTemplate } from "../../../src/measure/template/examine.ts";
import { HOSTILE_TEMPLATES } from "../../vectors/templates.ts";

const WHERE = { field: `kv[3] "tokenizer.chat_template"` };

for (const [what, template, rule] of HOSTILE_TEMPLATES) {
  Deno.test(`examineTemplate() finds ${what}`, () => {
    const findings = examineTemplate(template, WHERE);
    assert.ok(findings.some((found) => found.rule === rule), `${rule} is missing: ${JSON.stringify(findings)}`);
    assert.ok(findings.every((found) => found.field === WHERE.field));
  });
}

const CLEAN = new URL("../../vectors/templates_clean/", import.meta.url);
for (const { name } of [...Deno.readDirSync(CLEAN)].sort((a, b) => a.name.localeCompare(b.name))) {
  Deno.test(`examineTemplate() finds nothing in ${name}`, () => {
    assert.deepEqual(examineTemplate(Deno.readTextFileSync(new URL(name, CLEAN)), WHERE), []);
  });
}
