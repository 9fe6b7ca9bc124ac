import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { signaturesBeside } from "../../src/admission/mod.ts";
import type { RuleId } from "../../src/model/mod.ts";
import { withDirectory } from "../make/directory.ts";
import { tinyLlama } from "../make/gguf.ts";
import { makeKey, sha256 } from "../make/model_signing.ts";
import { Cosign, OFFLINE } from "../support/cosign.ts";
import { containerRegistry, pushImage } from "../support/container_registry.ts";
import { Lab, moveBack, outcomeOf, settle } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";
import { type Paths, realTest } from "../support/real_parts.ts";
import { judge, policyWith, type Said } from "./support.ts";

const MODEL = tinyLlama();
const OTHER = new TextEncoder().encode("another layer");
const PARTS = ["COSIGN_BIN", "DOCKER_REGISTRY_BIN"] as const;
const REGISTRY = ["--allow-http-registry"];

/** An image with the model as a layer, signed by the real cosign and saved by it as a layout. */
async function withSignedImage(
  parts: Paths<typeof PARTS[number]>,
  forms: readonly ("bundle" | "annotation")[],
  use: (layout: string, pem: string, root: string) => Promise<void>,
): Promise<void> {
  await withDirectory({ "README": "" }, async (root) => {
    await using registry = await containerRegistry(parts.DOCKER_REGISTRY_BIN, root);
    const cosign = new Cosign(parts.COSIGN_BIN, root);
    const pem = await cosign.importKey("own", "P-256");
    const image = await pushImage(registry.port, "team/model", [OTHER, MODEL]);
    for (const form of forms) {
      const how = ["--key", "own.key", `--new-bundle-format=${form === "bundle"}`];
      await cosign.must("sign", ...how, ...OFFLINE, ...REGISTRY, image);
    }
    await cosign.must("save", "--dir", "m.gguf.oci", ...REGISTRY, image);
    await use(join(root, "m.gguf.oci"), pem, root);
  });
}

const by = (
  pem: string,
) => [{ source: "any", signers: [{ method: "key" as const, name: "image key", public_key: pem }] }];

/** What stage 4 says of a file beside which a layout lies. */
async function verdict(layout: string, pem: string, bytes = MODEL): Promise<Said> {
  const [packed] = signaturesBeside(layout.slice(0, -".oci".length));
  const beside = { ".oci": packed?.bytes ?? new Uint8Array() };
  return await judge({ file: { name: "m.gguf", bytes }, beside }, { policy: policyWith(by(pem)) });
}

for (const form of ["bundle", "annotation"] as const) {
  realTest(
    `P111 a model from a container image is verified by its layout: signature in ${
      form === "bundle" ? "a bundle" : "an annotation"
    }`,
    PARTS,
    async (parts) => {
      await withSignedImage(parts, [form], async (layout, pem) => {
        assert.equal((await verdict(layout, pem)).summary, "signed by image key");
        const blobs = join(layout, "blobs", "sha256");
        const rows: [why: string, rule: RuleId, run: () => Promise<Said>][] = [
          ["another model", "signature/image", () => verdict(layout, pem, MODEL.slice(1))],
          ["another key", "signer/unknown", () => verdict(layout, makeKey().pem)],
          ["a manifest that names the other model", "signature/image", () => {
            const bytes = new TextEncoder().encode(JSON.stringify({
              schemaVersion: 2,
              layers: [{ mediaType: "application/vnd.gguf", digest: `sha256:${sha256(MODEL.slice(1))}` }],
            }));
            fs.writeFileSync(join(blobs, sha256(bytes)), bytes);
            return verdict(layout, pem, MODEL.slice(1));
          }],
          ["a blob with another digest", "signature/image", () => {
            fs.writeFileSync(join(blobs, "ab".repeat(32)), "{}");
            return verdict(layout, pem);
          }],
        ];
        for (const [why, rule, run] of rows) assert.deepEqual((await run()).rules, [rule], why);
      });
    },
  );
}

realTest(
  "a layout without a signature, and one that is no layout, say nothing of a model",
  PARTS,
  async (parts) => {
    await withSignedImage(parts, [], async (layout, pem) => {
      assert.deepEqual((await verdict(layout, pem)).rules, ["signature/image"]);
      fs.rmSync(join(layout, "blobs"), { recursive: true });
      fs.symlinkSync("/etc", join(layout, "blobs"));
      const [linked] = signaturesBeside(layout.slice(0, -".oci".length));
      assert.equal(linked?.bytes, null, "links are not followed");
    });
  },
);

realTest(
  "P111 a layout goes with its model through incoming, and back",
  PARTS,
  async (parts) => {
    await withSignedImage(parts, ["bundle"], async (layout, pem) => {
      using lab = Lab.make({ publishers: JSON.stringify(by(makeKey().pem)) });
      await using registry = new LabRegistry(lab);
      fs.cpSync(layout, join(lab.places.incoming, ".m.gguf.oci"), { recursive: true });
      lab.drop("m.gguf", MODEL);
      assert.equal(outcomeOf((await lab.watch({ registry: registry.client }))[0]), "failed signer/unknown");
      assert.deepEqual(lab.names("rejected"), [".m.gguf.oci", "m.gguf", "m.gguf.report.json"]);
      lab.setPolicy({ publishers: JSON.stringify(by(pem)) });
      moveBack(lab, "rejected", "m.gguf");
      settle(join(lab.places.incoming, "m.gguf"));
      assert.equal(outcomeOf((await lab.watch({ registry: registry.client }))[0]), "passed");
      assert.ok(!lab.names("rejected").includes(".m.gguf.oci"));
    });
  },
);
