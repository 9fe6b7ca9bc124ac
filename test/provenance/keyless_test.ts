import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type RuleId, UndecidedError } from "../../src/model/mod.ts";
import { readTrustRoot } from "../../src/provenance/keyless.ts";
import { makeCertificate } from "../make/certificates.ts";
import { base64, type Document, makeKey, sha256, statementAbout, textOf } from "../make/model_signing.ts";
import {
  IDENTITY,
  ISSUER,
  keylessBundle,
  type KeylessOptions,
  makeSigstore,
  SIGNED_AT,
  timestamp,
  trustedRoot,
} from "../make/sigstore.ts";
import { now } from "../policy/support.ts";
import { judge, policyWith, type Said } from "./support.ts";

const MODEL = new TextEncoder().encode("weights ".repeat(500));
const ours = makeSigstore();
const theirs = makeSigstore();
const ROOT = trustedRoot(ours);
const YEAR_LATER = "2027-11-21";
const LATE = new Date(SIGNED_AT.getTime() + 3_600_000);

function policy(signer: Document = {}, expires = YEAR_LATER, text = ROOT) {
  const pinned = {
    method: "keyless" as const,
    name: "release workflow",
    identity: IDENTITY,
    issuer: ISSUER,
    trust_root: "own",
  };
  return policyWith([{ source: "local", required: true, signers: [{ ...pinned, ...signer }] }], {
    trust_roots: [{ name: "own", file: "trusted_root.json", sha256: sha256(text), expires }],
  });
}

async function verdict(bundle: Document, given: Partial<Parameters<typeof judge>[1]> = {}): Promise<Said> {
  const signed = { file: { name: "m.gguf", bytes: MODEL }, beside: { ".sigstore.json": textOf(bundle) } };
  return await judge(signed, { policy: policy(), trustRoots: [{ name: "own", text: ROOT }], ...given });
}

const file = (options: KeylessOptions = {}, sigstore = ours) =>
  keylessBundle(sigstore, { file: MODEL }, options);
const model = (options: KeylessOptions = {}, sigstore = ours) =>
  keylessBundle(sigstore, { statement: statementAbout({ ".": MODEL }) }, options);
const entry = (bundle: Document): Document => bundle.verificationMaterial.tlogEntries[0];
const EVERYTHING = ["promise", "inclusion", "timestamp", "certificate-log"] as const;
const BY_CLOCK = ["inclusion", "timestamp", "certificate-log"] as const;

const accepted: [why: string, bundle: Document, time: string][] = [
  ["cosign over one file, time by the log", file(), "rekor"],
  ["OpenSSF Model Signing, time by the log", model(), "rekor"],
  ["cosign over one file, time by a timestamp authority", file({ proofs: BY_CLOCK }), "rfc3161"],
  ["OpenSSF Model Signing, time by a timestamp authority", model({ proofs: BY_CLOCK }), "rfc3161"],
  ["every proof there is", model({ proofs: EVERYTHING }), "rekor"],
];

for (const [why, bundle, by] of accepted) {
  Deno.test(`P007 stage 4 verifies a signature by identity offline: ${why}`, async () => {
    const said = await verdict(bundle);
    assert.equal(
      said.summary,
      "signed by release workflow at 2026-10-01T12:00:00.000Z",
      said.messages.join(),
    );
    const [signature] = said.evidence.signatures as Document[];
    const { identity, issuer, time, method } = signature.verified;
    assert.deepEqual({ identity, issuer, time, method }, {
      identity: IDENTITY,
      issuer: ISSUER,
      time: { at: SIGNED_AT.toISOString(), by },
      method: "keyless",
    });
  });
}

