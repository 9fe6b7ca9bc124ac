import * as z from "zod";
import { UndecidedError } from "../model/mod.ts";
import type { Answered, Tool } from "./tool.ts";

/** Names of the two files a job of gpgv brings. */
export const GPGV_INPUTS = { keyring: "keyring.gpg", signature: "signature" } as const;

const KINDS = [
  "good",
  "bad",
  "expired-key",
  "revoked-key",
  "expired-signature",
  "no-key",
  "unusable",
] as const;

/** What gpgv says of one signature. Times are seconds since 1970. */
export const gpgSignatureSchema = z.strictObject({
  kind: z.enum(KINDS),
  /** Of the primary key; null where the signature is not valid, or the key is not in the keyring. */
  fingerprint: z.string().regex(/^[0-9A-F]{40,64}$/).nullable(),
  madeAt: z.int().nonnegative().nullable(),
  /** Null where it holds for ever. */
  expiresAt: z.int().positive().nullable(),
  /** RFC 9580 section 9.5. */
  hashAlgorithm: z.int().nonnegative().nullable(),
  /** RFC 9580 section 5.2.1: 0 for a signature over the bytes as they are. */
  signatureClass: z.int().nonnegative().nullable(),
});
export const gpgReportSchema = z.strictObject({ signatures: z.array(gpgSignatureSchema).max(100) });

export type GpgSignature = z.infer<typeof gpgSignatureSchema>;
export type GpgReport = z.infer<typeof gpgReportSchema>;

/** Status keywords that say how a signature is: https://github.com/gpg/gnupg/blob/master/doc/DETAILS */
const OUTCOMES: Readonly<Record<string, typeof KINDS[number]>> = {
  GOODSIG: "good",
  BADSIG: "bad",
  EXPSIG: "expired-signature",
  EXPKEYSIG: "expired-key",
  REVKEYSIG: "revoked-key",
  ERRSIG: "unusable",
};
/** With these its exit code is 0. */
const ENDS_WELL: readonly typeof KINDS[number][] = ["good", "expired-key", "revoked-key"];
/** ERRSIG's reason when the keyring has no such key. */
const NO_KEY = "9";

/**
 * GnuPG's verifier for a detached signature with a pinned keyring. Its exit code is 0 for expired and withdrawn keys
 * too, so its status lines count.
 */
export const gpgv: Tool<GpgReport> = {
  name: "gpgv",
  versionArgs: ["--version"],
  version: (said) => /^gpgv \(GnuPG\) (\d[\w.-]*)/.exec(said)?.[1] ?? null,
  args: ({ artifact, input }) => [
    "--status-fd",
    "1",
    "--keyring",
    input(GPGV_INPUTS.keyring),
    "--",
    input(GPGV_INPUTS.signature),
    artifact,
  ],
  environment: { GNUPGHOME: "/tmp/job" },
  // 1: a signature is bad. 2: something could not be read or checked.
  exits: { 0: "answer", 1: "answer", 2: "answer" },
  maxOutputBytes: 1024 * 1024,
  reportsTo: "stdout",
  report: gpgReportSchema,
  read: ({ code, report }: Answered) => {
    const signatures = blocks(report).map(signatureFrom);
    const good = signatures.length > 0 && signatures.every(({ kind }) => ENDS_WELL.includes(kind));
    if (good !== (code === 0)) {
      throw new UndecidedError(
        "scanner/contradiction",
        `ended with exit ${code} against its own status lines`,
      );
    }
    return { signatures };
  },
};

/** One list of status lines for each signature; none where there was no signature in the file. */
function blocks(report: string): string[][][] {
  const found: string[][][] = [];
  for (const line of report.split("\n").filter((text) => text !== "")) {
    const [prefix, keyword = "", ...rest] = line.split(" ");
    if (prefix !== "[GNUPG:]") throw new UndecidedError("scanner/report", "printed a line that is no status");
    if (keyword === "NEWSIG") found.push([]);
    else found.at(-1)?.push([keyword, ...rest]);
  }
  return found;
}

function signatureFrom(lines: readonly (readonly string[])[]): GpgSignature {
  const outcomes = lines.filter(([keyword = ""]) => Object.hasOwn(OUTCOMES, keyword));
  const [outcome, ...more] = outcomes;
  const kind = OUTCOMES[outcome?.[0] ?? ""];
  if (outcome === undefined || kind === undefined || more.length > 0) {
    throw new UndecidedError("scanner/report", `says ${outcomes.length} outcomes of one signature`);
  }
  // VALIDSIG <fingerprint> <date> <made> <expires> <version> <reserved> <key algorithm> <hash> <class> <primary>
  const valid = lines.find(([keyword]) => keyword === "VALIDSIG");
  const nothing = {
    fingerprint: null,
    madeAt: null,
    expiresAt: null,
    hashAlgorithm: null,
    signatureClass: null,
  };
  if (kind === "unusable") return { ...nothing, kind: outcome[6] === NO_KEY ? "no-key" : kind };
  if (valid === undefined) {
    if (kind === "bad") return { ...nothing, kind };
    throw new UndecidedError("scanner/report", "does not name the key of a signature");
  }
  if (kind === "bad") throw new UndecidedError("scanner/contradiction", "calls one signature bad and valid");
  return {
    kind,
    fingerprint: valid[10] ?? null,
    madeAt: Number(valid[3]),
    // gpgv itself does not look at this.
    expiresAt: Number(valid[4]) || null,
    hashAlgorithm: Number(valid[8]),
    signatureClass: parseInt(valid[9] ?? "", 16),
  };
}
