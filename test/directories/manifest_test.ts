import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { checkPath } from "../../src/roles/check.ts";
import { sha256 } from "../registry/fixture.ts";
import { type DirectorySpec, withDirectory } from "../make/directory.ts";
import { Lab, moveBack, outcomeOf } from "../support/lab.ts";
import { LabRegistry, unreachableRegistry } from "../support/registries.ts";
import { DIFFUSERS, taken } from "./models.ts";

const SOURCE = "https://huggingface.co/maker/tiny";
const REVISION = "0123456789".repeat(4);
const SIDECAR = ".tiny.hf-manifest.json";
const unregistered = { client: unreachableRegistry() };

interface ManifestFile {
  path: string;
  size: number;
  oid: string;
  oid_type: string;
}
interface Manifest {
  version: number;
  source: string;
  repo_id: string;
  revision: string;
  variant: string | null;
  files: ManifestFile[];
}

/** The manifest of a directory as a downloader writes it: weights by SHA-256, everything else by Git's name. */
function manifestOf(root: string): Manifest {
  const paths = fs.readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => fs.statSync(join(root, path)).isFile()).sort();
  const files = paths.map((path): ManifestFile => {
    const bytes = fs.readFileSync(join(root, path));
    const git = () => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    return path.endsWith(".safetensors")
      ? { path, size: bytes.length, oid: sha256(bytes), oid_type: "sha256" }
      : { path, size: bytes.length, oid: git(), oid_type: "git-sha1" };
  });
  return { version: 1, source: SOURCE, repo_id: "maker/tiny", revision: REVISION, variant: null, files };
}

const digestsOf = (spec: DirectorySpec) => withDirectory(spec, manifestOf);

function write(lab: Lab, manifest: Manifest): void {
  fs.writeFileSync(join(lab.places.incoming, SIDECAR), JSON.stringify(manifest));
}

Deno.test("the tests' Git names are Git's", () => {
  const hello = createHash("sha1").update("blob 12\0hello world\n").digest("hex");
  assert.equal(hello, "3b18e512dba79e4c8300dd08aeb37f8e728b8dad");
});

Deno.test("P122: a directory that is what was downloaded is promoted, and its record says what was compared", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const manifest = await digestsOf(DIFFUSERS);
  write(lab, manifest);
  assert.equal(outcomeOf(await taken(lab, registry, DIFFUSERS)), "passed");
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "tiny.provenance.json"), "utf8"));
  assert.deepEqual(record.download_manifest, {
    manifest_sha256: sha256(JSON.stringify(manifest)),
    source: SOURCE,
    repo_id: "maker/tiny",
    revision: REVISION,
    variant: null,
    files_checked: 10,
    sha256_files_checked: 3,
    git_blob_files_checked: 7,
    total_size_bytes: manifest.files.reduce((total, { size }) => total + size, 0),
  });
  assert.equal(record.source.revision, "unknown", "a local import is from no revision");
  assert.deepEqual(lab.names("incoming"), []);
});

Deno.test("P122: the record of a remote directory names the revision that was downloaded", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const manifest = await digestsOf(DIFFUSERS);
  write(lab, manifest);
  fs.writeFileSync(join(lab.places.incoming, ".tiny.source"), SOURCE);
  const outcome = outcomeOf(await taken(lab, registry, DIFFUSERS));
  assert.equal(
    outcome,
    "failed integrity/unpinned",
    "a manifest is no pin: whoever drops the files writes it",
  );
  lab.pin("tiny", lab.report("rejected", "tiny").sha256);
  moveBack(lab, "rejected", "tiny");
  assert.equal(outcomeOf(await taken(lab, registry, {})), "passed");
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "tiny.provenance.json"), "utf8"));
  assert.deepEqual([record.source, record.download_manifest.files_checked], [
    { url: SOURCE, revision: REVISION },
    10,
  ]);
});

