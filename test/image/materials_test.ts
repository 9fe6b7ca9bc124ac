import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { run } from "../support/programs.ts";
import { realTest } from "../support/real_parts.ts";
import { imageScript, sharedOverlay, treeOf, Workshop } from "./image.ts";

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string; readonly scope: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** The bill of an overlay. */
function billIn(overlay: string): Bill {
  return JSON.parse(fs.readFileSync(join(overlay, "usr/share/ai-quarantine/sbom.cdx.json"), "utf8"));
}

/** Packages whose code is in the bundle: the bundler names the file of each module. */
function bundled(overlay: string): string[] {
  const lib = join(overlay, "usr/lib/ai-quarantine");
  const texts = treeOf(lib).filter(({ path }) => path.endsWith(".js")).map(({ path }) =>
    fs.readFileSync(join(lib, path), "utf8")
  );
  const found = texts.flatMap((
    text,
  ) => [...text.matchAll(/^\/\/ node_modules\/\.deno\/[^/]+\/node_modules\/((?:@[^/]+\/)?[^/]+)/gm)]);
  return [...new Set(found.map(([, name = ""]) => name))].sort();
}

const VALIDATE = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
`;

realTest("P171: the bill of materials is CycloneDX 1.6 by its schema", ["AIQ_PYTHON"], ({ AIQ_PYTHON }) => {
  using here = new Workshop();
  const bill = join(sharedOverlay("appliance"), "usr/share/ai-quarantine/sbom.cdx.json");
  run(AIQ_PYTHON, "-c", VALIDATE, bill);
  const broken = here.file("broken.json", fs.readFileSync(bill, "utf8").replace('"library"', '"book"'));
  assert.throws(() => run(AIQ_PYTHON, "-c", VALIDATE, broken), /book/);
  return Promise.resolve();
});

Deno.test("P171: the bill names every package in the bundle, the runtime, and who needs whom", () => {
  const overlay = sharedOverlay("appliance");
  const { components, dependencies } = billIn(overlay);
  const names = components.map(({ name }) => name);
  assert.deepEqual(bundled(overlay).filter((name) => !names.includes(name)), []);
  assert.ok(bundled(overlay).includes("zod"));
  assert.equal(components.find(({ name }) => name === "deno")?.version, Deno.version.deno);
  const refs = new Set(dependencies.map(({ ref }) => ref));
  const reached = new Set(dependencies.flatMap(({ dependsOn }) => dependsOn));
  assert.deepEqual([...refs].filter((ref) => !reached.has(ref)), ["pkg:generic/ai-quarantine@0.1.0"]);
});

Deno.test("every package in the bundle has its licence beside it", () => {
  const overlay = sharedOverlay("appliance");
  const licences = fs.readdirSync(join(overlay, "usr/share/ai-quarantine/licenses"));
  const missing = bundled(overlay).filter((name) =>
    !licences.some((file) => file.startsWith(`${name.replaceAll("/", "+")}@`))
  );
  assert.deepEqual(missing, []);
});

Deno.test("programs that an image brings beside ours stand in its bill as optional", () => {
  using here = new Workshop();
  const parts = here.file("parts", "llama.cpp-tools 1:0.7.0+dfsg-2\ncosign 3.1.1-2\n");
  const out = here.path("overlay");
  run(imageScript("make-rootfs-overlay"), "--deno", Deno.execPath(), "--parts", parts, out);
  const optional = billIn(out).components.filter(({ scope }) => scope === "optional");
  assert.deepEqual(optional.map(({ name, version }) => `${name} ${version}`), [
    "llama.cpp-tools 1:0.7.0+dfsg-2",
    "cosign 3.1.1-2",
  ]);
});

Deno.test("P166: every dependency is pinned to one version and one digest", () => {
  const { imports } = JSON.parse(fs.readFileSync(join(PROGRAM_ROOT, "deno.json"), "utf8"));
  const loose = Object.values(imports).filter((one) => !/^npm:.+@\d+\.\d+\.\d+$/.test(String(one)));
  assert.deepEqual(loose, []);
  const { npm } = JSON.parse(fs.readFileSync(join(PROGRAM_ROOT, "deno.lock"), "utf8"));
  const packages = Object.entries<{ integrity?: string }>(npm);
  assert.ok(packages.length >= Object.keys(imports).length);
  assert.deepEqual(packages.filter(([, { integrity = "" }]) => !/^sha512-[\w+/]{86}==$/.test(integrity)), []);
});
