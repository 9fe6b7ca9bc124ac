import { crypto as library } from "@sigstore/core";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import crypto, { sign } from "node:crypto";
import { withDefaultDigest } from "../../src/provenance/digest_shim.ts";
import { readBundle } from "../../src/provenance/bundle.ts";
import { keylessSigner, readTrustRoot } from "../../src/provenance/keyless.ts";
import { makeKey, textOf } from "../make/model_signing.ts";
import { keylessBundle, makeSigstore, trustedRoot } from "../make/sigstore.ts";

const MESSAGE = Buffer.from("a message");

for (const kind of ["P-256", "P-384", "RSA"] as const) {
  const key = makeKey(kind);
  const signature = sign("sha256", MESSAGE, key.privateKey);

  Deno.test(`the runtime still has no default digest for ${kind}: when this fails, digest_shim.ts can go`, () => {
    assert.throws(() => crypto.verify(undefined, MESSAGE, key.publicKey, signature), /no default digest/);
    assert.throws(() => crypto.verify(null, MESSAGE, key.publicKey, signature), /no default digest/);
  });

  Deno.test(`the library still takes that for a false signature by ${kind}, and a true one with the digest named`, () => {
    assert.equal(library.verify(MESSAGE, key.publicKey, signature), false);
    assert.equal(withDefaultDigest(() => library.verify(MESSAGE, key.publicKey, signature)), true);
    const other = Buffer.from("another message");
    assert.equal(withDefaultDigest(() => library.verify(other, key.publicKey, signature)), false);
  });
}

Deno.test("a digest that is named stays, and Ed25519 has its own", () => {
  const key = makeKey("P-384");
  const signature = sign("sha384", MESSAGE, key.privateKey);
  assert.equal(withDefaultDigest(() => library.verify(MESSAGE, key.publicKey, signature, "sha384")), true);
  assert.equal(withDefaultDigest(() => library.verify(MESSAGE, key.publicKey, signature)), false);
  const edwards = makeKey("Ed25519");
  const own = sign(null, MESSAGE, edwards.privateKey);
  assert.equal(withDefaultDigest(() => library.verify(MESSAGE, edwards.publicKey, own)), true);
});

Deno.test("afterwards the runtime is as it was, also when the work throws", () => {
  const before = Reflect.get(crypto, "verify");
  assert.throws(() =>
    withDefaultDigest(() => {
      assert.notEqual(Reflect.get(crypto, "verify"), before);
      throw new RangeError("stop");
    }), /stop/);
  assert.equal(Reflect.get(crypto, "verify"), before);
});

Deno.test("the library calls verify() in a way that the shim reaches: proofs of a log hold", () => {
  const sigstore = makeSigstore();
  const bundle = readBundle(textOf(keylessBundle(sigstore, { file: MESSAGE })));
  const signer = keylessSigner(bundle, readTrustRoot("own", trustedRoot(sigstore)));
  assert.equal(signer.time.by, "rekor");
});
