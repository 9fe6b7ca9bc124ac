import { lstatSync } from "node:fs";
import { join } from "node:path";
import { stageEntries, type StageEntry } from "../admission/mod.ts";
import { parseSha256, type Policy, type VerdictWord } from "../model/mod.ts";
import { policyFromObject } from "../policy/load.ts";
import type { PolicyInput } from "../policy/schema.ts";
import { checkPath } from "./check.ts";
import { type Configuration, withCompanions } from "./configuration.ts";
import { coordinator } from "./coordinator.ts";
import { originOf } from "./run_check.ts";
import type { World } from "./world.ts";

/** What a program asks of {@link runPipelineIn}. */
export interface PipelineRequest {
  /** The model: a file or a directory, examined where it lies. */
  readonly path: string;
  /** The digest it must have, as 64 hexadecimal digits. */
  readonly sha256?: string;
  /** The URL it was downloaded from; none means a local import. */
  readonly source?: string;
  /** May be partial, such as `{models: {require_scan: true}}`: what is missing takes the fail-closed default. */
  readonly policy: PolicyInput;
}

export interface PipelineResult {
  /** True only when every stage was carried out or excused by the policy, and none refused. */
  readonly passed: boolean;
  readonly verdict: VerdictWord;
  /** Why not, in one sentence; null when it passed. */
  readonly reason: string | null;
  /** All seven stages by key, with outcome, evidence and findings. */
  readonly details: Readonly<Record<string, StageEntry>>;
}

/**
 * Examines one artifact and promotes nothing. Throws `StartupError` for a policy that cannot be used, and the
 * system's error when the path cannot be looked at; a fault of the artifact is never thrown.
 */
export async function runPipelineIn(world: World, request: PipelineRequest): Promise<PipelineResult> {
  lstatSync(request.path);
  const policy = policyFromObject(request.policy, { now: world.now });
  const configuration = configurationFor(world, policy, request.sha256);
  const hooks = { signal: new AbortController().signal, progress: () => {} };
  const tools = await coordinator(world, configuration, hooks);
  const silent = { starting: () => {}, finished: () => {} };
  const { examination, decision } = await checkPath(tools, request.path, originOf(request.source), silent);
  const entries = stageEntries(examination.stages);
  return {
    passed: decision.word === "passed",
    verdict: decision.word,
    reason: decision.refusal?.reason ?? null,
    details: Object.fromEntries(entries.map((entry) => [entry.stage, entry])),
  };
}

function configurationFor(world: World, policy: Policy, sha256: string | undefined): Configuration {
  const shipped = join(world.programRoot, "policy", "policy.yaml"); // Names the folder of the allowlist and the pins.
  const configuration = withCompanions(world, policy, shipped);
  return sha256 === undefined ? configuration : { ...configuration, expected: parseSha256(sha256) };
}
