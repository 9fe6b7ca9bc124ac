import assert from "node:assert/strict";
import { StartupError } from "../../src/model/mod.ts";
import { lintPolicy, policyFromObject } from "../../src/policy/load.ts";
import { publisherFor } from "../../src/policy/publishers.ts";
import { makeCertificate } from "../make/certificates.ts";
import { makeKey } from "../make/model_signing.ts";
import { now } from "./support.ts";

const { pem } = makeKey();
const signer = { method: "key" as const, name: "release key", public_key: pem };
const entry = (source: string, required = true) => ({ source, required, signers: [signer] });

const HUB = "https://hub.example";
const { publishers } = policyFromObject({
  profile: "standalone",
  publishers: [
    entry(`${HUB}/`),
    entry(`${HUB}/team`),
    entry(`${HUB}/team/model`, false),
    entry("local"),
    entry("any"),
  ],
}, { now });

const matches: [origin: string | null, source: string][] = [
  [null, "local"],
  [`${HUB}/other/m.gguf`, `${HUB}/`],
  [`${HUB}/team/m.gguf`, `${HUB}/team`],
  [`${HUB}/team/model/resolve/main/m.gguf?download=true`, `${HUB}/team/model`],
  [`${HUB}/teams/m.gguf`, `${HUB}/`],
  ["https://HUB.example/team/m.gguf", `${HUB}/team`],
  ["https://hub.example.evil.example/team/m.gguf", "any"],
  [`${HUB}/x/../team/m.gguf`, "any"],
  ["ftp://hub.example/team/m.gguf", "any"],
];
for (const [origin, source] of matches) {
  Deno.test(`${origin ?? "a local import"} must be signed as ${source} says`, () => {
    const from = origin === null ? { kind: "local" } as const : { kind: "remote", url: origin } as const;
    assert.equal(publisherFor(from, publishers)?.source, source);
  });
}

Deno.test("without an entry that matches nobody is named", () => {
  const only = publishers.filter(({ source }) => source === `${HUB}/team`);
  assert.equal(publisherFor({ kind: "local" }, only), null);
  assert.equal(publisherFor({ kind: "remote", url: "https://elsewhere.example/m.gguf" }, only), null);
});

Deno.test("what is left out of an entry takes the stricter value", () => {
  const policy = policyFromObject({ publishers: [{ source: "local", signers: [signer] }] }, { now });
  assert.equal(policy.publishers[0]?.required, true);
  assert.deepEqual(policyFromObject({}, { now }).publishers, []);
});

const yamlOf = (signers: string, more = "") =>
  `version: 1\nprofile: standalone\npublishers:\n  - source: ${HUB}/team\n    signers:\n${signers}${more}`;
const keyless = (root: string) =>
  `      - { method: keyless, name: n, identity: a@b.example, issuer: https://i.example, trust_root: ${root} }\n`;
const block = (key: string, text: string) =>
  `        ${key}: |\n${text.trim().replace(/^/gm, "          ")}\n`;
const SECP = makeKey("secp256k1").pem;
const RSA = makeKey("RSA").pem;
const CERTIFICATE = makeCertificate({ name: "x", issuer: null, authority: {} }).pem;

const faults: [why: string, text: string, problem: RegExp][] = [
  ["no signer", yamlOf("      []\n"), /:6:7: publishers\[0\]\.signers: at least 1/],
  ["an unknown method", yamlOf("      - { method: pgp, name: n }\n"), /publishers\[0\]\.signers\[0\]/],
  ["no key", yamlOf("      - { method: key, name: n }\n"), /signers\[0\]\.public_key: missing/],
  [
    "a key that is none",
    yamlOf("      - { method: key, name: n, public_key: abc }\n"),
    /expected a PEM public key/,
  ],
  [
    "a key on another curve",
    yamlOf(`      - method: key\n        name: n\n${block("public_key", SECP)}`),
    /public_key: (not a readable|expected a key on)/,
  ],
  [
    "an RSA key",
    yamlOf(`      - method: key\n        name: n\n${block("public_key", RSA)}`),
    /expected a key on P-256, P-384, P-521 or Ed25519/,
  ],
  [
    "a private key",
    yamlOf(
      `      - method: key\n        name: n\n${
        block("public_key", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----")
      }`,
    ),
    /expected a PEM public key/,
  ],
  ["a trust root nobody pinned", yamlOf(keyless("own")), /trust_root: trust_roots has no entry called own/],
  [
    "no authority",
    yamlOf("      - { method: certificate, name: n, identity: a, authorities: x }\n"),
    /expected PEM certificates/,
  ],
  [
    "a fingerprint that is too short",
    yamlOf("      - { method: gpg, name: n, fingerprint: ABCD, public_key: x }\n"),
    /fingerprint of 40 hexadecimal/,
  ],
  [
    "a key that is not armoured",
    yamlOf(`      - { method: gpg, name: n, fingerprint: ${"AB".repeat(20)}, public_key: x }\n`),
    /ASCII-armoured/,
  ],
  [
    "an unknown key of an entry",
    yamlOf(keyless("own").replace("{ ", "{ pattern: x, ")),
    /signers\[0\]\.pattern: unknown key/,
  ],
  [
    "two trust roots of one name",
    yamlOf(
      keyless("own"),
      `trust_roots:\n${
        `  - { name: own, file: a.json, sha256: ${"ab".repeat(32)}, expires: 2027-01-01 }\n`.repeat(2)
      }`,
    ),
    /trust_roots\[1\]\.name: another trust root has this name/,
  ],
];
for (const [why, text, problem] of faults) {
  Deno.test(`policy lint names a publisher with ${why}`, () => {
    const problems = lintPolicy({ text, path: "policy.yaml", now });
    assert.ok(problems.some((one) => problem.test(one)), problems.join("\n"));
  });
}

for (
  const source of [
    "http://hub.example/",
    "hub.example",
    "https://hub.example/?a",
    "https://u@hub.example/",
    "Local",
  ]
) {
  Deno.test(`policy lint refuses the source ${source}`, () => {
    assert.throws(
      () => policyFromObject({ publishers: [entry(source)] }, { now }),
      (error) => error instanceof StartupError && /publishers\[0\]\.source/.test(error.message),
    );
  });
}

Deno.test("policy lint refuses two entries about one source, and takes a whole one", () => {
  assert.throws(
    () => policyFromObject({ publishers: [entry("local"), entry("local")] }, { now }),
    /another entry is about/,
  );
  const signers = `      - method: certificate\n        name: n\n        identity: a\n${
    block("authorities", CERTIFICATE)
  }${keyless("own")}`;
  const roots = `trust_roots:\n  - { name: own, file: a.json, sha256: ${
    "ab".repeat(32)
  }, expires: 2027-01-01 }\n`;
  assert.deepEqual(lintPolicy({ text: yamlOf(signers, roots), path: "policy.yaml", now }), []);
});
