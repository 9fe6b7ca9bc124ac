import fs from "node:fs";
import { join } from "node:path";
import { digestInPlace, examineWith, stageEntries } from "../../src/admission/mod.ts";
import {
  type Artifact,
  formatClaimedByDirectory,
  formatClaimedByFile,
  type Origin,
  type Policy,
} from "../../src/model/mod.ts";
import { policyFromObject } from "../../src/policy/load.ts";
import type { PolicyInput } from "../../src/policy/schema.ts";
import type { ProvenanceJob } from "../../src/tools/protocol.ts";
import { provenanceCheck } from "../../stages/4_provenance_check.ts";
import { withDirectory } from "../make/directory.ts";
import type { Key } from "../make/model_signing.ts";
import { now } from "../policy/support.ts";

/** A model on disk and what stands beside it as signatures, under the endings of their names. */
export interface Signed {
  /** One file under its name, or the files of a directory. */
  readonly file?: { readonly name: string; readonly bytes: Uint8Array };
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly beside?: Readonly<Record<string, Uint8Array>>;
  readonly origin?: Origin;
}

export interface Judge {
  readonly policy: Policy;
  readonly trustRoots?: ProvenanceJob["trustRoots"];
  readonly requiredFrom?: (origin: Origin) => boolean;
  readonly gpg?: ProvenanceJob["gpg"];
  readonly now?: () => Date;
}

/** What stage 4 said: as the journal says it, and the rules of everything it found. */
export interface Said {
  readonly outcome: string;
  readonly summary: string;
  readonly rules: readonly string[];
  readonly evidence: { readonly [key: string]: unknown };
  readonly messages: readonly string[];
}

/** Puts a signed model before stage 4 in this process. Throws when it could not decide. */
export async function judge(signed: Signed, given: Judge): Promise<Said> {
  const spec = signed.file === undefined ? signed.files ?? {} : { [signed.file.name]: signed.file.bytes };
  return await withDirectory(spec, async (root) => {
    const path = signed.file === undefined ? root : join(root, signed.file.name);
    const name = signed.file?.name ?? "model";
    const artifact: Artifact = {
      name,
      path,
      shape: signed.file === undefined ? "directory" : "file",
      format: signed.file === undefined
        ? formatClaimedByDirectory(fs.readdirSync(root))
        : formatClaimedByFile(name),
      sizeBytes: 0,
      origin: signed.origin ?? { kind: "local" },
      digest: digestInPlace(path, {}),
      digestFrom: "coordinator",
      signatures: Object.entries(signed.beside ?? {}).map(([suffix, bytes]) => ({
        name: name + suffix,
        bytes,
      })),
    };
    return await examine(artifact, given);
  });
}

export async function examine(artifact: Artifact, given: Judge): Promise<Said> {
  const stage = provenanceCheck({
    trustRoots: given.trustRoots ?? [],
    requiredFrom: given.requiredFrom ?? (() => false),
    gpg: given.gpg ?? [],
  });
  const context = {
    policy: given.policy,
    now: given.now ?? now,
    signal: new AbortController().signal,
    progress: () => {},
    record: () => {},
  };
  const outcome = await examineWith(stage, artifact, context);
  if (outcome.kind === "broken") throw outcome.error;
  const [entry] = stageEntries([{ stage: stage.id, outcome, durationMs: 0 }]);
  if (entry === undefined) throw new Error("Cannot happen: no entry");
  const { evidence, findings, summary } = entry;
  return {
    outcome: entry.outcome,
    summary,
    evidence,
    rules: findings.map(({ rule }) => rule),
    messages: findings.map(({ message }) => message),
  };
}

export type PublisherInput = NonNullable<PolicyInput["publishers"]>[number];

/** The standalone profile with these publishers. */
export function policyWith(publishers: readonly PublisherInput[], more: PolicyInput = {}): Policy {
  return policyFromObject({ profile: "standalone", publishers: [...publishers], ...more }, { now });
}

/** A policy by which local models must be signed with one of these keys. */
export function trusting(...keys: readonly Key[]): Policy {
  const signers = keys.map(({ pem }, i) => ({
    method: "key" as const,
    name: `key ${i + 1}`,
    public_key: pem,
  }));
  return policyWith([{ source: "local", required: true, signers }]);
}
