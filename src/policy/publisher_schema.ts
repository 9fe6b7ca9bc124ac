import * as z from "zod";
import { NAME_LINE, SHA256_TEXT } from "./scalars.ts";

/** `publishers:` and `trust_roots:` of policy.yaml: who must have signed what comes from where. */

const MOMENT = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "expected a date such as 2027-12-31, or 2027-12-31T12:00:00Z",
});
const LABEL = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  "expected a short name of letters, digits, dots, dashes or underscores",
);
const PEM = z.string().min(1).max(65_536);
const name = NAME_LINE.max(100).describe("What records and the journal call this signer.");

const key = z.strictObject({
  method: z.literal("key"),
  name,
  public_key: PEM.describe("PEM of the public key: P-256, P-384, P-521 or Ed25519."),
  expires: MOMENT.optional().describe("From this moment on the key is no longer trusted."),
  second_opinion: z.literal("cosign").optional()
    .describe(
      "cosign: where one file is signed, the cosign program (COSIGN_BIN) must agree in a sandbox of its own.",
    ),
}).describe("A key: OpenSSF Model Signing `key`, cosign with a key.");

const certificate = z.strictObject({
  method: z.literal("certificate"),
  name,
  authorities: PEM.describe("PEM certificates of the authorities that may have issued the signer's."),
  identity: NAME_LINE.describe(
    "Exactly the address or URI (subject alternative name), or the common name, in the signing certificate.",
  ),
}).describe("A certificate of an authority of one's own: OpenSSF Model Signing `certificate`.");

const keyless = z.strictObject({
  method: z.literal("keyless"),
  name,
  identity: NAME_LINE.describe("Exactly the identity in the signing certificate; no pattern."),
  issuer: NAME_LINE.describe(
    "Exactly the login service that vouched for it, such as https://accounts.google.com.",
  ),
  trust_root: LABEL.describe(
    "Which entry of trust_roots its certificate and its log entry are checked with.",
  ),
}).describe("An identity: OpenSSF Model Signing `sigstore`, cosign without a key.");

const gpg = z.strictObject({
  method: z.literal("gpg"),
  name,
  public_key: PEM.describe(
    "ASCII-armoured public key (gpg --armor --export), with its revocation if there is one.",
  ),
  fingerprint: z.string().regex(/^[0-9A-Fa-f]{40}$/, "expected a fingerprint of 40 hexadecimal digits")
    .describe("Fingerprint of the primary key."),
}).describe("A GPG key: detached signatures, checked by gpgv.");

const publisher = z.strictObject({
  source: z.string().min(1).max(4096).describe(
    "https prefix of the origin, as in sources.allowlist.yaml; local: models without an origin; any: everything else. The most particular entry counts.",
  ),
  required: z.boolean().default(true)
    .describe(
      "true: no pass without a signature by one of these signers. false: a missing one is recorded as unsigned.",
    ),
  signers: z.array(z.discriminatedUnion("method", [key, certificate, keyless, gpg])).min(1).max(100)
    .describe("Any one of them will do."),
});

const trustRoot = z.strictObject({
  name: LABEL.describe("What publishers refer to it by."),
  file: z.string().min(1).max(4096).describe(
    "Path of a Sigstore trusted_root.json, relative to this policy.",
  ),
  sha256: SHA256_TEXT.describe("Digest of that file: nothing else is trusted."),
  expires: MOMENT.describe("From this moment on it trusts nobody; 30 days before, verdicts warn."),
});

export const publishersSchema = z.array(publisher).max(1000).default([])
  .describe("Who must have signed models, by source. Without an entry signatures are named, not trusted.");
export const trustRootsSchema = z.array(trustRoot).max(20).default([])
  .describe("Pinned Sigstore trust roots for signers of method keyless. Nothing is ever fetched.");

export type PublisherText = z.output<typeof publisher>;
export type SignerText = PublisherText["signers"][number];
export type TrustRootText = z.output<typeof trustRoot>;
