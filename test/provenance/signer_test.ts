import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartupError } from "../../src/model/mod.ts";
import { readSigner } from "../../src/provenance/signer.ts";

const RECORD = '{"schema_version": "1.0"}\n';

function inDirectory(work: (directory: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const directory = fs.mkdtempSync(join(tmpdir(), "aiq-signer-"));
    try {
      await work(directory);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  };
}

async function cosign(directory: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const program = Deno.env.get("COSIGN_BIN") ?? "";
  const env = { COSIGN_PASSWORD: "open sesame", HOME: directory, PATH: "/usr/bin:/bin" };
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: directory,
    clearEnv: true,
    env,
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

const noCosign = Deno.env.get("COSIGN_BIN") === undefined && Deno.env.get("CI") !== "true";

Deno.test({
  name:
    "P072 P073 a record signed with a key of the real cosign is accepted by its verify-blob, a changed one is not",
  ignore: noCosign,
  fn: inDirectory(async (directory) => {
    assert.equal((await cosign(directory, "generate-key-pair")).code, 0);
    const signer = readSigner(join(directory, "cosign.key"), "open sesame");
    assert(signer !== null);
    const record = join(directory, "m.gguf.provenance.json");
    fs.writeFileSync(record, RECORD);
    fs.writeFileSync(`${record}.sig`, signer.sign(Buffer.from(RECORD)));
    const verify = [
      "verify-blob",
      "--key",
      "cosign.pub",
      "--insecure-ignore-tlog",
      "--signature",
      `${record}.sig`,
      record,
    ];
    const good = await cosign(directory, ...verify);
    assert.equal(good.code, 0, good.text);
    assert.match(good.text, /Verified OK/);
    fs.writeFileSync(record, RECORD.replace("1.0", "1.1"));
    assert.notEqual((await cosign(directory, ...verify)).code, 0);
  }),
});

Deno.test({
  name: "readSigner() refuses a cosign key with the wrong password",
  ignore: noCosign,
  fn: inDirectory(async (directory) => {
    assert.equal((await cosign(directory, "generate-key-pair")).code, 0);
    assertUnusable(() => readSigner(join(directory, "cosign.key"), "open barley"), /wrong password/);
  }),
});

Deno.test(
  "P074 readSigner() finds nothing to sign with where there is no key",
  inDirectory((directory) => assert.equal(readSigner(join(directory, "cosign.key"), ""), null)),
);

const unusable: [why: string, pem: string, mode: number, message: RegExp][] = [
  ["a key that everybody may read", pemOf("prime256v1"), 0o644, /others/],
  ["a key on another curve", pemOf("secp384r1"), 0o600, /P-256/],
  ["text", "hello", 0o600, /not a private key/],
  [
    "an envelope of rubbish",
    "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END",
    0o600,
    /not a cosign key/,
  ],
];
for (const [why, pem, mode, message] of unusable) {
  Deno.test(
    `readSigner() refuses ${why}`,
    inDirectory((directory) => {
      const path = join(directory, "cosign.key");
      fs.writeFileSync(path, pem, { mode });
      assertUnusable(() => readSigner(path, ""), message);
    }),
  );
}

function pemOf(namedCurve: string): string {
  return generateKeyPairSync("ec", { namedCurve }).privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
}

function assertUnusable(read: () => unknown, message: RegExp): void {
  assert.throws(
    read,
    (error) =>
      error instanceof StartupError && error.code === "signing-key/unusable" && message.test(error.message),
  );
}
