import fs from "node:fs";
import { basename } from "node:path";
import { digestInPlace, examineWith } from "../../src/admission/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Finding,
  finding,
  formatClaimedByDirectory,
  formatClaimedByFile,
  type Policy,
  type ScannerId,
  type Stage,
  type StageId,
  UndecidedError,
} from "../../src/model/mod.ts";
import { formatGate } from "../../stages/2_format_gate.ts";
import { staticScan } from "../../stages/5_static_scan.ts";
import { diffusionDeepScan } from "../../stages/7_diffusion_deep_scan.ts";
import { now } from "../policy/support.ts";
import { shippedPolicy } from "../support/stage.ts";

/** The stages that open what a directory holds. */
const STAGES: readonly Stage[] = [formatGate(), staticScan(), diffusionDeepScan()];
export type ContentStage = Extract<StageId, "format_gate" | "static_scan" | "diffusion_deep_scan">;

/** What one of the stages said. `broken` means that it could not decide. */
export interface Said {
  readonly kind: "cleared" | "refused" | "broken" | "not-applicable";
  readonly summary: string;
  readonly findings: readonly Finding[];
}

/** How the artifact reaches the stage. */
export interface Handing {
  /** Made here when it is not given. */
  readonly digest?: Promise<ArtifactDigest>;
  /** Done between hashing and examining. */
  readonly meanwhile?: () => void;
}

/** Puts what lies at `path` before one real stage, as the line does: with every file's digest. */
export async function putBefore(
  id: ContentStage,
  path: string,
  policy: Policy,
  { digest = digestInPlace(path, {}), meanwhile = () => {} }: Handing = {},
): Promise<Said> {
  const stage = STAGES.find((one) => one.id === id);
  if (stage === undefined) throw new Error(`Cannot happen: no stage ${id}`);
  const artifact = await artifactAt(path, digest);
  meanwhile();
  const applies = stage.appliesTo[artifact.format];
  if (applies !== "examine") return { kind: "not-applicable", summary: "", findings: [] };
  const signal = new AbortController().signal;
  const outcome = await examineWith(stage, artifact, {
    policy,
    now,
    signal,
    progress: () => {},
    record: () => {},
  });
  switch (outcome.kind) {
    case "cleared":
      return { kind: "cleared", summary: outcome.summary, findings: outcome.notes };
    case "refused":
      return { kind: "refused", summary: outcome.summary, findings: outcome.findings };
    case "broken": {
      const { error } = outcome;
      if (!(error instanceof UndecidedError)) throw error;
      return { kind: "broken", summary: error.message, findings: [finding(error.rule, error.message)] };
    }
  }
}

/** A shipped profile that asks for no program that must be installed first. */
export function policyWithoutPrograms(profile: Policy["profile"]): Policy {
  const policy = shippedPolicy(profile);
  const optional = (id: ScannerId) => ({ ...policy.scanners[id], required: false });
  const scanners = {
    modelscan: optional("modelscan"),
    fickling: optional("fickling"),
    modelaudit: optional("modelaudit"),
    gguf_guard: optional("gguf_guard"),
    yara: optional("yara"),
    garak: optional("garak"),
  };
  return { ...policy, scanners };
}

/** Hashed before it is handed on, as the coordinator does it; what cannot be hashed has no digest. */
async function artifactAt(path: string, digest: Promise<ArtifactDigest>): Promise<Artifact> {
  const isDirectory = fs.statSync(path).isDirectory();
  const sizeBytes = await digest.then((known) => known.sizeBytes, () => 0);
  return {
    name: basename(path),
    path,
    shape: isDirectory ? "directory" : "file",
    format: isDirectory ? formatClaimedByDirectory(fs.readdirSync(path)) : formatClaimedByFile(path),
    sizeBytes,
    origin: { kind: "local" },
    digest,
    digestFrom: "coordinator",
  };
}
