import { TrustedRoot } from "@sigstore/protobuf-specs";
import * as z from "zod";
import { FormatError } from "../model/mod.ts";
import { readJsonText } from "./bundle.ts";

/** Every authority and log must say from when on it is valid: the library reads a missing start as "always". */
const validity = z.looseObject({ start: z.iso.datetime({ offset: true }) });
const authority = z.looseObject({
  validFor: validity,
  certChain: z.looseObject({ certificates: z.array(z.looseObject({ rawBytes: z.base64() })).min(1).max(10) }),
});
const log = z.looseObject({ publicKey: z.looseObject({ rawBytes: z.base64(), validFor: validity }) });
const rootSchema = z.looseObject({
  mediaType: z.string().regex(
    /^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.1|\.v0\.[12]\+json)$/,
  ),
  certificateAuthorities: z.array(authority).min(1).max(50),
  tlogs: z.array(log).min(1).max(50),
  ctlogs: z.array(log).max(50).default([]),
  timestampAuthorities: z.array(authority).max(50).default([]),
});

export const MAX_TRUST_ROOT_BYTES = 1024 * 1024;

/** Who certifies signers, which logs and clocks count. Throws `FormatError` for what is no trusted_root.json. */
export function readTrustRoot(name: string, text: string): TrustedRoot {
  const json = readJsonText(new TextEncoder().encode(text), "signature/malformed", `trust root ${name}`);
  const read = rootSchema.safeParse(json);
  if (!read.success) {
    const issue = read.error.issues[0];
    const where = issue?.path.join(".") ?? "it";
    throw new FormatError(
      "signature/malformed",
      `trust root ${name}: ${where}: ${issue?.message ?? "not as expected"}`,
    );
  }
  return TrustedRoot.fromJSON(json);
}
