import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { withDirectory } from "../make/directory.ts";
import { F32, safetensors } from "../make/safetensors.ts";
import { tinyLlama } from "../make/gguf.ts";
import { parseGguf } from "../../src/formats/gguf.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { cli } from "../support/cli.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** What the reference scanner writes of a GGUF file. */
function referenceManifest(bytes: Uint8Array): { file_hash: string; tensors: Record<string, unknown>[] } {
  return {
    manifest_version: "1.0",
    file_hash: `sha256:${sha256(bytes)}`,
    file_size: bytes.byteLength,
    structure_hash: "0".repeat(64),
    merkle_root: "0".repeat(64),
    tensors: parseGguf(new MemorySource(bytes)).tensors.map(({ name, type, shape, offset, sizeBytes }) => ({
      name,
      type,
      shape,
      offset: 0,
      data_size: sizeBytes,
      hash: sha256(bytes.subarray(offset, offset + sizeBytes)),
    })),
  } as { file_hash: string; tensors: Record<string, unknown>[] };
}

const MODEL = tinyLlama();

async function compareWith(manifest: unknown, model = MODEL) {
  return await withDirectory({ "m.gguf": model, "m.json": JSON.stringify(manifest) }, async (root) => {
    const { code, stdout, stderr } = await cli(["compare", join(root, "m.json"), join(root, "m.gguf")]);
    return { code, stdout, stderr };
  });
}

Deno.test("compare reads a manifest of the reference scanner, and says what that does not cover", async () => {
  const { code, stdout } = await compareWith(referenceManifest(MODEL));
  assert.match(stdout, /^as the manifest says: \d+ tensors\n {2}not covered by such a manifest: metadata/);
  assert.equal(code, 0);
});

Deno.test("compare with such a manifest names what changed, came and went", async () => {
  const manifest = referenceManifest(MODEL);
  const [first, second, ...rest] = manifest.tensors;
  const tensors = [{ ...first, hash: "0".repeat(64) }, ...rest, { ...second, name: "gone" }];
  const { code, stdout } = await compareWith({ ...manifest, tensors });
  assert.ok(stdout.includes(`${first?.name}: weights\n`), stdout);
  assert.ok(stdout.includes(`${second?.name}: only in the model\n`), stdout);
  assert.ok(stdout.includes("gone: only in the manifest\n"), stdout);
  assert.equal(code, 1);
});

Deno.test("compare refuses a manifest that is none", async () => {
  const { code, stderr } = await compareWith({ manifest_version: "1.0", tensors: [] });
  assert.match(stderr, /it is not a manifest of tensors/);
  assert.equal(code, 2);
});

Deno.test("compare says of tiny models what can be said", async () => {
  const first = safetensors({ w: F32(8), v: F32(8) });
  const second = first.slice();
  new DataView(second.buffer).setFloat32(second.byteLength - 4, 0.5, true);
  const files = { "a.safetensors": first, "b.safetensors": second };
  await withDirectory(files, async (root) => {
    const paths = Object.keys(files).map((name) => join(root, name));
    const { stdout, code } = await cli(["compare", ...paths]);
    assert.match(
      stdout,
      /^too small to tell a requantisation from other weights: 1 of 2 tensors are identical/,
    );
    assert.equal(code, 1);
  });
});
