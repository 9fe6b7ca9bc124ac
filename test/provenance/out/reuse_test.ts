import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import {
  type ArtifactDigest,
  type Examination,
  parseSha256,
  type Policy,
  STAGE_IDS,
  type TrustedPeer,
} from "../../../src/model/mod.ts";
import { policyFromObject } from "../../../src/policy/load.ts";
import { statementBundle } from "../../../src/provenance/attest/bundle.ts";
import { readPublicKey } from "../../../src/provenance/attest/own_key.ts";
import { type Brought, type Ours, reuse, UnusableAttestation } from "../../../src/provenance/attest/reuse.ts";
import { admissionStatement } from "../../../src/provenance/attest/statement.ts";
import type { Signer } from "../../../src/provenance/signer.ts";

const digestOf = (text: string) => parseSha256(createHash("sha256").update(text).digest("hex"));
const PROMOTED = new Date("2026-03-01T12:00:00Z");
const ROOT = digestOf("root");
const SUITE = digestOf("suite");
const DIGEST: ArtifactDigest = { sha256: digestOf("model"), sizeBytes: 5, files: [] };

function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = String(publicKey.export({ type: "spki", format: "pem" }));
  return {
    keyId: readPublicKey(pem).keyId,
    publicKey: pem,
    sign: (bytes) => sign("sha256", bytes, privateKey).toString("base64"),
  };
}
const A = newSigner();
const STRANGER = newSigner();

const policyWith = (input: Parameters<typeof policyFromObject>[0]): Policy =>
  policyFromObject(input, { now: () => PROMOTED });
const STRICT = policyWith({ profile: "appliance" });

/** What the peer examined: everything passed but the last stage, which had no meaning. */
function examined(changes: Partial<Examination> = {}): Examination {
  const suite = { suite_sha256: SUITE };
  return {
    artifact: {
      name: "m.gguf",
      path: "/m.gguf",
      shape: "file",
      format: "gguf",
      sizeBytes: 5,
      origin: { kind: "local" },
      digest: Promise.resolve(DIGEST),
      digestFrom: "coordinator",
    },
    digest: DIGEST,
    stages: STAGE_IDS.map((stage) => ({
      stage,
      durationMs: 1,
      outcome: stage === "diffusion_deep_scan"
        ? { kind: "not-applicable", why: "not a diffusion model" }
        : { kind: "cleared", summary: "", evidence: stage === "behavioral_test" ? suite : {}, notes: [] },
    })),
    sandbox: "systemd",
    scanners: { "ai-quarantine": "0.1.0" },
    attestation: null,
    ...changes,
  };
}

interface Case {
  readonly signer?: Signer;
  readonly theirs?: Policy;
  readonly examination?: Examination;
  readonly peer?: Partial<TrustedPeer>;
  readonly ours?: Partial<Ours>;
  readonly tamper?: (attestation: string) => string;
  readonly roots?: Brought["merkleRoots"];
}

function tryReuse({ signer = A, theirs = STRICT, ...more }: Case) {
  const facts = { at: PROMOTED, merkleRoots: { "": ROOT } };
  const statement = admissionStatement(more.examination ?? examined(), DIGEST, theirs, facts);
  const attestation = statementBundle(JSON.stringify(statement), signer);
  const peer: TrustedPeer = {
    name: "a",
    publicKey: A.publicKey,
    policies: [theirs.sha256],
    maxAgeMs: 30 * 24 * 3600 * 1000,
    ...more.peer,
  };
  const ours: Ours = { digest: DIGEST, policy: STRICT, suiteSha256: SUITE, now: PROMOTED, ...more.ours };
  const brought: Brought = {
    attestation: (more.tamper ?? ((text) => text))(attestation),
    merkleRoots: more.roots ?? new Map([["", { root: ROOT, fileSha256: DIGEST.sha256 }]]),
  };
  return reuse(brought, { ...ours, policy: { ...ours.policy, trustAttestations: [peer] } });
}

Deno.test("a peer's word about the same bytes stands for stages 5 and 6, and says whose it is", () => {
  const attested = tryReuse({});
  assert.equal(attested.by, A.keyId);
  assert.deepEqual(attested.stages, ["static_scan", "behavioral_test"]);
  assert.equal(attested.evidence.policy_sha256, STRICT.sha256);
});

