import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { realTest } from "../../support/real_parts.ts";
import { Machine, modelIn, NO_SERVER, UNSIGNED } from "./machine.ts";

const keyOf = (machine: Machine, name: string): string =>
  JSON.parse(machine.beside(`${name}.provenance.bundle`)).verificationMaterial.publicKey.hint;

Deno.test("keys rotate: what the old key signed still verifies, what comes names the new key", async () => {
  using machine = new Machine();
  assert.equal((await machine.run(["keys", "rotate"])).code, 0);
  assert.equal((await machine.admit(modelIn(machine, "old.gguf"), NO_SERVER)).code, 0);
  const rotated = await machine.run(["keys", "rotate"]);
  assert.match(
    rotated.stdout,
    new RegExp(`^retired ${keyOf(machine, "old.gguf").replace(/[+/]/g, "\\$&")}\n`),
  );
  assert.equal((await machine.admit(modelIn(machine, "new.gguf"), NO_SERVER)).code, 0);
  assert.notEqual(keyOf(machine, "old.gguf"), keyOf(machine, "new.gguf"));
  for (const name of ["old", "new"]) {
    const { code, stdout } = await machine.run(["verify", name]);
    assert.equal(code, 0, stdout);
    assert.ok(stdout.includes(`signed by ${keyOf(machine, `${name}.gguf`)}`), stdout);
    assert.equal(
      JSON.parse(machine.beside(`${name}.gguf.provenance.json`)).signed_by,
      keyOf(machine, `${name}.gguf`),
    );
  }
  const log = fs.readFileSync(join(machine.root, "state/ai-quarantine/logs/quarantine-audit.jsonl"), "utf8");
  const signers = log.split("\n").filter((line) => line.includes('"event":"promoted"'))
    .map((line) => JSON.parse(line).data.signed_by);
  assert.deepEqual(signers, [keyOf(machine, "old.gguf"), keyOf(machine, "new.gguf")]);
});

Deno.test("verify says when a record was changed after it was signed", async () => {
  using machine = new Machine();
  await machine.run(["keys", "rotate"]);
  await machine.admit(modelIn(machine, "m.gguf"), NO_SERVER);
  const path = join(machine.registry, "m.gguf.provenance.json");
  fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace("local-import", "https://x/"));
  const { code, stdout } = await machine.run(["verify", "m"]);
  assert.equal(code, 1);
  assert.match(stdout, /signature is by none of the public keys known here, or the record was changed/);
});

realTest("keys rotate makes a key that the real cosign opens", ["COSIGN_BIN"], async ({ COSIGN_BIN }) => {
  using machine = new Machine();
  await machine.run(["keys", "rotate"]);
  const env = { COSIGN_PASSWORD: "open sesame", HOME: machine.root, PATH: "/usr/bin:/bin" };
  const args = ["public-key", "--key", join(machine.keys, "cosign.key")];
  const { stdout } = new Deno.Command(COSIGN_BIN, { args, clearEnv: true, env }).outputSync();
  assert.equal(new TextDecoder().decode(stdout), fs.readFileSync(machine.publicKeyPath, "utf8"));
});

const REFUSED: [
  what: string,
  prepare: (machine: Machine) => void,
  env: Record<string, string>,
  why: RegExp,
][] = [
  ["a wrong password", () => {}, { COSIGN_PASSWORD: "open barley" }, /wrong password/],
  [
    "a key that everybody may read",
    ({ keys }) => fs.chmodSync(join(keys, "cosign.key"), 0o644),
    {},
    /others than/,
  ],
  ["a directory that is missing", ({ keys }) => fs.rmSync(keys, { recursive: true }), {}, /no such file/],
  [
    "no key where the policy requires signed records",
    (machine) => machine.changePolicy("unsigned.\n  required: false", "unsigned.\n  required: true"),
    { SIGNING_KEY_PATH: "" },
    /requires signed records/,
  ],
];
for (const [what, prepare, env, why] of REFUSED) {
  Deno.test(`nothing is promoted unsigned in silence: ${what}`, async () => {
    using machine = new Machine();
    assert.equal((await machine.run(["keys", "rotate"])).code, 0);
    prepare(machine);
    const { code, stderr } = await machine.admit(modelIn(machine, "m.gguf"), { ...NO_SERVER, ...env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
    assert.ok(!fs.existsSync(join(machine.registry, "m.gguf")));
  });
}

Deno.test("P074 without a key records are unsigned, which is said at the start and by verify", async () => {
  using machine = new Machine();
  const { code, stderr } = await machine.admit(modelIn(machine, "m.gguf"), UNSIGNED);
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/records are unsigned/g)?.length, 1);
  assert.match((await machine.run(["verify", "m"], UNSIGNED)).stdout, /the record is unsigned/);
  assert.ok(!fs.existsSync(join(machine.registry, "m.gguf.attestation.json")));
});
