import { join } from "node:path";
import { FileSource } from "../src/files/mod.ts";
import { type Artifact, type Finding, finding, FormatError, type Publisher } from "../src/model/mod.ts";
import type { SignedSubject } from "../src/provenance/coverage.ts";
import { examineDetached } from "../src/provenance/detached.ts";
import { digestOfSignature, examineBundle, type Trust, type Verified } from "../src/provenance/examine.ts";
import { type FoundSignature, LAYOUT_SUFFIX, MAX_SIGNATURE_BYTES } from "../src/provenance/files.ts";
import { formOf, type SignatureForm } from "../src/provenance/forms.ts";
import { gpgSigner } from "../src/provenance/gpg.ts";
import type { ProvenanceJob } from "../src/tools/protocol.ts";

/** What became of one signature file. */
export interface Result {
  readonly file: string;
  readonly sha256: string | null;
  readonly form: SignatureForm | "image" | null;
  readonly verified: Verified | null;
  readonly findings: readonly Finding[];
  /** Why the program that reads this kind of signature could not be asked, else null. */
  readonly unavailable: string | null;
}

/** Everything one signature is judged by. */
export interface Case {
  readonly artifact: Artifact;
  readonly subject: SignedSubject;
  readonly trust: Trust;
  readonly gpg: ProvenanceJob["gpg"];
}

/** Judges one signature file by what it is. A fault is a finding, never an error. */
export async function examineOne(one: FoundSignature, about: Case): Promise<Result> {
  const place = one.at === "inside" ? { path: one.name } : {};
  const nothing: Result = {
    file: one.name,
    sha256: null,
    form: null,
    verified: null,
    findings: [],
    unavailable: null,
  };
  const note = (message: string) => [finding("provenance/unverified", `${one.name}: ${message}`, place)];
  if (one.at === "inside" && one.about === "part") {
    return { ...nothing, findings: note("a signature of a part of the model, which is not verified") };
  }
  const bytes = bytesOf(one, about.artifact);
  if (bytes === null) {
    const message = `${one.name} is no file of at most ${MAX_SIGNATURE_BYTES} bytes`;
    return { ...nothing, findings: [finding("signature/unreadable", message, place)] };
  }
  const form = one.name.endsWith(LAYOUT_SUFFIX) ? "image" : formOf(bytes);
  const file: Result = { ...nothing, sha256: digestOfSignature(bytes), form };
  try {
    return await judged(one, bytes, file, about, note);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return {
      ...file,
      findings: [finding(error.rule, `${one.name}: ${error.message}`, { ...place, ...error.place })],
    };
  }
}

async function judged(
  one: FoundSignature,
  bytes: Uint8Array,
  file: Result,
  { subject, trust, gpg }: Case,
  note: (message: string) => Finding[],
): Promise<Result> {
  switch (file.form) {
    case "image": {
      if (trust.publisher === null) return { ...file, findings: note(NOBODY) };
      const { examineImage } = await import("../src/provenance/image.ts");
      return { ...file, verified: await examineImage(bytes, subject, trust.publisher, trust) };
    }
    case "bundle": {
      const { verified, notes } = await examineBundle(bytes, subject, trust);
      return { ...file, verified, findings: verified === null ? [...notes, ...note(NOBODY)] : notes };
    }
    case "base64":
      if (trust.publisher === null) return { ...file, findings: note(NOBODY) };
      return { ...file, verified: examineDetached(bytes, subject, trust.publisher, trust.at) };
    case "pgp": {
      if (trust.publisher === null) return { ...file, findings: note(NOBODY) };
      return { ...file, ...askedGpg(one.name, gpg, trust.publisher, trust.at) };
    }
    case "other-tool":
      return { ...file, findings: note("a signature of a tool that is not supported (ssh, minisign)") };
    case "unknown":
    case null:
      throw new FormatError("signature/malformed", "no known form of signature");
  }
}

const NOBODY = "the policy names no signer for this source";

function askedGpg(
  name: string,
  gpg: ProvenanceJob["gpg"],
  publisher: Publisher,
  at: Date,
): Pick<Result, "verified" | "unavailable"> {
  const answer = gpg.find((asked) => asked.name === name)?.answer;
  if (answer === undefined) {
    throw new FormatError(
      "signer/unknown",
      "a GPG signature, and the policy names no GPG key for this source",
    );
  }
  if ("unavailable" in answer) return { verified: null, unavailable: answer.unavailable };
  return { verified: gpgSigner(answer.signatures, publisher, at), unavailable: null };
}

function bytesOf(one: FoundSignature, artifact: Artifact): Uint8Array | null {
  if (one.at === "beside") return one.bytes;
  if (one.sizeBytes > MAX_SIGNATURE_BYTES) return null;
  const source = new FileSource(join(artifact.path, one.name));
  try {
    const bytes = new Uint8Array(one.sizeBytes);
    return bytes.subarray(0, source.read(0, bytes));
  } finally {
    source.close();
  }
}
