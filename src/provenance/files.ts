import type { Artifact, ArtifactDigest } from "../model/mod.ts";

/** Where a signature of an artifact was found. */
export type FoundSignature =
  | { readonly at: "beside"; readonly name: string; readonly bytes: Uint8Array | null }
  /** Path inside the directory. `whole`: it is about the directory; else it is about something in it. */
  | {
    readonly at: "inside";
    readonly name: string;
    readonly sizeBytes: number;
    readonly about: "whole" | "part";
  };

/** A pinned trusted_root.json as it was read from disk. */
export interface TrustRootFile {
  readonly name: string;
  readonly text: string;
  /** From this moment on (ISO 8601) nothing is trusted by it. */
  readonly expires: string;
}

/** What model signers call the signature of a directory, inside of it. */
const OF_DIRECTORY = "model.sig";
const SIGNATURE_NAME = /\.(?:sig|asc|sigstore|sigstore\.json|minisig)$/i;

/** Endings of the names under which publishers put signatures beside a model. */
export const SIGNATURE_SUFFIXES = [".sig", ".asc", ".sigstore.json", ".sigstore"] as const;
/** Ending of an OCI layout beside a model that came as a layer of a container image. */
export const LAYOUT_SUFFIX = ".oci";

/** Largest signature file that is read: a directory of 25,000 files makes a statement of 5 MB. */
export const MAX_SIGNATURE_BYTES = 12 * 1024 * 1024;

/** Every file that claims by its name or place to be a signature of the artifact. */
export function signatureFilesOf({ signatures = [] }: Artifact, { files }: ArtifactDigest): FoundSignature[] {
  const inside = files.filter(({ path }) => SIGNATURE_NAME.test(path)).map((
    { path, sizeBytes },
  ): FoundSignature => ({
    at: "inside",
    name: path,
    sizeBytes,
    about: path === OF_DIRECTORY ? "whole" : "part",
  }));
  return [...signatures.map(({ name, bytes }): FoundSignature => ({ at: "beside", name, bytes })), ...inside];
}
