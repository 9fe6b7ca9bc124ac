import assert from "node:assert/strict";
import { fuzzTemplate } from "../../../scripts/fuzz_template.ts";
import { examineTemplate, MAX_TEMPLATE_BYTES } from "../../../src/measure/template/examine.ts";

const rulesOf = (template: string) => [...new Set(examineTemplate(template, {}).map(({ rule }) => rule))];

const limits:
  readonly (readonly [what: string, below: number, above: number, make: (n: number) => string])[] = [
    ["nested brackets", 64, 65, (n) => `{{ ${"(".repeat(n)}a${")".repeat(n)} }}`],
    ["nested blocks", 64, 65, (n) => `${"{% if a %}".repeat(n)}${"{% endif %}".repeat(n)}`],
    ["elif", 200, 201, (n) => `{% if a %}${"{% elif a %}".repeat(n)}{% endif %}`],
    ["not", 200, 201, (n) => `{{ ${"not ".repeat(n)}a }}`],
    ["links of an expression", 598, 600, (n) => `{{ a${".b".repeat(n)} }}`],
    ["macros of one name", 3, 4, (n) => "{% macro m(a) %}{% endmacro %}".repeat(n)],
    [
      "macros",
      64,
      65,
      (n) => Array.from({ length: n }, (_, i) => `{% macro m${i}(a) %}{% endmacro %}`).join(""),
    ],
    ["words", 3000, 3001, (n) => "{{a}}".repeat(n)],
  ];
for (const [what, below, above, make] of limits) {
  Deno.test(`examineTemplate() takes ${below} ${what} and refuses ${above}`, () => {
    assert.deepEqual(rulesOf(make(below - 1)), []);
    assert.deepEqual(rulesOf(make(below)), []);
    assert.ok(rulesOf(make(above)).includes("template/too-deep"));
  });
}

Deno.test("examineTemplate() takes 1 MiB and refuses one byte more, counted in UTF-8", () => {
  assert.deepEqual(rulesOf("é".repeat(MAX_TEMPLATE_BYTES / 2)), []);
  assert.deepEqual(rulesOf("é".repeat(MAX_TEMPLATE_BYTES / 2) + "a"), ["template/too-large"]);
});

Deno.test("examineTemplate() follows rows of variables in either direction and refuses tangled ones", () => {
  const link = (i: number) => `{% set ns.a${i + 1} = ns.a${i} %}`;
  const row = Array.from({ length: 99 }, (_, i) => link(i));
  const tangled = row.map((_, i) => link(i * 52 % 99));
  const last = "{% set ns.a0 = '__class__' %}{{ ''[ns.a99] }}";
  assert.deepEqual(rulesOf(last + row.join("")), ["template/computed-name"]);
  assert.deepEqual(rulesOf(last + row.toReversed().join("")), ["template/computed-name"]);
  assert.ok(rulesOf(last + tangled.join("")).includes("template/too-deep"));
});

const MIB = 2 ** 20;
/** What a pattern that looks at one place twice would need minutes for. */
const repeated: readonly (readonly [what: string, template: string])[] = [
  ["characters whose names do not end", `{{ '${"\\N{".repeat(MIB / 3 - 2)}`],
  [
    "a gate before one word of a mebibyte",
    `{% if 'bank' in messages[0].content %}${"it's-".repeat(MIB / 6)}{% endif %}`,
  ],
  ["runs that are nearly long enough", ("a".repeat(119) + " " + "0".repeat(127) + " ").repeat(MIB / 256)],
];
for (const [what, template] of repeated) {
  Deno.test(`examineTemplate() needs no second for ${what}`, () => {
    const began = performance.now();
    examineTemplate(template, {});
    assert.ok(performance.now() - began < 1000);
  });
}

Deno.test("examineTemplate() takes a list of more texts than it lists, and sees an internal name among the first", () => {
  const append = (text: string) => `{% set _ = l.append('${text}') %}`;
  const many = Array.from({ length: 100 }, (_, i) => append(`a${i}`)).join("");
  assert.deepEqual(rulesOf(`{% set l = [] %}${many}{% for x in l %}{{ x }}{% endfor %}`), []);
  const asked = `{% set l = [] %}${append("__class__")}${many}{{ messages[l[0]] }}`;
  assert.deepEqual(rulesOf(asked), ["template/computed-name"]);
});

Deno.test("examineTemplate() keeps its messages short", () => {
  const [found] = examineTemplate(`{{ ''.__${"a".repeat(100_000)} }}`, {});
  assert.equal(found?.rule, "template/object-walk");
  assert.ok(found.message.length < 500);
});

Deno.test("examineTemplate() withstands mutated templates", () => {
  const { cases, accepted, refused } = fuzzTemplate({ seed: 4, cases: 500 });
  assert.equal(accepted + refused, cases);
  assert.ok(accepted > 20 && refused > 100, `${accepted} accepted, ${refused} refused`);
});
