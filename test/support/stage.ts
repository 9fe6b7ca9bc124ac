import fs from "node:fs";
import { basename, join } from "node:path";
import { examineWith } from "../../src/admission/mod.ts";
import {
  type Artifact,
  type Finding,
  formatClaimedByDirectory,
  formatClaimedByFile,
  type Json,
  type Policy,
  type Stage,
  UndecidedError,
} from "../../src/model/mod.ts";
import { loadPolicy } from "../../src/policy/load.ts";
import { type DirectorySpec, withDirectory } from "../make/directory.ts";
import { now, readRepositoryFile } from "../policy/support.ts";

/** What a stage said of one artifact. */
export interface Answer {
  readonly kind: "cleared" | "refused";
  readonly findings: readonly Finding[];
}

export function shippedPolicy(profile: Policy["profile"]): Policy {
  const path = `policy/${profile}.yaml`;
  return loadPolicy({ text: readRepositoryFile(path), path, now });
}

/** Writes the artifact to a directory of its own and puts it before a stage, in this process. */
export async function drop(
  stage: Stage,
  name: string,
  artifact: Uint8Array | DirectorySpec,
  policy: Policy,
): Promise<Answer> {
  if (!(artifact instanceof Uint8Array)) {
    return await withDirectory(artifact, (root) => examineAt(stage, root, policy));
  }
  return await withDirectory({ [name]: artifact }, (root) => examineAt(stage, join(root, name), policy));
}

/** Puts what lies at a path before a stage. Throws when the stage could not decide. */
export async function examineAt(
  stage: Stage,
  path: string,
  policy: Policy,
  record: (record: Json) => void = () => {},
): Promise<Answer> {
  const stat = fs.statSync(path);
  const isDirectory = stat.isDirectory();
  const name = basename(path);
  const digest = Promise.reject(new UndecidedError("line/crashed", "nobody hashed the artifact"));
  digest.catch(() => {});
  const artifact: Artifact = {
    name,
    path,
    shape: isDirectory ? "directory" : "file",
    format: isDirectory ? formatClaimedByDirectory(fs.readdirSync(path)) : formatClaimedByFile(name),
    sizeBytes: stat.size,
    origin: { kind: "local" },
    digest,
    digestFrom: "scan",
  };
  const context = {
    policy,
    now,
    signal: new AbortController().signal,
    progress: () => {},
    record,
  };
  const outcome = await examineWith(stage, artifact, context);
  if (outcome.kind === "broken") throw outcome.error;
  return { kind: outcome.kind, findings: outcome.kind === "cleared" ? outcome.notes : outcome.findings };
}
