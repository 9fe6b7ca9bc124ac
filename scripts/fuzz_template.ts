import assert from "node:assert/strict";
import { examineTemplate } from "../src/measure/template/examine.ts";
import { isRuleId } from "../src/model/rules/mod.ts";
import type { Random } from "../test/make/random.ts";
import { HOSTILE_TEMPLATES } from "../test/vectors/templates.ts";
import { type FuzzOptions, type FuzzResult, runCases } from "./fuzz_cases.ts";

const WHERE = { path: "chat_template.jinja" };
const CLEAN = new URL("../test/vectors/templates_clean/", import.meta.url);

/**
 * Makes templates, most of them nearly right and many nearly hostile, and examines them. Throws when an invariant
 * breaks: findings for every text and never an exception, of known rules, at the place given, the same each time.
 */
export function fuzzTemplate(options: FuzzOptions): FuzzResult {
  const clean = cleanTemplates();
  return runCases(options, (random) => isClean(mutatedTemplate(random, clean)));
}

/** Whether nothing is found, by the invariants of `examineTemplate`. */
export function isClean(template: string): boolean {
  const findings = examineTemplate(template, WHERE);
  for (const found of findings) {
    assert.ok(isRuleId(found.rule) && found.rule.startsWith("template/"), found.rule);
    assert.equal(found.path, WHERE.path);
    assert.ok(found.message.length < 1000, "a message fits a report");
  }
  assert.deepEqual(examineTemplate(template, WHERE), findings);
  return findings.every(({ severity }) => severity === "info");
}

/** Every template of the clean corpus, in the order of the names. */
export function cleanTemplates(): readonly string[] {
  const names = [...Deno.readDirSync(CLEAN)].map(({ name }) => name).sort();
  return names.map((name) => Deno.readTextFileSync(new URL(name, CLEAN)));
}

/** A clean template with a few changes, a hostile one with a few, or one made of pieces of both. */
export function mutatedTemplate(random: Random, clean: readonly string[]): string {
  let template = random.oneIn(4)
    ? random.pick(HOSTILE_TEMPLATES)[1].slice(0, 4000)
    : random.oneIn(2)
    ? random.pick(clean)
    : made(random);
  for (let i = random.below(4); i > 0; i--) template = changed(random, template);
  return template;
}

function changed(random: Random, template: string): string {
  const at = random.below(template.length + 1);
  switch (random.below(7)) {
    case 0:
      return template.slice(0, at) + random.pick(PIECES) + template.slice(at);
    case 1:
      return template.slice(0, at) + template.slice(at + 1 + random.below(4));
    case 2:
      return template.slice(0, at) + template.slice(random.below(at + 1), at) + template.slice(at);
    case 3:
      return template.replace(random.pick(["'", '"', "_", ".", "[", "~", "%}", "}}"]), random.pick(PIECES));
    default: {
      const tag = template.indexOf(random.pick(["{{", "{%", "\n"]), at);
      return tag === -1
        ? template + made(random)
        : template.slice(0, tag) + made(random) + template.slice(tag);
    }
  }
}

/** A few statements in a row, well formed more often than not. */
function made(random: Random): string {
  return Array.from({ length: 1 + random.below(4) }, () => statement(random, 0)).join("");
}

const VARIABLES = [
  "a",
  "b",
  "c",
  "d",
  "messages",
  "message",
  "tools",
  "x",
  "ns",
  "m",
  "k",
  "loop",
  "bos_token",
];
const TEXTS = [
  "'_'",
  "'__'",
  "'class'",
  "'__cla'",
  "'ss__'",
  "'__class__'",
  "'XclassX'",
  "'__ssalc__'",
  "'role'",
  "'content'",
  "'x'",
  "''",
  "' '",
  "'m'",
  "'ro'",
  String.raw`'\x5f\x5f'`,
  String.raw`'\137'`,
  "'%s%s'",
  "'%c'",
  "'{0.role}'",
  "'a' \"b\"",
];
const FILTERS = [
  ..."lower upper trim list first last reverse string join length sort unique items safe tojson".split(" "),
  ..."int title capitalize random min max batch(2) select reject escape".split(" "),
];

function statement(random: Random, depth: number): string {
  const inner = () => depth > 2 ? `{{ ${expression(random, 0)} }}` : statement(random, depth + 1);
  const e = () => expression(random, 0);
  const v = () => random.pick(VARIABLES);
  const member = () => random.pick([...VARIABLES, ...METHODS, "index0", "name"]);
  switch (random.below(13)) {
    case 0:
      return `{% set ${v()} = ${e()} %}`;
    case 1:
      return `{% set ns = namespace(${v()}=${e()}) %}{% set ns.${member()} = ${e()} %}${inner()}`;
    case 2:
      return `{% for ${v()} in ${e()} %}${inner()}{% endfor %}`;
    case 3:
      return `{% for ${v()}, ${v()} in [(${e()}, ${e()})] %}${inner()}{% else %}${inner()}{% endfor %}`;
    case 4:
      return `{% if ${e()} %}${inner()}{% else %}${inner()}{% endif %}`;
    case 5:
      return macro(random, inner(), e());
    case 6:
      return `{% set ${v()} %}${inner()}${random.pick(["", "__class__", "__"])}{% endset %}`;
    case 7:
      return `{% filter ${filter(random, 0)} %}${inner()}{% endfilter %}`;
    case 8:
      return `{% with ${v()} = ${e()} %}${inner()}{% endwith %}`;
    case 9:
      return random.pick([
        "{# {{ #}",
        "{% raw %}{{ {% endraw %}",
        "{#- a -#}",
        "text\n",
        "{{ '}}' }}",
        "{{ {'a': {}} }}",
      ]);
    default:
      return `{{${random.pick(["", "-", "+"])} ${e()} ${random.pick(["", "-"])}}}`;
  }
}