const refused: [why: string, bundle: Document, rule: RuleId][] = [
  ["over another file", keylessBundle(ours, { file: new Uint8Array(9) }), "signature/other-bytes"],
  [
    "over another model",
    keylessBundle(ours, { statement: statementAbout({ ".": new Uint8Array(9) }) }),
    "signature/other-bytes",
  ],
  [
    "by somebody else",
    file({ identity: "https://example.org/models/other.yml@refs/heads/main" }),
    "signer/identity",
  ],
  ["by an identity that only begins like ours", file({ identity: `${IDENTITY}.evil` }), "signer/identity"],
  [
    "by an identity that only ends like ours",
    file({ identity: `https://evil.example/?${IDENTITY}` }),
    "signer/identity",
  ],
  [
    "by an identity a pattern would take for ours",
    file({ identity: IDENTITY.replace("example.org", "exampleXorg") }),
    "signer/identity",
  ],
  ["vouched for by another login service", file({ issuer: "https://login.example.net" }), "signer/issuer"],
  [
    "certified by another authority",
    file({}, { ...ours, authority: theirs.authority }),
    "signer/certificate",
  ],
  ["certified in secret", file({ proofs: ["promise", "inclusion"] }), "transparency/absent"],
  [
    "certified in another log",
    file({}, { ...ours, certificateLog: theirs.certificateLog }),
    "signer/certificate",
  ],
  ["logged after the certificate ended", file({ loggedAt: LATE }), "signer/expired"],
  ["logged before the certificate began", file({ certifiedAt: LATE }), "signer/expired"],
  ["stamped after the certificate ended", file({ proofs: BY_CLOCK, stampedAt: LATE }), "signer/expired"],
  ["never logged", file({ proofs: ["timestamp", "certificate-log"] }), "transparency/absent"],
  ["logged elsewhere", file({}, { ...ours, log: theirs.log }), "transparency/false"],
  ["without a proof of time", file({ proofs: ["inclusion", "certificate-log"] }), "time/absent"],
  [
    "with a time nobody has signed",
    file({
      proofs: ["inclusion", "certificate-log"],
      change: (bundle) => entry(bundle).integratedTime = `${SIGNED_AT.getTime() / 1000 + 60}`,
    }),
    "time/absent",
  ],
  [
    "with another time than the log promised",
    file({
      change: (bundle) => entry(bundle).integratedTime = `${SIGNED_AT.getTime() / 1000 + 60}`,
    }),
    "transparency/false",
  ],
  [
    "stamped by another clock",
    file({ proofs: BY_CLOCK }, { ...ours, clock: theirs.clock, clockAuthority: theirs.clockAuthority }),
    "time/false",
  ],
  [
    "with the timestamp of another signature",
    file({
      proofs: BY_CLOCK,
      change: (bundle) => {
        bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [
          { signedTimestamp: base64(timestamp(ours, Buffer.from("other"), SIGNED_AT)) },
        ];
      },
    }),
    "time/false",
  ],
  [
    "with a timestamp that cannot be read",
    file({
      proofs: BY_CLOCK,
      change: (bundle) => {
        bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [{
          signedTimestamp: "AAAA",
        }];
      },
    }),
    "signature/malformed",
  ],
  [
    "with a broken inclusion proof",
    file({
      change: (bundle) => entry(bundle).inclusionProof.hashes.reverse(),
    }),
    "transparency/false",
  ],
  [
    "with a checkpoint of another tree",
    file({
      change: (bundle) => {
        const { inclusionProof: proof } = entry(bundle);
        proof.checkpoint.envelope = proof.checkpoint.envelope.replace("\n3\n", "\n4\n");
      },
    }),
    "transparency/false",
  ],
  [
    "with the log entry of another signature",
    file({
      change: (bundle) => bundle.verificationMaterial.tlogEntries = file().verificationMaterial.tlogEntries,
    }),
    "transparency/false",
  ],
  [
    "with one log entry twice",
    file({
      change: (bundle) => bundle.verificationMaterial.tlogEntries.push(entry(bundle)),
    }),
    "time/false",
  ],
  [
    "with a certificate that cannot be read",
    file({
      change: (bundle) => bundle.verificationMaterial.certificate.rawBytes = "MAAA",
    }),
    "signature/malformed",
  ],
  [
    "with the certificate of somebody else",
    file({
      change: (bundle) => bundle.verificationMaterial.certificate = file().verificationMaterial.certificate,
    }),
    "signature/false",
  ],
  [
    "with a changed digest",
    file({
      change: (bundle) => bundle.messageSignature.messageDigest.digest = base64(Buffer.alloc(32)),
    }),
    "signature/false",
  ],
  [
    "with a changed statement",
    model({
      change: (bundle) =>
        bundle.dsseEnvelope.payload = base64(JSON.stringify(statementAbout({ ".": new Uint8Array(1) }))),
    }),
    "signature/false",
  ],
  [
    "with a chain of certificates, which this form never has",
    file({
      change: ({ verificationMaterial: material }) => {
        material.x509CertificateChain = { certificates: [material.certificate] };
        delete material.certificate;
      },
    }),
    "signer/unknown",
  ],
  [
    "with a key where a certificate is due",
    file({
      change: (bundle) => bundle.verificationMaterial = { publicKey: { hint: "__proto__" } },
    }),
    "signer/unknown",
  ],
];

