import type { ModelManifest } from "./manifest.ts";

/**
 * A per-tensor manifest as the reference scanner writes it (`manifest_version` 1.0). It lists tensors with their
 * digests and nothing else of the file.
 */
export interface ReferenceManifest {
  /** `null` where it gives none; without the prefix `sha256:`. */
  readonly fileSha256: string | null;
  readonly sizeBytes: number | null;
  readonly tensors: readonly ReferenceTensor[];
}

export interface ReferenceTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What such a manifest says nothing of. Its own Merkle root is not relied on: two lists of tensors can share one. */
export const REFERENCE_NOT_COVERED =
  "metadata (chat template, tokenizer), padding between tensors, where tensors lie and in which order";

/** Everything in which a model is not what the manifest lists, one sentence each; empty when it is. */
export function compareWithReference(expected: ReferenceManifest, found: ModelManifest): string[] {
  const present = new Map(found.tensors.map((tensor) => [tensor.name, tensor]));
  const known = new Set(expected.tensors.map(({ name }) => name));
  const whole: string[] = [];
  if (expected.sizeBytes !== null && expected.sizeBytes !== found.size_bytes) {
    whole.push("the file's size differs");
  }
  if (expected.fileSha256 !== null && expected.fileSha256 !== found.file_sha256) {
    whole.push("the file's digest differs");
  }
  const changed = expected.tensors.flatMap((tensor) => {
    const now = present.get(tensor.name);
    if (now === undefined) return [`${tensor.name}: only in the manifest`];
    const differs = [
      ...(tensor.type === now.type ? [] : ["type"]),
      ...(tensor.shape.join() === now.shape.join() ? [] : ["shape"]),
      ...(tensor.sizeBytes === now.size_bytes ? [] : ["size"]),
      ...(tensor.sha256 === now.sha256 ? [] : ["weights"]),
    ];
    return differs.length === 0 ? [] : [`${tensor.name}: ${differs.join(", ")}`];
  });
  const added = found.tensors.filter(({ name }) => !known.has(name)).map(({ name }) =>
    `${name}: only in the model`
  );
  return [...whole, ...changed, ...added];
}
