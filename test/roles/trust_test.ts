import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { StartupError } from "../../src/model/mod.ts";
import { runTrustShow } from "../../src/roles/run_trust.ts";
import { makeKey, sha256 } from "../make/model_signing.ts";
import { IDENTITY, ISSUER, makeSigstore, trustedRoot } from "../make/sigstore.ts";
import { Lab } from "../support/lab.ts";

const ROOT = trustedRoot(makeSigstore());

/** A policy that trusts an identity by a pinned root, and a key. */
function labWith(expires: string, root = ROOT): Lab {
  const lab = Lab.make();
  fs.writeFileSync(join(dirname(lab.policyPath), "trusted_root.json"), root);
  const publishers = [{
    source: "https://hub.example/team",
    signers: [
      { method: "keyless", name: "workflow", identity: IDENTITY, issuer: ISSUER, trust_root: "own" },
      { method: "key", name: "release key", public_key: makeKey().pem, expires: "2028-01-01" },
    ],
  }];
  const text = fs.readFileSync(lab.policyPath, "utf8")
    .replace(/^publishers: .*$/m, `publishers: ${JSON.stringify(publishers)}`)
    .replace(
      /^trust_roots: .*$/m,
      `trust_roots: [{ name: own, file: trusted_root.json, sha256: ${sha256(ROOT)}, expires: ${expires} }]`,
    );
  fs.writeFileSync(lab.policyPath, text);
  return lab;
}

function shown(lab: Lab, source: string): { code: number; text: string } {
  let text = "";
  const stdout = { write: (more: string) => void (text += more), isTerminal: false, colours: false };
  const world = lab.world({ stdout, now: () => new Date("2026-11-21T12:00:00Z") });
  return { code: runTrustShow(world, source, { policy: lab.policyPath }), text };
}

const MODEL = "https://hub.example/team/m.gguf";

Deno.test("trust show says who must have signed, and what that rests on until when", () => {
  using lab = labWith("2027-06-01");
  const { code, text } = shown(lab, MODEL);
  assert.equal(code, 0);
  assert.match(text, /^signature {2}required$/m);
  assert.match(text, /^signer {5}workflow \(keyless\)$/m);
  assert.ok(text.includes(`identity ${IDENTITY}`) && text.includes(`issuer ${ISSUER}`));
  assert.ok(
    text.includes(`trusted_root.json sha256=${sha256(ROOT)} is trusted until 2027-06-01T00:00:00.000Z`),
  );
  assert.match(text, /the key is trusted until 2028-01-01T00:00:00.000Z/);
  const elsewhere = shown(lab, "local");
  assert.equal(elsewhere.code, 0);
  assert.match(elsewhere.text, /^signature {2}optional/m);
});

Deno.test("trust show warns thirty days before a root expires, and fails afterwards", () => {
  using soon = labWith("2026-12-10");
  assert.deepEqual([shown(soon, MODEL).code, /WARNING: .*less than 30 days/.test(shown(soon, MODEL).text)], [
    0,
    true,
  ]);
  using over = labWith("2026-11-21");
  assert.deepEqual([shown(over, MODEL).code, /EXPIRED: .*trust\/expired/.test(shown(over, MODEL).text)], [
    1,
    true,
  ]);
});

Deno.test("a trust root that is not the pinned one, or is missing, stops the start", () => {
  using other = labWith("2027-06-01", trustedRoot(makeSigstore()));
  const unusable = (error: unknown) =>
    error instanceof StartupError && /Cannot use trust root own/.test(error.message);
  assert.throws(() => other.configuration(), unusable);
  fs.rmSync(join(dirname(other.policyPath), "trusted_root.json"));
  assert.throws(() => other.configuration(), unusable);
});