Deno.test("a stage the peer did not carry out is carried out here", () => {
  const stages = examined().stages.map((record) =>
    record.stage === "behavioral_test"
      ? { ...record, outcome: { kind: "not-examined", why: "no llama-server" } as const }
      : record
  );
  assert.deepEqual(tryReuse({ examination: examined({ stages }) }).stages, ["static_scan"]);
});

const other = digestOf("other");
const edited = (from: string, to: string) => (text: string) => {
  const bundle = JSON.parse(text);
  const statement = atob(bundle.dsseEnvelope.payload);
  assert.ok(statement.includes(from));
  bundle.dsseEnvelope.payload = btoa(statement.replaceAll(from, to));
  return JSON.stringify(bundle);
};
const accepted = examined().stages.map((record) =>
  record.stage === "static_scan" && record.outcome.kind === "cleared"
    ? { ...record, outcome: { ...record.outcome, evidence: { accepted: ["measure/constant"] } } }
    : record
);

const UNUSABLE: [what: string, change: Case, why: RegExp][] = [
  ["other bytes", { ours: { digest: { ...DIGEST, sha256: other } } }, /these bytes are/],
  ["another size", { ours: { digest: { ...DIGEST, sizeBytes: 6 } } }, /these bytes are/],
  ["one tensor off", { roots: new Map([["", { root: other, fileSha256: DIGEST.sha256 }]]) }, /Merkle root/],
  ["a manifest of other bytes", { roots: new Map([["", { root: ROOT, fileSha256: other }]]) }, /Merkle root/],
  ["a manifest of more files", {
    roots: new Map([["", { root: ROOT, fileSha256: DIGEST.sha256 }], ["x", {
      root: ROOT,
      fileSha256: other,
    }]]),
  }, /Merkle root/],
  ["no manifest", { roots: new Map() }, /Merkle root/],
  ["another policy", { peer: { policies: [other] } }, /policy .* is not one accepted of a/],
  ["one suite version off", { ours: { suiteSha256: other } }, /behaviour suite/],
  ["one day too old", { ours: { now: new Date("2026-04-01T12:00:00Z") } }, /older than 30 days/],
  ["a date in the future", { ours: { now: new Date("2026-02-28T12:00:00Z") } }, /future/],
  ["a weaker profile", { theirs: policyWith({ profile: "standalone" }) }, /weaker than ours: its profile/],
  [
    "fewer scanners",
    { theirs: policyWith({ profile: "appliance", scanners: { yara: { required: false } } }) },
    /weaker than ours: it does not require yara/,
  ],
  [
    "a looser threshold",
    { ours: { policy: policyWith({ profile: "appliance", quarantine: { smoke_test_max_critical: 0 } }) } },
    /smoke_test_max_critical is 1, ours is 0/,
  ],
  ["an accepted finding", { examination: examined({ stages: accepted }) }, /accepted findings/],
  ["a stranger's key", { signer: STRANGER }, /not one of trust_attestations/],
  [
    "a stranger who borrows the key's name",
    { signer: { ...STRANGER, keyId: A.keyId } },
    /signature is not one of a/,
  ],
  ["an edited digest", { tamper: edited(DIGEST.sha256, other) }, /signature is not one of a/],
  ["an edited date", { tamper: edited("2026-03-01", "2026-03-02") }, /signature is not one of a/],
  ["text", { tamper: () => "hello" }, /not a bundle/],
  ["a second signature", { tamper: doubled }, /not a bundle/],
  ["another predicate", { signer: A, tamper: () => statementBundle('{"_type":"x"}', A) }, /not a statement/],
];

function doubled(text: string): string {
  const bundle = JSON.parse(text);
  bundle.dsseEnvelope.signatures.push(bundle.dsseEnvelope.signatures[0]);
  return JSON.stringify(bundle);
}

for (const [what, change, why] of UNUSABLE) {
  Deno.test(`an attestation is not used: ${what}`, () => {
    assert.throws(
      () => tryReuse(change),
      (error) => error instanceof UnusableAttestation && why.test(error.message),
    );
  });
}
