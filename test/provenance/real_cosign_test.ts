import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import type { RuleId } from "../../src/model/mod.ts";
import { withDirectory } from "../make/directory.ts";
import { type Document, textOf } from "../make/model_signing.ts";
import { IDENTITY, ISSUER, keylessBundle, makeSigstore, trustedRoot } from "../make/sigstore.ts";
import { Cosign, OFFLINE } from "../support/cosign.ts";
import { realTest } from "../support/real_parts.ts";
import { judge, policyWith } from "./support.ts";

const MODEL = new TextEncoder().encode("weights ".repeat(5000));

function cosignTest(title: string, run: (cosign: Cosign) => Promise<void>): void {
  realTest(
    title,
    ["COSIGN_BIN"],
    ({ COSIGN_BIN }) => withDirectory({ "m.gguf": MODEL }, (folder) => run(new Cosign(COSIGN_BIN, folder))),
  );
}

const by = (pem: string) =>
  policyWith([{
    source: "local",
    required: true,
    signers: [{ method: "key", name: "cosign key", public_key: pem }],
  }]);
const model = (beside: Readonly<Record<string, Uint8Array>>, bytes = MODEL) => ({
  file: { name: "m.gguf", bytes },
  beside,
});

for (const curve of ["P-256", "P-384", "P-521"] as const) {
  cosignTest(`P007 P111 a bundle of the real cosign with a key on ${curve} verifies`, async (cosign) => {
    const policy = by(await cosign.importKey("own", curve));
    await cosign.must("sign-blob", "--key", "own.key", ...OFFLINE, "--bundle", "b.json", "m.gguf");
    const bundle = cosign.read("b.json");
    assert.equal(
      (await judge(model({ ".sigstore.json": bundle }), { policy })).summary,
      "signed by cosign key",
    );
    const other = await judge(model({ ".sigstore.json": bundle }, MODEL.slice(1)), { policy });
    assert.deepEqual(other.rules, ["signature/other-bytes"]);
  });
}

cosignTest("P007 a bare signature of the real cosign verifies over these bytes only", async (cosign) => {
  const policy = by(await cosign.importKey("own", "P-256"));
  const bare = ["--new-bundle-format=false", "--output-signature", "m.sig", "--bundle", "old.json"];
  await cosign.must("sign-blob", "--key", "own.key", ...OFFLINE, ...bare, "m.gguf");
  assert.equal(
    (await judge(model({ ".sig": cosign.read("m.sig") }), { policy })).summary,
    "signed by cosign key",
  );
  const other = await judge(model({ ".sig": cosign.read("m.sig") }, MODEL.slice(1)), { policy });
  assert.deepEqual(other.rules, ["signature/false"]);
  const older = await judge(model({ ".sig": cosign.read("old.json") }), { policy });
  assert.deepEqual(older.rules, ["signature/version"]);
});

cosignTest("what the real cosign signs in other ways is refused, not guessed at", async (cosign) => {
  const policy = by(await cosign.importKey("edwards", "Ed25519"));
  await cosign.must("sign-blob", "--key", "edwards.key", ...OFFLINE, "--bundle", "b.json", "m.gguf");
  const whole = await judge(model({ ".sigstore.json": cosign.read("b.json") }), { policy });
  assert.deepEqual(whole.rules, ["signature/algorithm"]);

  const own = by(await cosign.importKey("own", "P-256"));
  fs.writeFileSync(join(cosign.folder, "predicate.json"), "{}");
  const statement = ["--predicate", "predicate.json", "--type", "slsaprovenance1", "--bundle", "a.json"];
  await cosign.must("attest-blob", "--key", "own.key", ...OFFLINE, ...statement, "m.gguf");
  const attested = await judge(model({ ".sigstore.json": cosign.read("a.json") }), { policy: own });
  assert.deepEqual(attested.rules.length, 1);
  assert.ok(
    ["signature/statement", "signature/predicate"].includes(attested.rules[0] ?? ""),
    attested.rules[0],
  );
});

const tampered: [what: string, change: (bundle: Document) => void, rule: RuleId][] = [
  ["the digest", (b) => b.messageSignature.messageDigest.digest = "A".repeat(43) + "=", "signature/false"],
  ["the digest's size", (b) => b.messageSignature.messageDigest.digest = "AAAA", "signature/malformed"],
  [
    "the digest's kind",
    (b) => b.messageSignature.messageDigest.algorithm = "SHA3_256",
    "signature/hash-type",
  ],
  ["one bit of the signature", (b) => {
    const last = b.messageSignature.signature;
    b.messageSignature.signature = `${last.slice(0, 40)}${last[40] === "A" ? "B" : "A"}${last.slice(41)}`;
  }, "signature/false"],
  [
    "the signature's end",
    (b) => b.messageSignature.signature = b.messageSignature.signature.slice(0, -6),
    "signature/malformed",
  ],
  ["the signature itself", (b) => delete b.messageSignature, "signature/malformed"],
  ["the hint", (b) => b.verificationMaterial.publicKey.hint = "__proto__", "signer/hint"],
  ["the key material", (b) => delete b.verificationMaterial.publicKey, "signature/malformed"],
  ["the version", (b) => b.mediaType = "application/vnd.dev.sigstore.bundle.v0.2+json", "signature/version"],
  ["the kind of document", (b) => delete b.mediaType, "signature/malformed"],
];

cosignTest("P112 a bundle of the real cosign is refused when anything in it was changed", async (cosign) => {
  const policy = by(await cosign.importKey("own", "P-256"));
  await cosign.must("sign-blob", "--key", "own.key", ...OFFLINE, "--bundle", "b.json", "m.gguf");
  for (const [what, change, rule] of tampered) {
    const bundle = JSON.parse(new TextDecoder().decode(cosign.read("b.json")));
    change(bundle);
    const said = await judge(model({ ".sigstore.json": textOf(bundle) }), { policy });
    assert.deepEqual(said.rules, [rule], what);
  }
});

cosignTest("the real cosign and stage 4 agree about signatures by identity", async (cosign) => {
  const sigstore = makeSigstore();
  const root = trustedRoot(sigstore);
  fs.writeFileSync(join(cosign.folder, "root.json"), root);
  const verify = async (bundle: Document, identity = IDENTITY, ...more: string[]) => {
    fs.writeFileSync(join(cosign.folder, "b.json"), textOf(bundle));
    const whose = ["--certificate-identity", identity, "--certificate-oidc-issuer", ISSUER];
    return await cosign.run(
      "verify-blob",
      ...more,
      "--trusted-root",
      "root.json",
      "--bundle",
      "b.json",
      ...whose,
      "m.gguf",
    );
  };
  const good = await verify(keylessBundle(sigstore, { file: MODEL }));
  assert.equal(good.code, 0, good.text);
  const stamped = keylessBundle(sigstore, { file: MODEL }, {
    proofs: ["inclusion", "timestamp", "certificate-log"],
  });
  const clock = await verify(stamped, IDENTITY, "--use-signed-timestamps");
  assert.equal(clock.code, 0, clock.text);
  assert.notEqual((await verify(keylessBundle(sigstore, { file: MODEL }), "somebody else")).code, 0);
  assert.notEqual((await verify(keylessBundle(makeSigstore(), { file: MODEL }))).code, 0);
});