function macro(random: Random, body: string, argument: string): string {
  const name = random.pick(["m", "m", "n", "range", "caller", "__init__"]);
  const parameters = random.pick(["a", "a, b", "a, k='__class__'", "k", "m", ""]);
  const call = random.pick([
    `${name}(${argument})`,
    `m(${argument}, ${argument})`,
    `x.f(${argument})`,
    `a(*${argument})`,
  ]);
  const block = `{% call(${random.pick(["a", "k"])}) ${name}(${argument}) %}${body}{% endcall %}`;
  return `{% macro ${name}(${parameters}) %}${body}${
    random.pick(["", `{{ caller(${argument}) }}`])
  }{% endmacro %}` +
    (random.oneIn(3) ? block : `{{ ${call} }}`);
}

function expression(random: Random, depth: number): string {
  const e = () => depth > 3 ? atom(random) : expression(random, depth + 1);
  switch (random.below(16)) {
    case 0:
      return `${e()} ${random.pick(["~", "~", "+", "*", "%", "or", "and", "==", "in", "-"])} ${e()}`;
    case 1:
    case 2:
      return `${atom(random)}[${e()}]`;
    case 3:
      return `${atom(random)}[${random.pick(["1:", ":2", "::-1", "2:9", "0"])}]`;
    case 4:
    case 5:
      return `(${e()})|${filter(random, depth)}`;
    case 6:
      return `(${e()} if ${e()} else ${e()})`;
    case 7:
      return `[${e()}, ${e()}]`;
    case 8:
      return `{'a': ${e()}, 'role': ${e()}}`;
    case 9:
      return `${atom(random)}.${
        random.pick(["role", "content", "a", "name", "previtem", "index0", "__class__", "_x"])
      }`;
    case 10:
      return `(${e()}).${random.pick(METHODS)}(${random.oneIn(2) ? e() : `${e()}, ${e()}`})`;
    case 11:
      return `${e()} is ${
        random.pick(["defined", "string", "not none", "sameas(a)", "in ['a']", "divisibleby 2"])
      }`;
    default:
      return atom(random);
  }
}

const METHODS = [
  "replace",
  "join",
  "lower",
  "strip",
  "lstrip",
  "split",
  "get",
  "format",
  "append",
  "items",
  "title",
];

function filter(random: Random, depth: number): string {
  const e = () => expression(random, depth + 2);
  switch (random.below(12)) {
    case 0:
      return `replace(${e()}, ${e()})`;
    case 1:
      return `join(${e()})`;
    case 2:
      return `default(${e()})`;
    case 3:
      return `map(attribute=${random.oneIn(3) ? e() : random.pick(["'role'", "'__class__'"])})`;
    case 4:
      return `map('${random.pick(["upper", "attr", "first", "string", "lower", "join"])}'${
        random.oneIn(2) ? "" : `, ${e()}`
      })`;
    case 5:
      return random.oneIn(3) ? `attr(${e()})` : `format(95, ${e()})`;
    case 6:
      return `selectattr('role', 'equalto', ${e()})`;
    default:
      return random.pick(FILTERS);
  }
}

function atom(random: Random): string {
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return random.pick(VARIABLES);
    case 3:
      return String(random.below(12));
    case 4:
      return random.pick([
        "messages[0]",
        "messages[0].role",
        "messages[1]['content']",
        "tools[0].function.name",
      ]);
    case 5:
      return random.pick([
        "()",
        "('a',)",
        "dict(a=1)",
        "range(3)",
        "m('x')",
        "m.name",
        "loop.index0",
        "x|list",
      ]);
    default:
      return random.pick(TEXTS);
  }
}

const PIECES = [
  ...[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "-",
    "'",
    '"',
    "\\",
    "(",
    ")",
    "[",
    "]",
    "|",
    "~",
    "_",
    "__",
    ".",
    ",",
  ],
  ...[
    "{% raw %}",
    "{% endraw %}",
    "{%- raw -%}",
    "{% if a %}",
    "{% endif %}",
    "{% else %}",
    "\r",
    "\r\n",
    "\x1c",
  ],
  ...[
    "\u2028",
    "\u00a0",
    "\ufeff",
    "\x85",
    "\x0b",
    "é",
    "ﬁ",
    "＿",
    "\\x5f",
    "\\u005f",
    "\\N{LOW LINE}",
    "\\137",
  ],
  ...[
    "lipsum",
    "self",
    "['__cla'~'ss__']",
    "|attr('__class__')",
    "{{ ''.__class__ }}",
    "# {{ a.__class__ }}",
    "##",
  ],
  ...[
    "{{ '#}' }}",
    "{{ '{#' }}",
    "+%}",
    "{%+",
    "{{+",
    "-#}",
    "{#-",
    "1_0",
    "0x1F",
    "1e3",
    ".5",
    "5.",
    "//",
    "**",
  ],
];