/** A change between the download and the drop, and what stage 3 must say about it. */
const changes: readonly (readonly [
  what: string,
  change: (manifest: Manifest) => void,
  rule: string,
  says: RegExp,
])[] = [
  [
    "weights with another digest",
    ({ files }) => edit(files, "unet/diffusion_pytorch_model.safetensors", { oid: "0".repeat(64) }),
    "integrity/manifest-mismatch",
    /"unet\/diffusion_pytorch_model\.safetensors" hash mismatch expected: 0{64} actual: [0-9a-f]{64} \(sha256\)/,
  ],
  [
    "a configuration with another Git name",
    ({ files }) => edit(files, "vae/config.json", { oid: "0".repeat(40) }),
    "integrity/manifest-mismatch",
    /"vae\/config\.json" hash mismatch expected: 0{40} actual: [0-9a-f]{40} \(git-sha1\)/,
  ],
  [
    "a file of another size",
    ({ files }) => edit(files, "tokenizer/merges.txt", { size: 5 }),
    "integrity/manifest-mismatch",
    /"tokenizer\/merges\.txt" has 4 bytes, the download manifest says 5/,
  ],
  [
    "a missing file",
    ({ files }) => files.push({ path: "vae/gone.json", size: 1, oid: "0".repeat(40), oid_type: "git-sha1" }),
    "integrity/manifest-mismatch",
    /"vae\/gone\.json" is in the download manifest and missing/,
  ],
  [
    "an added file",
    ({ files }) => files.splice(files.findIndex(({ path }) => path === "tokenizer/vocab.json"), 1),
    "integrity/manifest-unlisted",
    /"tokenizer\/vocab\.json" is not in the download manifest/,
  ],
  [
    "a manifest of another version",
    (manifest) => manifest.version = 2,
    "integrity/manifest-unreadable",
    /the download manifest cannot be read: \$\.version/,
  ],
];

function edit(files: ManifestFile[], path: string, change: Partial<ManifestFile>): void {
  const file = files.find((one) => one.path === path);
  assert.ok(file !== undefined, path);
  Object.assign(file, change);
}

for (const [what, change, rule, says] of changes) {
  Deno.test(`P122: ${what} is refused, and again when it is moved back`, async () => {
    using lab = Lab.make();
    const manifest = await digestsOf(DIFFUSERS);
    change(manifest);
    write(lab, manifest);
    assert.equal(outcomeOf(await taken(lab, unregistered, DIFFUSERS)), `failed ${rule}`);
    const { failed_stage, reason, what_to_do } = lab.report("rejected", "tiny");
    assert.equal(failed_stage, "integrity_check");
    assert.match(reason, says);
    assert.match(what_to_do, /\.tiny\.hf-manifest\.json/);
    assert.deepEqual(lab.names("incoming"), []);
    moveBack(lab, "rejected", "tiny");
    assert.equal(outcomeOf(await taken(lab, unregistered, {})), `failed ${rule}`);
  });
}

Deno.test("P122: a manifest of another download is refused", async () => {
  using lab = Lab.make();
  write(lab, { ...await digestsOf(DIFFUSERS), source: "https://huggingface.co/maker/other" });
  fs.writeFileSync(join(lab.places.incoming, ".tiny.source"), SOURCE);
  await taken(lab, unregistered, DIFFUSERS);
  const rules = lab.report("rejected", "tiny").scan_details.findings.map(({ type }: { type: string }) =>
    type
  );
  assert.deepEqual(rules, ["integrity/unpinned", "integrity/manifest-mismatch"]);
});

const noFiles: readonly (readonly [what: string, make: (path: string) => void])[] = [
  ["a link", (path) => fs.symlinkSync("/etc/hostname", path)],
  ["a folder", (path) => fs.mkdirSync(path)],
  ["a file of 17 MiB", (path) => fs.writeFileSync(path, new Uint8Array(17 * 2 ** 20))],
];
for (const [what, make] of noFiles) {
  Deno.test(`${what} in place of the manifest is refused and never read`, async () => {
    using lab = Lab.make();
    make(join(lab.places.incoming, SIDECAR));
    const outcome = outcomeOf(await taken(lab, unregistered, DIFFUSERS));
    assert.equal(outcome, "failed integrity/manifest-unreadable");
    assert.equal(lab.report("rejected", "tiny").failed_stage, "integrity_check");
  });
}

Deno.test("P122: check compares a directory with the manifest beside it", () =>
  withDirectory(DIFFUSERS, async (root) => {
    using lab = Lab.make();
    const path = join(lab.root, "tiny");
    fs.cpSync(root, path, { recursive: true });
    const manifest = manifestOf(path);
    const checked = async () => {
      fs.writeFileSync(join(lab.root, SIDECAR), JSON.stringify(manifest));
      const { line, close } = await lab.open({ registry: unregistered.client });
      await close();
      const silent = { starting: () => {}, finished: () => {} };
      const { decision } = await checkPath(line, path, { kind: "local" }, silent);
      return decision.refusal?.rule ?? decision.word;
    };
    assert.equal(await checked(), "passed");
    manifest.files.pop();
    assert.equal(await checked(), "integrity/manifest-unlisted");
  }));
