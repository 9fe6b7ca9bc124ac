import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { RuleId } from "../../src/model/mod.ts";
import {
  base64,
  envelopeBundle,
  hintOf,
  makeKey,
  messageBundle,
  pieces,
  rootDigest,
  statementAbout,
  statementOf,
  textOf,
} from "../make/model_signing.ts";
import {
  about,
  beside,
  bytes,
  edited,
  FILES,
  inside,
  key,
  MODEL,
  other,
  policy,
  shards,
  sign,
} from "./signed_models.ts";
import { judge, type Signed } from "./support.ts";

const refused: [why: string, signed: Signed, rule: RuleId][] = [
  [
    "another file under the signature",
    { ...beside(sign(statementAbout({ ".": bytes("other") }))) },
    "signature/other-bytes",
  ],
  [
    "one changed byte in a directory",
    inside(sign(statementAbout(FILES)), { ...FILES, "config.json": bytes("{ }") }),
    "signature/other-bytes",
  ],
  [
    "swapped digests, signed again by nobody",
    inside(edited((bundle) => {
      const statement = statementAbout(FILES);
      const [first, second] = statement.predicate.resources;
      [first.digest, second.digest] = [second.digest, first.digest];
      statement.subject[0].digest.sha256 = rootDigest(statement.predicate.resources);
      bundle.dsseEnvelope.payload = base64(JSON.stringify(statement));
    })),
    "signature/false",
  ],
  [
    "swapped digests, signed by the key",
    inside(about((statement) => {
      const [first, second] = statement.predicate.resources;
      [first.digest, second.digest] = [second.digest, first.digest];
      statement.subject[0].digest.sha256 = rootDigest(statement.predicate.resources);
    })),
    "signature/other-bytes",
  ],
  ["the signature stripped", { files: FILES }, "signature/absent"],
  [
    "an empty list of signatures",
    inside(edited((bundle) => bundle.dsseEnvelope.signatures = [])),
    "signature/count",
  ],
  [
    "a second signature",
    inside(edited((bundle) => {
      bundle.dsseEnvelope.signatures.push({ ...bundle.dsseEnvelope.signatures[0] });
    })),
    "signature/count",
  ],
  [
    "the hint __proto__",
    inside(edited((bundle) => {
      bundle.verificationMaterial.publicKey.hint = "__proto__";
    })),
    "signer/hint",
  ],
  [
    "the hint of another key",
    inside(edited((bundle) => {
      bundle.verificationMaterial.publicKey.hint = hintOf(other);
    })),
    "signer/hint",
  ],
  ["another key", inside(envelopeBundle(statementAbout(FILES), { key: other })), "signer/unknown"],
  [
    "another key under the hint of ours",
    inside(envelopeBundle(statementAbout(FILES), {
      key: other,
      material: { publicKey: { hint: hintOf(key) } },
    })),
    "signature/false",
  ],
  [
    "a key on another curve under the hint of ours",
    inside(envelopeBundle(statementAbout(FILES), {
      key: makeKey("P-384"),
      curve: "P-384",
      material: { publicKey: { hint: hintOf(key) } },
    })),
    "signature/false",
  ],
  [
    "a flipped bit in the signature",
    inside(edited((bundle) => {
      const signature = Buffer.from(bundle.dsseEnvelope.signatures[0].sig, "base64");
      signature.writeUInt8(signature.readUInt8(20) ^ 1, 20);
      bundle.dsseEnvelope.signatures[0].sig = base64(signature);
    })),
    "signature/false",
  ],
  [
    "truncated base64",
    inside(edited((bundle) => {
      bundle.dsseEnvelope.payload = bundle.dsseEnvelope.payload.slice(0, -3);
    })),
    "signature/malformed",
  ],
  [
    "base64 with a line break",
    inside(edited((bundle) => {
      bundle.dsseEnvelope.payload = `${bundle.dsseEnvelope.payload.slice(0, 8)}\n${
        bundle.dsseEnvelope.payload.slice(8)
      }`;
    })),
    "signature/malformed",
  ],
  ["a bundle that was cut", {
    files: { ...FILES, "model.sig": textOf(sign(statementAbout(FILES))).slice(0, 500) },
  }, "signature/malformed"],
  ["one key twice in the bundle", {
    files: {
      ...FILES,
      "model.sig": bytes(JSON.stringify(sign(statementAbout(FILES))).replace("{", '{"mediaType":"x",')),
    },
  }, "signature/malformed"],
  [
    "an envelope and a message signature",
    inside(edited((bundle) => {
      bundle.messageSignature = messageBundle(MODEL, { key }).messageSignature;
    })),
    "signature/malformed",
  ],
  [
    "a key and a certificate",
    inside(edited((bundle) => {
      bundle.verificationMaterial.certificate = { rawBytes: "AAAA" };
    })),
    "signature/malformed",
  ],
  [
    "text that is no signature",
    { files: { ...FILES, "model.sig": bytes("trust me\n") } },
    "signature/malformed",
  ],
  [
    "an older version of bundles",
    inside(edited((bundle) => {
      bundle.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1";
    })),
    "signature/version",
  ],
  [
    "another payload type",
    inside(envelopeBundle(statementAbout(FILES), { key, payloadType: "text/plain" })),
    "signature/payload-type",
  ],
  ["a payload that is no JSON", inside(sign("not JSON")), "signature/statement"],
  [
    "a statement of another version",
    inside(about((statement) => {
      statement._type = "https://in-toto.io/Statement/v0.1";
    })),
    "signature/statement",
  ],
  [
    "two subjects",
    inside(about((statement) => statement.subject.push(statement.subject[0]))),
    "signature/statement",
  ],
  [
    "one key twice in the statement",
    inside(sign(
      JSON.stringify(statementAbout(FILES)).replace('"predicate":', '"predicate":{},"predicate":'),
    )),
    "signature/statement",
  ],
  [
    "a statement about something else",
    inside(about((statement) => {
      statement.predicateType = "https://slsa.dev/provenance/v1";
    })),
    "signature/predicate",
  ],
  [
    "the retired form of statements",
    inside(about((statement) => {
      statement.predicateType = "https://model_signing/Digests/v0.1";
    })),
    "signature/downgraded",
  ],
  [
    "a root digest of another list",
    inside(about((statement) => {
      statement.subject[0].digest.sha256 = "ab".repeat(32);
    })),
    "signature/root-digest",
  ],
  [
    "a list that lost an entry",
    inside(about((statement) => statement.predicate.resources.pop())),
    "signature/root-digest",
  ],
  [
    "digests of another kind",
    inside(about((statement) => {
      statement.predicate.serialization.hash_type = "blake2b";
    })),
    "signature/hash-type",
  ],
  [
    "one digest of another kind",
    inside(about((statement) => {
      statement.predicate.resources[0].algorithm = "sha1";
    })),
    "signature/hash-type",
  ],
  [
    "a signer who followed links",
    inside(about((statement) => {
      statement.predicate.serialization.allow_symlinks = true;
    })),
    "signature/symlinks",
  ],
  [
    "a file under an ignored path",
    inside(
      sign(statementAbout(FILES, (statement) => {
        statement.predicate.serialization.ignore_paths = ["tokenizer"];
      })),
      { ...FILES, "tokenizer/extra.json": bytes("{}") },
    ),
    "signature/ignored-path",
  ],
  [
    "a file in an ignored repository folder",
    inside(sign(statementAbout(FILES)), {
      ...FILES,
      ".github/run.json": bytes("{}"),
    }),
    "signature/ignored-path",
  ],
  [
    "a file that nobody signed",
    inside(sign(statementAbout(FILES)), { ...FILES, "extra.json": bytes("{}") }),
    "signature/unsigned-file",
  ],
  [
    "a signed file that is missing",
    inside(sign(statementAbout({ ...FILES, "gone.json": MODEL }))),
    "signature/resource-missing",
  ],
  [
    "a signature that does not cover the file",
    beside(sign(statementAbout(FILES))),
    "signature/unsigned-file",
  ],
  [
    "two files of one name in the list",
    beside(sign(statementAbout({ "a/m.gguf": MODEL, "b/m.gguf": MODEL }))),
    "signature/resource-duplicate",
  ],
  [
    "one file twice in the list",
    inside(sign(statementOf(
      [...pieces("config.json", FILES["config.json"], 10)].flatMap((one) => {
        const whole = { ...one, name: "config.json", algorithm: "sha256" };
        return [whole, whole];
      }),
      { method: "files", hash_type: "sha256" },
    ))),
    "signature/resource-duplicate",
  ],
  [
    "a piece that is missing",
    beside(sign(statementOf(pieces(".", MODEL, 1000).toSpliced(2, 1), shards(1000)))),
    "signature/shards",
  ],
  [
    "pieces that end early",
    beside(sign(statementOf(pieces(".", MODEL, 1000).slice(0, -1), shards(1000)))),
    "signature/shards",
  ],
  [
    "a piece twice",
    beside(sign(statementOf(
      [...pieces(".", MODEL, 1000), ...pieces(".", MODEL, 1000).slice(0, 1)],
      shards(1000),
    ))),
    "signature/shards",
  ],
  [
    "a piece that ends before it begins",
    beside(sign(statementOf(
      pieces(".", MODEL, 1000).map((one) => ({ ...one, name: ".:9:3" })),
      shards(1000),
    ))),
    "signature/shards",
  ],
  [
    "other bytes in one piece",
    beside(sign(statementOf(
      pieces(".", bytes("weights ".repeat(999) + "WEIGHTS "), 1000),
      shards(1000),
    ))),
    "signature/other-bytes",
  ],
  ["a signature over one file beside a directory", {
    files: FILES,
    beside: { ".sig": textOf(messageBundle(MODEL, { key })) },
  }, "signature/statement"],
];

for (
  const name of [
    "../config.json",
    "a/../config.json",
    "/config.json",
    "a\\b",
    "a//b",
    "a\0b",
    "",
    "./config.json",
  ]
) {
  refused.push([
    `the name ${JSON.stringify(name)} in the list`,
    inside(about((statement) => {
      statement.predicate.resources[0].name = name;
    })),
    "signature/resource-name",
  ]);
}

for (const [why, signed, rule] of refused) {
  Deno.test(`P112 a bad signature fails stage 4: ${why}`, async () => {
    const said = await judge(signed, { policy });
    assert.deepEqual(said.rules, [rule], said.messages.join("\n"));
    assert.equal(said.outcome, "FAIL");
    assert.equal(
      said.summary,
      rule === "signature/absent"
        ? "no signature, and the policy requires one for this source"
        : "signature verification failed",
    );
  });
}

Deno.test("every fault of a signature has a rule of its own", () => {
  assert.ok(new Set(refused.map(([, , rule]) => rule)).size >= 20);
});
