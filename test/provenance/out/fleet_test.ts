import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { speakingModel } from "../../make/gguf.ts";
import { attempt } from "../../support/programs.ts";
import { realTest } from "../../support/real_parts.ts";
import { Machine, SENTENCES, trust } from "./machine.ts";

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

realTest(
  "P007 P072 P073 one machine scans and signs: cosign agrees, the bill is valid, another machine reuses the verdict",
  ["COSIGN_BIN", "LLAMA_SERVER_BIN", "AIQ_PYTHON"],
  async (parts) => {
    using a = new Machine();
    using b = new Machine();
    const model = join(a.root, "polite.gguf");
    fs.writeFileSync(model, speakingModel(SENTENCES));
    for (const machine of [a, b]) assert.equal((await machine.run(["keys", "rotate"])).code, 0);
    const admitted = await a.admit(model);
    assert.equal(admitted.code, 0, admitted.stdout + admitted.stderr);

    cosignAgrees(a, parts.COSIGN_BIN);
    billIsValid(join(a.registry, "polite.gguf.cdx.json"), parts.AIQ_PYTHON);
    const layout = join(a.root, "layout");
    const exported = await a.run(["export", "polite", layout]);
    assert.equal(exported.code, 0, exported.stderr);

    trust(b, a);
    const reused = await b.admit(layout);
    assert.equal(reused.code, 0, reused.stdout + reused.stderr);
    assert.match(reused.stdout, /5 +static_scan +SKIP +attested by /);
    assert.match(reused.stdout, /6 +behavioral_test +SKIP +attested by /);
    const record = JSON.parse(b.beside("polite.gguf.provenance.json"));
    assert.equal(record.artifact.sha256, sha256(fs.readFileSync(model)));
    assert.equal(record.attestation.peer, "machine-a");
    assert.equal(b.beside("polite.gguf.manifest.json"), a.beside("polite.gguf.manifest.json"));
    const listed = await b.run(["verify", "polite"]);
    assert.match(listed.stdout, /^VERIFIED: .*\n {2}the record is signed by /);
  },
);

/** Each of the three ways in which cosign can check what we signed, and each of them after one flipped byte. */
function cosignAgrees(machine: Machine, cosign: string): void {
  const at = (name: string) => join(machine.registry, name);
  const [model, record] = [at("polite.gguf"), at("polite.gguf.provenance.json")];
  const [bundle, attestation] = [at("polite.gguf.provenance.bundle"), at("polite.gguf.attestation.json")];
  const key = ["--key", machine.publicKeyPath, "--insecure-ignore-tlog"];
  const type = ["--type", "urn:ai-quarantine:admission:v1"];
  const checks: [what: string, args: string[], files: string[]][] = [
    ["verify-blob --signature", ["verify-blob", ...key, "--signature", `${record}.sig`, record], [record]],
    ["verify-blob --bundle", ["verify-blob", ...key, "--bundle", bundle, record], [record, bundle]],
    [
      "verify-blob-attestation",
      ["verify-blob-attestation", ...key, ...type, "--bundle", attestation, model],
      [model, attestation],
    ],
  ];
  for (const [what, args, files] of checks) {
    const good = attempt(cosign, args);
    assert.ok(good.code === 0 && good.stderr.includes("Verified OK"), `${what}: ${good.stderr}`);
    for (const file of files) {
      const before = fs.readFileSync(file);
      fs.chmodSync(file, 0o644);
      fs.writeFileSync(file, flipped(before));
      assert.notEqual(attempt(cosign, args).code, 0, `${what} with ${file} changed`);
      fs.writeFileSync(file, before);
    }
  }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = Math.floor(copy.length / 2);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

const VALIDATE = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(0 if fault is None else repr(fault))
`;

function billIsValid(path: string, python: string): void {
  const { code, stderr } = attempt(python, ["-c", VALIDATE, path]);
  assert.equal(code, 0, stderr);
  const bill = JSON.parse(fs.readFileSync(path, "utf8"));
  assert.equal(bill.metadata.component.type, "machine-learning-model");
}
