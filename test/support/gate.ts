import fs from "node:fs";
import { join } from "node:path";
import { examineWith } from "../../src/admission/mod.ts";
import {
  type Artifact,
  type Finding,
  formatClaimedByDirectory,
  formatClaimedByFile,
  type Policy,
  UndecidedError,
} from "../../src/model/mod.ts";
import { loadPolicy } from "../../src/policy/load.ts";
import { formatGate } from "../../stages/2_format_gate.ts";
import { type DirectorySpec, withDirectory } from "../make/directory.ts";
import { now, readRepositoryFile } from "../policy/support.ts";

/** What the format gate said of one artifact. */
export interface GateAnswer {
  readonly kind: "cleared" | "refused";
  readonly findings: readonly Finding[];
}

export function shippedPolicy(profile: Policy["profile"]): Policy {
  const path = `policy/${profile}.yaml`;
  return loadPolicy({ text: readRepositoryFile(path), path, now });
}

/** Writes the artifact to a directory of its own and puts it before stage 2, in this process. */
export async function passGate(
  name: string,
  artifact: Uint8Array | DirectorySpec,
  policy: Policy,
): Promise<GateAnswer> {
  if (!(artifact instanceof Uint8Array)) {
    return await withDirectory(artifact, (root) => examineAt(root, name, policy));
  }
  const root = Deno.makeTempDirSync({ prefix: "gate-" });
  try {
    const path = join(root, name);
    fs.writeFileSync(path, artifact);
    return await examineAt(path, name, policy);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

/** Puts what lies at a path before stage 2. Throws when the stage could not decide. */
export async function examineAt(path: string, name: string, policy: Policy): Promise<GateAnswer> {
  const stat = fs.statSync(path);
  const isDirectory = stat.isDirectory();
  const digest = Promise.reject(new UndecidedError("line/crashed", "the gate does not need the digest"));
  digest.catch(() => {});
  const artifact: Artifact = {
    name,
    path,
    shape: isDirectory ? "directory" : "file",
    format: isDirectory ? formatClaimedByDirectory(fs.readdirSync(path)) : formatClaimedByFile(name),
    sizeBytes: stat.size,
    origin: { kind: "local" },
    digest,
    digestFrom: "coordinator",
  };
  const context = {
    policy,
    now,
    signal: new AbortController().signal,
    progress: () => {},
    record: () => {},
  };
  const outcome = await examineWith(formatGate(), artifact, context);
  if (outcome.kind === "broken") throw outcome.error;
  return { kind: outcome.kind, findings: outcome.kind === "cleared" ? outcome.notes : outcome.findings };
}
