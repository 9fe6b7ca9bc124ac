import type { ArtifactDigest } from "./digest.ts";

/**
 * What kind of artifact is claimed: by the extension of a file, by the entry names of a directory. Never by
 * parsed content: stage 2 then proves or refutes the claim, and always refuses `unknown`.
 */
export const ARTIFACT_FORMATS = [
  "gguf",
  "safetensors",
  "model-directory",
  "diffusion-directory",
  "unknown",
] as const;
export type ArtifactFormat = typeof ARTIFACT_FORMATS[number];

/** Where the artifact says it came from. A missing `.source` sidecar means a local import. */
export type Origin = { readonly kind: "local" } | { readonly kind: "remote"; readonly url: string };

/** A signature that stands beside an artifact: bytes from outside that nobody has looked at. */
export interface SignatureFile {
  readonly name: string;
  /** Null where it is no regular file, or larger than any signature. */
  readonly bytes: Uint8Array | null;
}

/** One model on its way through the line: a file, or a directory of files. */
export interface Artifact {
  /** The name it was dropped under; becomes its name in the registry directory. */
  readonly name: string;
  /** Absolute path of the frozen bytes (or, for `check`, of the bytes where they lie). */
  readonly path: string;
  readonly shape: "file" | "directory";
  readonly format: ArtifactFormat;
  /** Of the file, or of all files of the directory together. */
  readonly sizeBytes: number;
  readonly origin: Origin;
  /** Settles once every byte was hashed. */
  readonly digest: Promise<ArtifactDigest>;
  /**
   * Who hashes: the coordinator, whose digest every other must equal, or (`check`, which promotes nothing) the scan
   * itself, so that every file is read once.
   */
  readonly digestFrom: "coordinator" | "scan";
  /** What stands beside it as its signatures; those inside a directory are part of the directory. */
  readonly signatures?: readonly SignatureFile[];
}

/** Artifact names are capped so that report, provenance and signature names still fit in 255 bytes. */
export const MAX_NAME_BYTES = 235;

const EXTENSIONS: ReadonlyMap<string, ArtifactFormat> = new Map([
  [".gguf", "gguf"],
  [".safetensors", "safetensors"],
]);

/** The format a file name claims, by its extension in any case. */
export function formatClaimedByFile(name: string): ArtifactFormat {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "unknown" : EXTENSIONS.get(name.slice(dot).toLowerCase()) ?? "unknown";
}

/** `model_index.json` at the top makes a diffusion directory; every other directory is a model directory. */
export function formatClaimedByDirectory(entries: readonly string[]): ArtifactFormat {
  return entries.includes("model_index.json") ? "diffusion-directory" : "model-directory";
}

/** The registry name: the file name less the extension of its format. Directories keep their name. */
export function registryName(name: string): string {
  return formatClaimedByFile(name) === "unknown" ? name : name.slice(0, name.lastIndexOf("."));
}
