import assert from "node:assert/strict";
import {
  type Curve,
  envelopeBundle,
  makeKey,
  pieces,
  statementAbout,
  statementOf,
  textOf,
} from "../make/model_signing.ts";
import { beside, bytes, edited, FILES, inside, MODEL, other, policy, shards, sign } from "./signed_models.ts";
import { judge, type Signed, trusting } from "./support.ts";

const accepted: [why: string, signed: Signed][] = [
  ["a directory with its signature inside", inside(sign(statementAbout(FILES)))],
  ["a directory with its signature beside", {
    files: FILES,
    beside: { ".sig": textOf(sign(statementAbout(FILES))) },
  }],
  ["one file", beside(sign(statementAbout({ ".": MODEL })))],
  ["one file of a signed directory", beside(sign(statementAbout({ ...FILES, "gguf/m.gguf": MODEL })))],
  ["a file in pieces", beside(sign(statementOf(pieces(".", MODEL, 1000), shards(1000))))],
  [
    "files in pieces, listed in any order",
    inside(sign(statementOf(
      Object.entries(FILES).flatMap(([name, all]) => pieces(name, all, 999)).reverse(),
      shards(999),
    ))),
  ],
  [
    "no hint, as older signers write it",
    inside(edited((bundle) => {
      bundle.verificationMaterial = {
        publicKey: { rawBytes: "AAAA", keyDetails: "PKIX_ECDSA_P256_SHA_256" },
        tlogEntries: [],
      };
    })),
  ],
  [
    "unknown fields of later versions",
    inside(edited((bundle) => {
      bundle.verificationMaterial.later = [1];
      bundle.dsseEnvelope.signatures[0].keyid = null;
    })),
  ],
  [
    "repository files that signers leave out",
    inside(sign(statementAbout(FILES)), {
      ...FILES,
      ".gitattributes": bytes("*.safetensors filter=lfs\n"),
    }),
  ],
  [
    "a colon in a file name",
    inside(
      sign(statementOf(pieces("a:b", MODEL, 4096), shards(4096))),
      { "a:b": MODEL },
    ),
  ],
];

for (const [why, signed] of accepted) {
  Deno.test(`P007 stage 4 verifies an OpenSSF Model Signing signature: ${why}`, async () => {
    const said = await judge(signed, { policy });
    assert.equal(said.summary, "signed by key 1");
    assert.equal(said.outcome, "PASS");
    assert.equal(said.evidence.status, "signed");
  });
}

for (const curve of ["P-256", "P-384", "P-521", "Ed25519"] as const satisfies readonly Curve[]) {
  Deno.test(`P007 stage 4 verifies a model signed with a key on ${curve}`, async () => {
    const own = makeKey(curve);
    const bundle = envelopeBundle(statementAbout(FILES), { key: own, curve });
    assert.equal((await judge(inside(bundle), { policy: trusting(other, own) })).summary, "signed by key 2");
    assert.deepEqual((await judge(inside(bundle), { policy })).rules, ["signer/unknown"]);
  });
}
