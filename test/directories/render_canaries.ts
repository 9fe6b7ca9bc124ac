/**
 * Renders what the template rules call clean with Jinja itself, among objects that note who touches them.
 * usage: deno run --allow-read --allow-run test/directories/render_canaries.ts PYTHON [RENDERINGS] [SEED]
 * PYTHON is an interpreter that has jinja2. Exits 1 when a template that was called clean touched something.
 */
import { randomOfCase } from "../../scripts/fuzz_cases.ts";
import { cleanTemplates, isClean, mutatedTemplate } from "../../scripts/fuzz_template.ts";
import { renderAll, type Rendering } from "../measure/template/canary.ts";

const BATCH = 1000;

interface Tally {
  readonly outcomes: Map<Rendering["outcome"], number>;
  rendered: number;
  touched: number;
}

const [python, count = "20000", seed = "1"] = Deno.args;
if (python === undefined) throw new RangeError("usage: render_canaries.ts PYTHON [RENDERINGS] [SEED]");
const began = performance.now();
const clean = cleanTemplates();
const tally: Tally = { outcomes: new Map(), rendered: 0, touched: 0 };
let made = 0;
while (tally.rendered < Number(count)) {
  const batch: string[] = [];
  while (batch.length < Math.min(BATCH, Number(count) - tally.rendered)) {
    const template = mutatedTemplate(randomOfCase(Number(seed), made++), clean);
    if (isClean(template)) batch.push(template);
  }
  note(batch, await renderAll(python, batch));
}
const outcomes = [...tally.outcomes].sort().map(([outcome, times]) => `${times} ${outcome}`).join(", ");
console.log(
  `${made} templates of seed ${seed}, ${tally.rendered} called clean and rendered (${outcomes}), ` +
    `${tally.touched} touched a canary; ${((performance.now() - began) / 1000).toFixed(1)} s`,
);
Deno.exitCode = tally.touched === 0 ? 0 : 1;

function note(templates: readonly string[], renderings: readonly Rendering[]): void {
  for (const [i, { outcome, touched }] of renderings.entries()) {
    tally.rendered += 1;
    tally.outcomes.set(outcome, (tally.outcomes.get(outcome) ?? 0) + 1);
    if (touched.length === 0 && outcome !== "timeout") continue;
    tally.touched += 1;
    console.error(`${outcome}, touched ${touched.join(", ")}: ${JSON.stringify(templates[i])}`);
  }
}
