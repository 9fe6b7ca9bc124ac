import assert from "node:assert/strict";
import { cleanTemplates, isClean, mutatedTemplate } from "../../../scripts/fuzz_template.ts";
import { randomOfCase } from "../../../scripts/fuzz_cases.ts";
import { HOSTILE_TEMPLATES } from "../../vectors/templates.ts";
import { renderAll } from "./canary.ts";

const python = Deno.env.get("AIQ_PYTHON");
const mustRun = Deno.env.get("CI") === "true";
const ignore = python === undefined && !mustRun;
const why = ignore ? " (not run: AIQ_PYTHON names no Python with jinja2)" : "";

function interpreter(): string {
  if (python === undefined) throw new Error("AIQ_PYTHON must name a Python with jinja2 when CI is true");
  return python;
}

Deno.test({
  name: `what examineTemplate() calls clean touches nothing when Jinja renders it${why}`,
  ignore,
  fn: async () => {
    const clean = cleanTemplates();
    const mutations = Array.from({ length: 300 }, (_, i) => mutatedTemplate(randomOfCase(20, i), clean));
    const templates = [...clean, ...mutations].filter(isClean);
    const renderings = await renderAll(interpreter(), templates);
    const bad = renderings.flatMap((rendering, i) =>
      rendering.touched.length > 0 || rendering.outcome === "timeout"
        ? [{ ...rendering, template: templates[i] }]
        : []
    );
    assert.deepEqual(bad, []);
    assert.ok(renderings.slice(0, clean.length).every(({ outcome }) => outcome !== "syntax"));
  },
});

Deno.test({
  name: `the canaries see attacks that work${why}`,
  ignore,
  fn: async () => {
    const working = HOSTILE_TEMPLATES.filter(([, , rule]) => rule === "template/object-walk");
    const renderings = await renderAll(interpreter(), working.map(([, template]) => template));
    const seen = renderings.filter(({ touched }) => touched.length > 0).length;
    assert.ok(seen > working.length / 2, `${seen} of ${working.length}`);
  },
});
