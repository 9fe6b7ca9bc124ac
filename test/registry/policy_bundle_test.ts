import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { policyBundle, type PolicyFiles, readPolicyEvidence } from "../../src/registry/mod.ts";
import { installPolicy } from "../neighbours/lab_dialects.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

Deno.test("golden vector of the policy bundle: five components, each digest that of its name", () => {
  const names = [
    "yara/secure_ai_default.yar",
    "policy.yaml",
    "models.lock.yaml",
    "diffusion-models.lock.yaml",
    "sources.allowlist.yaml",
  ];
  const bundle = policyBundle(Object.fromEntries(names.map((name) => [name, sha256(name)])));
  assert.equal(bundle.sha256, "7178f070b44d78fb9ead471ef8e22f51890bf40b7a980f13723b100721d7fed2");
  assert.equal(bundle.version, 1);
});

const refused: [why: string, harm: (files: PolicyFiles) => void, message: RegExp][] = [
  ["a missing lock", ({ diffusionLock }) => fs.rmSync(diffusionLock), /there is no .*diffusion-models\.lock/],
  [
    "no YARA rules",
    ({ yaraDirectory }) => fs.rmSync(join(yaraDirectory, "default.yar")),
    /holds no YARA rules/,
  ],
  ["another policy", ({ policy }) => fs.appendFileSync(policy, "# later\n"), /no longer the policy/],
];
for (const [why, harm, message] of refused) {
  Deno.test(`readPolicyEvidence() gives none with ${why}`, () => {
    const root = Deno.makeTempDirSync({ prefix: "bundle-" });
    try {
      const files = installPolicy(root, "version: 1\n");
      assert.equal(
        Object.keys(readPolicyEvidence(files, sha256("version: 1\n")).bundle.components).length,
        5,
      );
      harm(files);
      const read = () => readPolicyEvidence(files, sha256("version: 1\n"));
      assert.throws(read, { rule: "registry/policy-bundle", message });
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  });
}

Deno.test("a list of files counts as pinned only where the image's own lock names it", () => {
  const root = Deno.makeTempDirSync({ prefix: "bundle-" });
  try {
    const files = installPolicy(root, "version: 1\n");
    fs.appendFileSync(files.diffusionLock, `# ${"ab".repeat(32)}\n`);
    const { pinned } = readPolicyEvidence(files, sha256("version: 1\n"));
    assert.deepEqual([pinned("ab".repeat(32)), pinned("cd".repeat(32)), pinned("")], [true, false, false]);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
