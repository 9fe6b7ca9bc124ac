import * as z from "zod";
import { UndecidedError } from "../model/mod.ts";
import { lastLine } from "./run_program.ts";
import type { Tool } from "./tool.ts";

/** Names of the files a job of cosign brings. */
export const COSIGN_INPUTS = { key: "key.pub", signature: "signature" } as const;

export const cosignReportSchema = z.strictObject({ agrees: z.boolean() });
export type CosignReport = z.infer<typeof cosignReportSchema>;

/** What it says of a signature that is false. Any other complaint is not about the signature. */
const FALSE = /invalid signature when validating ASN\.1 encoded signature/;

/**
 * The cosign program as a second opinion about a signature over one file with a key, given as a bundle or bare. With a
 * key and without the log it asks nobody. https://github.com/sigstore/cosign/blob/main/doc/cosign_verify-blob.md
 */
function cosignWith(option: "--bundle" | "--signature"): Tool<CosignReport> {
  return {
    name: "cosign",
    versionArgs: ["version"],
    version: (said) => /^GitVersion:\s+(\S+)$/m.exec(said)?.[1] ?? null,
    args: ({ artifact, input }) => [
      "verify-blob",
      "--key",
      input(COSIGN_INPUTS.key),
      "--insecure-ignore-tlog",
      option,
      input(COSIGN_INPUTS.signature),
      artifact,
    ],
    exits: { 0: "answer", 1: "answer" },
    maxOutputBytes: 1024 * 1024,
    reportsTo: "stdout",
    report: cosignReportSchema,
    read({ code, stderr }) {
      const agrees = /^Verified OK$/m.test(stderr);
      if (agrees !== (code === 0)) {
        throw new UndecidedError("scanner/contradiction", `ended with exit ${code} against its own words`);
      }
      if (agrees || FALSE.test(stderr)) return { agrees };
      throw new UndecidedError("scanner/crashed", `could not check the signature${lastLine(stderr)}`);
    },
  };
}

export const cosignBundle = cosignWith("--bundle");
export const cosignSignature = cosignWith("--signature");
