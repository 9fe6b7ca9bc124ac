import fs from "node:fs";
import { basename, resolve } from "node:path";
import {
  appearanceOf,
  decide,
  type Decision,
  judge,
  type Observer,
  Promotion,
  refuseUnopened,
  ruleOfError,
  signaturesBeside,
} from "../admission/examination.ts";
import {
  type Artifact,
  type Examination,
  finding,
  formatClaimedByDirectory,
  formatClaimedByFile,
  FormatError,
  type Origin,
  type Policy,
  type Refusal,
  type SandboxKind,
  STAGE_IDS,
  type StageRecord,
  UndecidedError,
} from "../model/mod.ts";
import type { Coordinator } from "./coordinator.ts";
import { type Claimed, readOnce } from "./read_once.ts";

/** What `check` found out about one path. */
export interface Checked {
  readonly examination: Examination;
  readonly decision: Decision;
  readonly policy: Policy;
}

/**
 * Examines one path where it lies and promotes nothing. The file is not frozen: its identity is compared before and
 * after, and a change makes the verdict `error`.
 */
export async function checkPath(
  coordinator: Coordinator,
  path: string,
  origin: Origin,
  observer: Observer,
): Promise<Checked> {
  const { policy, bench, examineAtOnce } = coordinator;
  const absolute = resolve(path);
  const name = basename(absolute);
  let sizeBytes: number;
  try {
    sizeBytes = refuseUnopened(absolute, name, policy.quarantine.maxArtifactBytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { ...refusedUnopened(name, absolute, origin, error, bench.sandbox), policy };
  }
  const before = appearanceOf(absolute).fingerprint;
  const once = readOnce(claimAt(absolute, name, sizeBytes, origin), bench, examineAtOnce);
  const examination = await judge(once.artifact, once.bench, observer);
  if (appearanceOf(absolute).fingerprint !== before) {
    const error = new UndecidedError("claim/changed", `${name} changed while it was examined`);
    return { examination, decision: undecided(error), policy };
  }
  return { examination, decision: decisionOf(examination), policy };
}

function claimAt(path: string, name: string, sizeBytes: number, origin: Origin): Claimed {
  const directory = fs.lstatSync(path).isDirectory();
  return {
    name,
    path,
    shape: directory ? "directory" : "file",
    format: directory ? formatClaimedByDirectory(fs.readdirSync(path)) : formatClaimedByFile(name),
    sizeBytes,
    origin,
    signatures: signaturesBeside(path),
  };
}

function decisionOf(examination: Examination): Decision {
  const decision = decide(examination);
  if (decision instanceof Promotion) return { word: "passed", refusal: null };
  return { word: decision.word, refusal: decision };
}

function undecided(error: UndecidedError): Decision {
  const refusal: Refusal = { word: "error", stage: null, rule: ruleOfError(error), reason: error.message };
  return { word: "error", refusal };
}

/** A path that is refused before anything is opened: seven entries all the same, the format gate's says why. */
function refusedUnopened(
  name: string,
  path: string,
  origin: Origin,
  error: FormatError,
  sandbox: SandboxKind,
): Omit<Checked, "policy"> {
  const found = finding(error.rule, error.message, error.place);
  const stages = STAGE_IDS.map((stage): StageRecord => ({
    stage,
    durationMs: 0,
    outcome: stage === "format_gate"
      ? { kind: "refused", summary: error.message, evidence: {}, findings: [found] }
      : { kind: "unreached" },
  }));
  const digest = Promise.reject(error);
  digest.catch(() => {});
  const claimed = { name, path, shape: "file", format: "unknown", sizeBytes: 0, origin } as const;
  const artifact: Artifact = { ...claimed, digest, digestFrom: "coordinator" };
  const refusal: Refusal = {
    word: "rejected",
    stage: "format_gate",
    rule: error.rule,
    reason: error.message,
  };
  return {
    examination: { artifact, digest: null, stages, sandbox, scanners: {}, attestation: null },
    decision: { word: "rejected", refusal },
  };
}
