import * as z from "zod";
import { FormatError } from "../model/mod.ts";
import { readJsonText } from "./json_text.ts";

export const MAX_TRUST_ROOT_BYTES = 1024 * 1024;

/** Built when it is asked for: few policies name a trust root. */
function rootSchema() {
  /** Every authority and log must say from when on it is valid: the library reads a missing start as "always". */
  const validity = z.looseObject({ start: z.iso.datetime({ offset: true }) });
  const authority = z.looseObject({
    validFor: validity,
    certChain: z.looseObject({
      certificates: z.array(z.looseObject({ rawBytes: z.base64() })).min(1).max(10),
    }),
  });
  const log = z.looseObject({ publicKey: z.looseObject({ rawBytes: z.base64(), validFor: validity }) });
  return z.looseObject({
    mediaType: z.string().regex(
      /^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.1|\.v0\.[12]\+json)$/,
    ),
    certificateAuthorities: z.array(authority).min(1).max(50),
    tlogs: z.array(log).min(1).max(50),
    ctlogs: z.array(log).max(50).default([]),
    timestampAuthorities: z.array(authority).max(50).default([]),
  });
}

/** What a trusted_root.json says. Throws `FormatError` for what is none. */
export function readTrustRootText(name: string, text: string): unknown {
  const json = readJsonText(new TextEncoder().encode(text), "signature/malformed", `trust root ${name}`);
  const read = rootSchema().safeParse(json);
  if (!read.success) {
    const issue = read.error.issues[0];
    const where = issue?.path.join(".") ?? "it";
    throw new FormatError(
      "signature/malformed",
      `trust root ${name}: ${where}: ${issue?.message ?? "not as expected"}`,
    );
  }
  return json;
}
