import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Which folders of src/ each layer may import, beside itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  files: ["model", "formats"],
  formats: ["model"],
  measure: ["model", "formats"],
  engine: ["measure", "formats", "model", "files"],
  policy: ["model", "formats", "files"],
  behaviour: ["model", "policy", "files/names.ts"],
  tools: ["model", "formats", "files"],
  audit: ["model", "formats", "files"],
  provenance: ["model", "formats", "files"],
  registry: ["model", "files", "formats"],
  neighbours: ["model", "files", "registry"],
  health: ["model", "files", "audit"],
  admission: ["model", "files", "policy", "audit", "provenance", "formats/directory_hash.ts"],
  stages: ["model", "files", "formats", "measure", "engine", "behaviour", "policy", "tools", "provenance"],
};
/** Of formats, these layers may use the strict JSON reader only. */
const STRICT_JSON_ONLY = ["policy", "tools", "audit", "provenance"];
/** The same input gives the same output: nothing of the outside may reach in. */
const PURE = ["model", "formats", "measure", "behaviour"];

interface Source {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Imported project files, relative to the project. */
  readonly imports: readonly string[];
  /** Imported specifiers that are not paths. */
  readonly packages: readonly string[];
}

/** Where the program begins: for those who import it, and for the launcher. */
const ROOTS = ["main.ts", "entry"];
const sources = ["src", "stages", "scripts"].flatMap(filesBelow).concat("main.ts")
  .filter((path) => path.endsWith(".ts")).map(readSource);
const program = sources.filter(({ path }) => !path.startsWith("scripts/"));

function filesBelow(folder: string): string[] {
  return fs.readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function readSource(path: string): Source {
  const text = fs.readFileSync(join(ROOT, path), "utf8");
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)"([^"]+)"/gm);
  const specifiers = [...found].map(([, specifier = ""]) => specifier);
  const isPath = (specifier: string) => specifier.startsWith(".");
  const here = dirname(join(ROOT, path));
  return {
    path,
    text,
    imports: specifiers.filter(isPath).map((specifier) => relative(ROOT, resolve(here, specifier))),
    packages: specifiers.filter((specifier) => !isPath(specifier)),
  };
}

const layerOf = (path: string): string =>
  path.startsWith("src/") ? path.split("/")[1] ?? "" : path.split("/")[0] ?? "";

function mayImport(layer: string, target: string): boolean {
  const own = layerOf(target);
  if (own === layer) return true;
  const allowed = LAYERS[layer] ?? [];
  if (own === "formats" && STRICT_JSON_ONLY.includes(layer)) {
    return /^src\/formats\/strict_json\b/.test(target);
  }
  return allowed.some((one) => one === own || target === `src/${one}`);
}

function none(what: string, wrong: readonly string[]): void {
  assert.deepEqual(wrong, [], what);
}

Deno.test("imports point down", () => {
  const wrong = program.flatMap(({ path, imports }) => {
    const layer = layerOf(path);
    if (layer === "roles" || ROOTS.includes(layer)) return [];
    assert.ok(layer in LAYERS, `${path} belongs to a layer`);
    return imports.filter((target) => !mayImport(layer, target)).map((target) => `${path} -> ${target}`);
  });
  none("imports that point up or sideways", wrong);
});

Deno.test("a stage imports no other stage, and only where the program begins stages and roles are imported", () => {
  const isList = (path: string) => path === "stages/mod.ts" || path === "stages/inspections.ts";
  const numberOf = (path: string) => /^stages\/(\d)_/.exec(path)?.[1];
  const isPart = (path: string, target: string) =>
    numberOf(path) !== undefined && numberOf(path) === numberOf(target);
  const wrong = program.flatMap(({ path, imports }) =>
    imports.filter((target) => {
      const layer = layerOf(target);
      if (layer === "roles") return layerOf(path) !== "roles" && !ROOTS.includes(layerOf(path));
      return layer === "stages" && !ROOTS.includes(layerOf(path)) && !isList(path) && !isPart(path, target);
    }).map((target) => `${path} -> ${target}`)
  );
  none("imports of stages and roles", wrong);
});

Deno.test("the program imports nothing of test/", () => {
  none(
    "imports of tests",
    program.flatMap(({ path, imports }) =>
      imports.filter((target) => target.startsWith("test/")).map((t) => `${path} -> ${t}`)
    ),
  );
});

Deno.test("packages are those of deno.json, or the runtime's node: modules", () => {
  const known = Object.keys(JSON.parse(fs.readFileSync(join(ROOT, "deno.json"), "utf8")).imports);
  const wrong = sources.flatMap(({ path, packages }) =>
    packages.filter((name) => !name.startsWith("node:") && !known.some((one) => isPartOf(name, one)))
      .map((name) => `${path}: ${name}`)
  );
  none("packages that are not declared", wrong);
});

function isPartOf(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}

Deno.test("parsers, statistics and judges are pure", () => {
  const impure = /\bDeno\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bfetch\(/;
  const outside = /^node:(fs|process|os|net|http|https|child_process)/;
  const wrong = program.filter(({ path }) => PURE.includes(layerOf(path))).flatMap(
    ({ path, text, packages }) => {
      const lines = codeOf(text).split("\n").filter((one) => impure.test(one));
      return [...lines, ...packages.filter((name) => outside.test(name))].map((what) =>
        `${path}: ${what.trim()}`
      );
    },
  );
  none("files, clocks, randomness in pure code", wrong);
});

Deno.test("the environment is read in one place", () => {
  const wrong = program.filter(({ path, text }) =>
    path !== "src/entry/outside.ts" && /\bDeno\.env\b|process\.env\b/.test(codeOf(text))
  );
  none("reads of the environment", wrong.map(({ path }) => path));
});

Deno.test("nothing is ever started with every permission", () => {
  const paths = ["scripts", "systemd", ".ci"].filter((folder) => fs.existsSync(join(ROOT, folder))).flatMap(
    filesBelow,
  );
  const wrong = [...paths, "deno.json", ...program.map(({ path }) => path)].filter((path) =>
    /(^|[\s"'=[,])(-A|--allow-all)(?=["'\s,\]]|$)/m.test(fs.readFileSync(join(ROOT, path), "utf8"))
  );
  none("-A or --allow-all", wrong);
});

Deno.test("a file stays readable: about 400 lines at most", () => {
  const long = program.filter(({ text }) => text.split("\n").length > 500);
  none("files to split", long.map(({ path, text }) => `${path}: ${text.split("\n").length}`));
});

/** Without comments and texts: what is left is what runs. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "").replace(
    /"(?:[^"\\\n]|\\.)*"/g,
    '""',
  );
}
