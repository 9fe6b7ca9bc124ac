import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "../make/certificates.ts";
import { withDirectory } from "../make/directory.ts";
import {
  type Curve,
  envelopeBundle,
  type Key,
  makeKey,
  pieces,
  statementAbout,
  statementOf,
  textOf,
} from "../make/model_signing.ts";
import { realTest } from "../support/real_parts.ts";
import { judge, policyWith, trusting } from "./support.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FILES = {
  "config.json": bytes("{}"),
  "model.safetensors": bytes("weights ".repeat(700)),
  "sub/a.json": bytes("[1]"),
  "sub-b/a.json": bytes("[2]"),
};

/** The reference signer's own interpreter, run where the model lies in `m/`. */
class Reference {
  constructor(private readonly python: string, readonly folder: string) {}

  async run(...args: string[]): Promise<{ code: number; text: string }> {
    const env = { HOME: this.folder, PATH: "/usr/bin:/bin" };
    const command = new Deno.Command(this.python, { args, cwd: this.folder, clearEnv: true, env });
    const { code, stdout, stderr } = await command.output();
    return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  }

  async must(...args: string[]): Promise<void> {
    const { code, text } = await this.run(...args);
    assert.equal(code, 0, text);
  }

  write(name: string, content: string | Uint8Array): void {
    fs.writeFileSync(join(this.folder, name), content);
  }

  writeKey({ privateKey, pem }: Key): void {
    this.write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }));
    this.write("key.pub", pem);
  }

  read(name: string): Uint8Array {
    return fs.readFileSync(join(this.folder, name));
  }
}

function referenceTest(title: string, run: (reference: Reference) => Promise<void>): void {
  const spec = Object.fromEntries(Object.entries(FILES).map(([path, content]) => [`m/${path}`, content]));
  realTest(
    title,
    ["MODEL_SIGNING_PYTHON"],
    ({ MODEL_SIGNING_PYTHON }) =>
      withDirectory(spec, (folder) => run(new Reference(MODEL_SIGNING_PYTHON, folder))),
  );
}

const SIGN = ["-m", "model_signing", "sign"];
const VERIFY = ["-m", "model_signing", "verify"];

for (const curve of ["P-256", "P-384", "P-521"] as const satisfies readonly Curve[]) {
  referenceTest(`P007 what the reference signer signs with a key on ${curve} verifies`, async (reference) => {
    const key = makeKey(curve);
    reference.writeKey(key);
    const given = { policy: trusting(key) };
    await reference.must(...SIGN, "key", "--private_key", "key.pem", "--signature", "m.sig", "m");
    const beside = { ".sig": reference.read("m.sig") };
    assert.equal((await judge({ files: FILES, beside }, given)).summary, "signed by key 1");
    const changed = { ...FILES, "config.json": bytes("[]") };
    assert.deepEqual((await judge({ files: changed, beside }, given)).rules, ["signature/other-bytes"]);
    if (curve !== "P-256") return;
    await reference.must(...SIGN, "key", "--private_key", "key.pem", "--signature", "m/model.sig", "m");
    const inside = { ...FILES, "model.sig": reference.read("m/model.sig") };
    assert.equal((await judge({ files: inside }, given)).summary, "signed by key 1");
    await reference.must(
      ...SIGN,
      "key",
      "--private_key",
      "key.pem",
      "--signature",
      "f.sig",
      "m/model.safetensors",
    );
    const file = { name: "renamed.safetensors", bytes: FILES["model.safetensors"] };
    assert.equal(
      (await judge({ file, beside: { ".sig": reference.read("f.sig") } }, given)).summary,
      "signed by key 1",
    );
  });
}

referenceTest("P007 what the reference signer signs in pieces verifies", async (reference) => {
  const key = makeKey();
  reference.writeKey(key);
  await reference.must(
    "-c",
    `import pathlib
from model_signing import signing, hashing
hashes = hashing.Config().use_shard_serialization(shard_size=1000)
signing.Config().use_elliptic_key_signer(private_key=pathlib.Path("key.pem")).set_hashing_config(hashes).sign("m", "m.sig")`,
  );
  const beside = { ".sig": reference.read("m.sig") };
  assert.equal((await judge({ files: FILES, beside }, { policy: trusting(key) })).summary, "signed by key 1");
});

referenceTest("P007 what the reference signer signs with a certificate verifies", async (reference) => {
  const root = makeCertificate({ name: "Own Root", issuer: null, authority: {}, serial: 1 });
  const leaf = makeCertificate({ name: "Release Signer", issuer: root, serial: 2 });
  reference.writeKey(leaf.key);
  reference.write("root.pem", root.pem);
  reference.write("leaf.pem", leaf.pem);
  const chain = ["--signing_certificate", "leaf.pem", "--certificate_chain", "root.pem"];
  await reference.must(
    ...SIGN,
    "certificate",
    "--private_key",
    "key.pem",
    ...chain,
    "--signature",
    "m.sig",
    "m",
  );
  const signer = {
    method: "certificate" as const,
    name: "team",
    authorities: root.pem,
    identity: "Release Signer",
  };
  const said = await judge({ files: FILES, beside: { ".sig": reference.read("m.sig") } }, {
    policy: policyWith([{ source: "local", signers: [signer] }]),
    now: () => new Date(),
  });
  assert.equal(said.summary, "signed by team", said.messages.join());
});

referenceTest(
  "the reference verifier takes what our tests sign, so they are about the real form",
  async (reference) => {
    const key = makeKey();
    reference.writeKey(key);
    const verify = async (bundle: unknown) => {
      reference.write("t.sig", textOf(bundle));
      return await reference.run(...VERIFY, "key", "--public_key", "key.pub", "--signature", "t.sig", "m");
    };
    const good = await verify(envelopeBundle(statementAbout(FILES), { key }));
    assert.equal(good.code, 0, good.text);
    const resources = Object.entries(FILES).flatMap(([path, content]) => pieces(path, content, 1000));
    const serialization = { method: "shards", hash_type: "sha256", shard_size: 1000, allow_symlinks: false };
    reference.write("t.sig", textOf(envelopeBundle(statementOf(resources, serialization), { key })));
    await reference.must(
      "-c",
      `import pathlib
from model_signing import verifying
verifying.Config().use_elliptic_key_verifier(public_key=pathlib.Path("key.pub")).verify("m", "t.sig")`,
    );
    const bad = await verify(
      envelopeBundle(statementAbout({ ...FILES, "config.json": bytes("[]") }), { key }),
    );
    assert.notEqual(bad.code, 0);
  },
);