for (const [why, bundle, rule] of refused) {
  Deno.test(`P112 stage 4 refuses a signature by identity ${why}`, async () => {
    const said = await verdict(bundle);
    assert.deepEqual(said.rules, [rule], said.messages.join("\n"));
    assert.equal(said.summary, "signature verification failed");
  });
}

Deno.test("a trust root past its date trusts nobody; before that it warns", async () => {
  const trustRoots = [{ name: "own", text: ROOT }];
  const expired = await verdict(file(), { policy: policy({}, "2026-11-21T12:00:00Z"), trustRoots });
  assert.deepEqual(expired.rules, ["trust/expired"]);
  const soon = await verdict(file(), { policy: policy({}, "2026-12-01"), trustRoots });
  assert.deepEqual([soon.outcome, soon.rules], ["PASS", ["trust/expiring"]]);
  const later = await verdict(file(), { policy: policy(), trustRoots, now });
  assert.deepEqual([later.outcome, later.rules], ["PASS", []]);
});

Deno.test("a root without certificate logs asks for none, one without a clock takes no timestamps", async () => {
  const silent = trustedRoot(ours, (root) => root.ctlogs = []);
  const own = { policy: policy({}, YEAR_LATER, silent), trustRoots: [{ name: "own", text: silent }] };
  assert.equal((await verdict(file({ proofs: ["promise", "inclusion"] }), own)).outcome, "PASS");
  const timeless = trustedRoot(ours, (root) => root.timestampAuthorities = []);
  const without = { policy: policy({}, YEAR_LATER, timeless), trustRoots: [{ name: "own", text: timeless }] };
  assert.deepEqual((await verdict(file({ proofs: BY_CLOCK }), without)).rules, ["time/false"]);
});

const badRoots: [why: string, change: (root: Document) => void][] = [
  ["no start of validity", (root) => delete root.tlogs[0].publicKey.validFor],
  ["no signature log", (root) => root.tlogs = []],
  ["no authority", (root) => root.certificateAuthorities = []],
  ["another kind of document", (root) => root.mediaType = "application/json"],
  ["a key that is no base64", (root) => root.tlogs[0].publicKey.rawBytes = "!"],
];
for (const [why, change] of badRoots) {
  Deno.test(`a trust root is refused that has ${why}`, () => {
    assert.throws(() => readTrustRoot("own", trustedRoot(ours, change)), /trust root own: /);
  });
}

Deno.test("an authority that is not valid at the time of signing certifies nobody", async () => {
  const late = trustedRoot(
    ours,
    (root) => root.certificateAuthorities[0].validFor.start = "2026-10-02T00:00:00Z",
  );
  const given = { policy: policy({}, YEAR_LATER, late), trustRoots: [{ name: "own", text: late }] };
  assert.deepEqual((await verdict(file(), given)).rules, ["signer/certificate"]);
});

Deno.test("a trust root that was never loaded is no reason to pass", async () => {
  await assert.rejects(verdict(file(), { trustRoots: [] }), (error) => !(error instanceof UndecidedError));
});

Deno.test("a certificate over a key of a kind that is not accepted", async () => {
  const foreign = makeCertificate({ name: "x", issuer: ours.authority, key: makeKey("RSA") });
  const bundle = file({
    change: (one) => one.verificationMaterial.certificate.rawBytes = base64(foreign.der),
  });
  assert.deepEqual((await verdict(bundle)).rules, ["signature/algorithm"]);
});
