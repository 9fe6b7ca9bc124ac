import { createHash } from "node:crypto";
import allowedClasses from "../policy/diffusion_classes.json" with { type: "json" };
import { DiskDirectory } from "../src/files/directory_view.ts";
import { ClassAllowlist, type Component, examinePipeline } from "../src/formats/directories.ts";
import {
  type Artifact,
  type ArtifactDigest,
  conclude,
  type Evidence,
  type Judgement,
  type Policy,
  type Sha256,
  UndecidedError,
} from "../src/model/mod.ts";

/** Compares a diffusion directory with its index, component by component. */
export async function examineComponents(artifact: Artifact, policy: Policy): Promise<Judgement> {
  const digest = await artifact.digest;
  const view = new DiskDirectory(artifact.path);
  const { pipeline, components, findings } = examinePipeline(view, ClassAllowlist.from(allowedClasses));
  const evidence = {
    pipeline,
    components: componentEvidence(components, digest),
    findings_by_rule: findings.unlisted,
  };
  return conclude(policy, findings.all, evidence, { cleared: `${components.length} components` });
}

/**
 * One digest for each component: the SHA-256 of the lines `sha256sum` would print for its files, in order of their
 * paths. The files' own digests are the coordinator's.
 */
function componentEvidence(components: readonly Component[], digest: ArtifactDigest): Evidence {
  const known = new Map(digest.files.map(({ path, sha256 }) => [path, sha256]));
  return Object.fromEntries(components.map(({ name, library, className, files, weights }) => {
    const hash = createHash("sha256");
    for (const path of files) hash.update(`${digestOf(path, known)}  ${path}\n`);
    return [name, {
      class: `${library}.${className}`,
      files: files.length,
      tensors: weights.tensors,
      weight_bytes: weights.sizeBytes,
      sha256: hash.digest("hex"),
    }];
  }));
}

function digestOf(path: string, known: ReadonlyMap<string, Sha256>): Sha256 {
  const sha256 = known.get(path);
  if (sha256 !== undefined) return sha256;
  throw new UndecidedError(
    "claim/changed",
    `Cannot record ${path}: it was not there when the directory was hashed`,
  );
}
