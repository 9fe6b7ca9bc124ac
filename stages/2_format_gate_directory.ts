import { DiskDirectory } from "../src/files/directory_view.ts";
import { type DirectoryReport, examineTree, weightFilesIn } from "../src/formats/directories.ts";
import {
  type Artifact,
  conclude,
  type Finding,
  finding,
  type Judgement,
  type Policy,
} from "../src/model/mod.ts";

/** Stage 2 for a directory: is every file in it part of a model, well-formed, and in agreement with the others? */
export function examineDirectory(artifact: Artifact, policy: Policy): Judgement {
  const view = new DiskDirectory(artifact.path);
  const forbidden = forbiddenKind(artifact, policy) ?? forbiddenWeights(weightFilesIn(view), policy);
  if (forbidden !== null) return conclude(policy, [forbidden], {}, { cleared: "" });
  const report = examineTree(view);
  return conclude(policy, report.findings.all, evidenceOf(report), {
    cleared: `${report.kind ?? "no"} directory`,
  });
}

function forbiddenKind({ format }: Artifact, { models }: Policy): Finding | null {
  const isDiffusion = format === "diffusion-directory";
  if (isDiffusion ? models.allowDiffusionDirectories : models.allowModelDirectories) return null;
  const key = isDiffusion ? "allow_diffusion_directories" : "allow_model_directories";
  return finding("directory/not-allowed", `directories of this kind are not allowed (models.${key})`);
}

function forbiddenWeights(weights: ReturnType<typeof weightFilesIn>, { models }: Policy): Finding | null {
  for (const { path, format } of weights) {
    if (models.denyFormats.includes(format)) {
      return finding("disguise/denied-format", `format "${format}" is denied by policy`, { path });
    }
    if (!models.allowedFormats.includes(format)) {
      return finding("disguise/format-not-allowed", `format "${format}" is not allowed by policy`, { path });
    }
  }
  return null;
}

function evidenceOf({ kind, files, folders, weights, findings }: DirectoryReport) {
  return {
    kind,
    files,
    folders,
    weights: weights === null ? null : {
      safetensors: weights.safetensors,
      gguf: weights.gguf,
      indices: weights.indices,
      tensors: weights.tensors,
      size_bytes: weights.sizeBytes,
    },
    findings_by_rule: findings.unlisted,
  };
}
