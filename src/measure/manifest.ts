import type { TensorSpan } from "../formats/tensor.ts";

/** SHA-256 in lower-case hexadecimal of the parts one after another. Handed in, because hashing is not pure code. */
export type HashText = (text: string) => string;

export interface ManifestTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size_bytes: number;
  readonly sha256: string;
}

/**
 * What a model file was, tensor by tensor. The root covers everything else in it: metadata bytes, padding, and name,
 * type, shape, place, order and digest of every tensor.
 */
export interface ModelManifest {
  readonly manifest_version: "2.0";
  readonly file_sha256: string;
  readonly size_bytes: number;
  /** Of all bytes before the first tensor. */
  readonly head_sha256: string;
  /** Of all bytes between and after tensors. */
  readonly padding_sha256: string;
  /** Of names, types and shapes alone: the same for two models of one architecture. */
  readonly structure_sha256: string;
  readonly merkle_root: string;
  /** In file order. */
  readonly tensors: readonly ManifestTensor[];
}

export interface ManifestInput {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly headSha256: string;
  readonly paddingSha256: string;
  readonly tensors: readonly { readonly span: TensorSpan; readonly sha256: string }[];
}

/** Domains keep a leaf from ever being read as a node, and a head as a tensor. JSON keeps fields apart. */
const leaf = (hash: HashText, kind: "head" | "padding" | "tensor", fields: readonly unknown[]): string =>
  hash(`ai-quarantine-manifest-v2:${kind}:${JSON.stringify(fields)}`);

const node = (hash: HashText, left: string, right: string): string =>
  hash(`ai-quarantine-manifest-v2:node:${left}:${right}`);

/** A node without a neighbour rises unchanged: repeating it would let two lists have one root. */
function merkleRoot(hash: HashText, leaves: readonly string[]): string {
  let level = leaves;
  while (level.length > 1) {
    const above: string[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left = "", right] = [level[i], level[i + 1]];
      above.push(right === undefined ? left : node(hash, left, right));
    }
    level = above;
  }
  return hash(`ai-quarantine-manifest-v2:root:${leaves.length}:${level[0] ?? ""}`);
}

function rootOf(hash: HashText, manifest: Omit<ModelManifest, "merkle_root">): string {
  return merkleRoot(hash, [
    leaf(hash, "head", [manifest.size_bytes, manifest.head_sha256]),
    leaf(hash, "padding", [manifest.padding_sha256]),
    ...manifest.tensors.map((t) =>
      leaf(hash, "tensor", [t.name, t.type, t.shape, t.offset, t.size_bytes, t.sha256])
    ),
  ]);
}

export function structureSha256(
  hash: HashText,
  tensors: readonly Pick<TensorSpan, "name" | "type" | "shape">[],
): string {
  const lines = tensors.map(({ name, type, shape }) => JSON.stringify([name, type, shape]));
  return hash(`ai-quarantine-structure-v1:${lines.sort().join("\n")}`);
}

export function makeManifest(hash: HashText, input: ManifestInput): ModelManifest {
  const tensors = input.tensors.map(({ span, sha256 }) => ({
    name: span.name,
    type: span.type,
    shape: [...span.shape],
    offset: span.offset,
    size_bytes: span.sizeBytes,
    sha256,
  })).sort((a, b) => a.offset - b.offset || (a.name < b.name ? -1 : 1));
  const covered = {
    manifest_version: "2.0",
    file_sha256: input.sha256,
    size_bytes: input.sizeBytes,
    head_sha256: input.headSha256,
    padding_sha256: input.paddingSha256,
    structure_sha256: structureSha256(hash, tensors),
    tensors,
  } as const;
  return { ...covered, merkle_root: rootOf(hash, covered) };
}

/** Whether the root is the one of the manifest's own contents: false when the manifest was edited. */
export function isIntact(hash: HashText, manifest: ModelManifest): boolean {
  return rootOf(hash, manifest) === manifest.merkle_root;
}

/** One way in which two files differ. `tensor` is the name in the file that has it. */
export type Difference =
  | { readonly what: "header" | "padding" | "order" | "size" }
  | { readonly what: "added" | "removed" | "weights" | "type" | "shape" | "place"; readonly tensor: string };

/** Everything in which `found` is not `expected`; empty when they are one file. */
export function compareManifests(expected: ModelManifest, found: ModelManifest): Difference[] {
  const before = new Map(expected.tensors.map((tensor) => [tensor.name, tensor]));
  const after = new Map(found.tensors.map((tensor) => [tensor.name, tensor]));
  const removed = expected.tensors.filter(({ name }) => !after.has(name));
  const changes = found.tensors.flatMap((tensor): Difference[] => {
    const known = before.get(tensor.name);
    if (known === undefined) return [{ what: "added", tensor: tensor.name }];
    return tensorDifferences(known, tensor);
  });
  const common = (tensors: readonly ManifestTensor[]) =>
    tensors.map(({ name }) => name).filter((name) => before.has(name) && after.has(name)).join("\n");
  const whole: Difference[] = [];
  if (expected.size_bytes !== found.size_bytes) whole.push({ what: "size" });
  if (expected.head_sha256 !== found.head_sha256) whole.push({ what: "header" });
  if (expected.padding_sha256 !== found.padding_sha256) whole.push({ what: "padding" });
  if (common(expected.tensors) !== common(found.tensors)) whole.push({ what: "order" });
  return [...whole, ...removed.map(({ name }) => ({ what: "removed", tensor: name }) as const), ...changes];
}

function tensorDifferences(before: ManifestTensor, after: ManifestTensor): Difference[] {
  const tensor = after.name;
  const differences: Difference[] = [];
  if (before.type !== after.type) differences.push({ what: "type", tensor });
  if (before.shape.join() !== after.shape.join()) differences.push({ what: "shape", tensor });
  if (before.offset !== after.offset || before.size_bytes !== after.size_bytes) {
    differences.push({ what: "place", tensor });
  }
  if (before.sha256 !== after.sha256) differences.push({ what: "weights", tensor });
  return differences;
}
