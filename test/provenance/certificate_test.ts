import assert from "node:assert/strict";
import type { RuleId } from "../../src/model/mod.ts";
import {
  type Certificate,
  type CertificateOptions,
  extension,
  makeCertificate,
} from "../make/certificates.ts";
import { octets } from "../make/der.ts";
import {
  base64,
  type Document,
  envelopeBundle,
  makeKey,
  statementAbout,
  textOf,
} from "../make/model_signing.ts";
import { judge, policyWith } from "./support.ts";

const MODEL = new TextEncoder().encode("weights ".repeat(500));
const EMAIL = "release@example.org";

const root = makeCertificate({ name: "Own Root", issuer: null, authority: { pathLength: 1 }, serial: 1 });
const middle = makeCertificate({ name: "Own Middle", issuer: root, authority: { pathLength: 0 }, serial: 2 });
const stranger = makeCertificate({ name: "Own Root", issuer: null, authority: {}, serial: 1 });

const signerBy = (issuer: Certificate, more: Partial<CertificateOptions> = {}): Certificate =>
  makeCertificate({ name: "Release Signer", issuer, serial: 3, email: EMAIL, ...more });

/** A model signed with the first certificate of a chain. */
function bundle([leaf, ...rest]: readonly Certificate[], key = leaf?.key ?? makeKey()): Document {
  const certificates = [leaf, ...rest].flatMap((one) =>
    one === undefined ? [] : [{ rawBytes: base64(one.der) }]
  );
  return envelopeBundle(statementAbout({ ".": MODEL }), {
    key,
    material: { x509CertificateChain: { certificates }, tlogEntries: [] },
  });
}

async function verdict(
  chain: readonly Certificate[],
  given: { identity?: string; key?: Certificate["key"]; at?: string } = {},
) {
  const { identity = EMAIL, at = "2026-11-21T12:00:00Z" } = given;
  const signer = { method: "certificate" as const, name: "release team", authorities: root.pem, identity };
  return await judge({
    file: { name: "m.gguf", bytes: MODEL },
    beside: { ".sig": textOf(bundle(chain, given.key)) },
  }, { policy: policyWith([{ source: "local", signers: [signer] }]), now: () => new Date(at) });
}

const accepted: [why: string, chain: readonly Certificate[], identity?: string][] = [
  ["from the pinned authority", [signerBy(root)]],
  ["through another authority", [signerBy(middle), middle]],
  ["with the pinned authority in the chain too", [signerBy(middle), middle, root]],
  ["in a chain that holds others too", [signerBy(middle), stranger, middle]],
  ["by its common name", [signerBy(root)], "Release Signer"],
  ["by a URI", [signerBy(root, { uri: "https://example.org/release" })], "https://example.org/release"],
];
for (const [why, chain, identity] of accepted) {
  Deno.test(`P007 stage 4 verifies a model signed with a certificate ${why}`, async () => {
    const said = await verdict(chain, identity === undefined ? {} : { identity });
    assert.equal(said.summary, "signed by release team", said.messages.join());
  });
}

const tooDeep = makeCertificate({ name: "Own Deep", issuer: middle, authority: {}, serial: 5 });
const notAuthority = signerBy(root, { name: "No Authority" });
const refused: [
  why: string,
  chain: readonly Certificate[],
  rule: RuleId,
  given?: Parameters<typeof verdict>[1],
][] = [
  ["from an authority of the same name", [signerBy(stranger), stranger], "signer/certificate"],
  ["without the certificate between", [signerBy(middle)], "signer/certificate"],
  ["issued by somebody who is no authority", [signerBy(notAuthority), notAuthority], "signer/certificate"],
  ["below more authorities than allowed", [signerBy(tooDeep), tooDeep, middle], "signer/certificate"],
  ["with a critical extension nobody here knows", [
    signerBy(root, { extensions: [extension("2.5.29.30", octets(new Uint8Array([0x30, 0])), true)] }),
  ], "signer/certificate"],
  ["that has ended", [signerBy(root, { to: new Date("2026-11-01") })], "signer/expired"],
  ["that has not begun", [signerBy(root, { from: new Date("2026-12-01") })], "signer/expired"],
  ["of an authority that has ended", [signerBy(root)], "signer/expired", { at: "2036-06-01T00:00:00Z" }],
  ["for encryption", [signerBy(root, { usage: "keyEncipherment" })], "signer/usage"],
  ["that is an authority itself", [signerBy(root, { authority: {} })], "signer/usage"],
  ["of somebody else", [signerBy(root, { email: "other@example.org" })], "signer/identity"],
  [
    "whose name only begins like ours",
    [signerBy(root, { email: `${EMAIL}.evil.example` })],
    "signer/identity",
  ],
  ["of another key", [signerBy(root)], "signature/false", { key: makeKey() }],
];
for (const [why, chain, rule, given] of refused) {
  Deno.test(`P112 stage 4 refuses a model signed with a certificate ${why}`, async () => {
    assert.deepEqual((await verdict(chain, given)).rules, [rule]);
  });
}
