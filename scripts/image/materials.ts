/**
 * Writes what an image has to say about the parts it was made of: a CycloneDX 1.6 bill of materials and the licence of
 * every package in the bundle. The same checkout, runtime and time give the same bytes.
 *
 *     deno run --allow-read --allow-write=OUT scripts/image/materials.ts --deno FILE --epoch SECONDS [--parts FILE] OUT
 *
 * `--parts` names programs that the image brings beside ours, one `NAME VERSION` a line.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A package of deno.lock: its key there, and what its own package.json says. */
interface Package {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly sha512: string;
  /** The program names it itself, in deno.json. */
  readonly direct: boolean;
  /** Keys of the packages it needs. */
  readonly needs: readonly string[];
  readonly folder: string;
}

interface Lock {
  readonly npm: Readonly<Record<string, LockedPackage>>;
  readonly workspace: { readonly dependencies: readonly string[] };
}

interface LockedPackage {
  readonly integrity: string;
  readonly dependencies?: readonly string[];
}

interface Program {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** What the runtime and the image bring beside the packages. */
interface Surroundings {
  readonly deno: { readonly version: string; readonly sha256: string };
  readonly parts: readonly { readonly name: string; readonly version: string }[];
  readonly epochSeconds: number;
}

/** Every package that the lock file pins, sorted by name and version. */
export function lockedPackages(checkout: string): Package[] {
  const lock: Lock = readJson(join(checkout, "deno.lock"));
  return Object.entries(lock.npm).map(([key, locked]) => packageOf(checkout, lock, key, locked))
    .sort((one, other) => one.key < other.key ? -1 : 1);
}

function packageOf(
  checkout: string,
  lock: Lock,
  key: string,
  { integrity, dependencies }: LockedPackage,
): Package {
  const [nameAndVersion = key] = key.split("_"); // After it come the peers it was resolved with.
  const at = nameAndVersion.lastIndexOf("@");
  const name = nameAndVersion.slice(0, at);
  const folder = join(checkout, "node_modules", ".deno", key.replaceAll("/", "+"), "node_modules", name);
  const { license } = readJson<Program>(join(folder, "package.json"));
  if (typeof license !== "string") throw new Error(`Cannot tell the licence of ${key}`);
  return {
    key,
    name,
    version: nameAndVersion.slice(at + 1),
    licence: license,
    sha512: Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex"),
    direct: lock.workspace.dependencies.includes(`npm:${nameAndVersion}`), // Pinned exactly, so both say the same.
    needs: (dependencies ?? []).map((need) => keyOf(lock, need)),
    folder,
  };
}

/** The lock file leaves the version out of a dependency that it pins only once. */
function keyOf({ npm }: Lock, need: string): string {
  const [key, ...others] = Object.keys(npm).filter((one) => one === need || one.startsWith(`${need}@`));
  if (key === undefined || others.length > 0) throw new Error(`Cannot tell which package ${need} is`);
  return key;
}

/** The bill of materials, CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/ */
export function billOfMaterials(
  program: Program,
  packages: readonly Package[],
  around: Surroundings,
): object {
  const name = basename(program.name);
  const root = `pkg:generic/${name}@${program.version}`;
  const runtime = `pkg:generic/deno@${around.deno.version}`;
  const refs = new Map(packages.map((one) => [one.key, npmAddress(one)]));
  const refsOf = (keys: readonly string[]) => keys.flatMap((key) => refs.get(key) ?? []).sort();
  const direct = packages.filter((one) => one.direct).map(({ key }) => key);
  const bill = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(around.epochSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
      component: {
        type: "application",
        "bom-ref": root,
        name,
        version: program.version,
        purl: root,
        licenses: [{ expression: program.license }],
      },
    },
    components: [
      runtimeComponent(runtime, around.deno),
      ...packages.map(libraryComponent),
      ...around.parts.map(partComponent),
    ],
    dependencies: [
      { ref: root, dependsOn: [runtime, ...refsOf(direct)] },
      ...packages.map((one) => ({ ref: npmAddress(one), dependsOn: refsOf(one.needs) })),
    ],
  };
  return { ...bill, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(bill))}` };
}

/** https://github.com/package-url/purl-spec */
function npmAddress({ name, version }: Package): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

function runtimeComponent(purl: string, { version, sha256 }: Surroundings["deno"]): object {
  return {
    type: "platform",
    "bom-ref": purl,
    name: "deno",
    version,
    purl,
    scope: "required",
    licenses: [{ expression: "MIT" }],
    hashes: [{ alg: "SHA-256", content: sha256 }],
  };
}

function libraryComponent(one: Package): object {
  const purl = npmAddress(one);
  return {
    type: "library",
    "bom-ref": purl,
    name: one.name,
    version: one.version,
    purl,
    scope: "required",
    licenses: [{ expression: one.licence }],
    hashes: [{ alg: "SHA-512", content: one.sha512 }],
  };
}

/** A policy decides which of them must be there. */
function partComponent({ name, version }: Surroundings["parts"][number]): object {
  const ref = `pkg:generic/${name}@${encodeURIComponent(version)}`;
  return { type: "application", "bom-ref": ref, name, version, scope: "optional" };
}

/** A name-based UUID: the same bill has the same number. https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8 */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The licences that must go where the bundle goes: the name of each beside the bill, and where its text is. A package
 * under our own licence that brings no text of it gets ours, which is the same.
 */
function licenceFiles(
  packages: readonly Package[],
  own: { readonly licence: string; readonly path: string },
): readonly (readonly [name: string, from: string])[] {
  return packages.flatMap(({ key, folder, licence }) => {
    const [file] = fs.readdirSync(folder).filter((name) => /^licen[cs]e/i.test(name)).sort();
    const from = file === undefined ? licence === own.licence ? own.path : null : join(folder, file);
    return from === null ? [] : [[`${key.replaceAll("/", "+")}.txt`, from] as const];
  });
}

function partsIn(path: string | undefined): Surroundings["parts"] {
  if (path === undefined) return [];
  const lines = fs.readFileSync(path, "utf8").split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [name, version, ...rest] = line.trim().split(/\s+/);
    if (name === undefined || version === undefined || rest.length > 0) {
      throw new Error(`Cannot read ${path}: ${JSON.stringify(line)} is not a name and a version`);
    }
    return { name, version };
  });
}

function readJson<T>(path: string): T {
  return JSON.parse(fs.readFileSync(path, "utf8"));
}

function main(): void {
  const { values, positionals: [out] } = parseArgs({
    allowPositionals: true,
    options: { deno: { type: "string" }, epoch: { type: "string" }, parts: { type: "string" } },
  });
  if (out === undefined || values.deno === undefined || !/^\d+$/.test(values.epoch ?? "")) {
    throw new Error("usage: materials.ts --deno FILE --epoch SECONDS [--parts FILE] OUT");
  }
  const packages = lockedPackages(CHECKOUT);
  const sha256 = createHash("sha256").update(fs.readFileSync(values.deno)).digest("hex");
  const program: Program = readJson(join(CHECKOUT, "deno.json"));
  const bill = billOfMaterials(program, packages, {
    deno: { version: Deno.version.deno, sha256 },
    parts: partsIn(values.parts),
    epochSeconds: Number(values.epoch),
  });
  fs.mkdirSync(join(out, "licenses"), { recursive: true });
  fs.writeFileSync(join(out, "sbom.cdx.json"), `${JSON.stringify(bill, null, 2)}\n`);
  const own = { licence: program.license, path: join(CHECKOUT, "LICENSE") };
  for (const [name, path] of licenceFiles(packages, own)) {
    fs.writeFileSync(join(out, "licenses", name), fs.readFileSync(path));
  }
}

if (import.meta.main) main();
