import { join } from "node:path";
import { type IncidentRecorder, type PolicyEngine, type Say, warning } from "../admission/mod.ts";
import type { Policy } from "../model/mod.ts";
import { INCIDENT_TIMEOUT_MS, IncidentReporter, PolicyEngineClient } from "../neighbours/mod.ts";
import { registryAddress, type TokenReader, tokenReader } from "../registry/mod.ts";
import type { Variable } from "./environment.ts";
import type { World } from "./world.ts";

/** The policy engine that the policy says to ask; where it says to ask none, the line's own verdict is enough. */
export function policyEngineOf(world: World, { policyEngine }: Policy): PolicyEngine {
  if (!policyEngine.consult) return { decide: () => Promise.resolve({ kind: "allowed", evidence: null }) };
  return new PolicyEngineClient({
    address: registryAddress(policyEngine.url),
    ...behind(world, "POLICY_ENGINE_SOCKET"),
    token: tokenOf(world, "POLICY_ENGINE_TOKEN_PATH"),
    timeoutMs: policyEngine.timeoutMs,
  });
}

/** An incident recorder that can be closed. */
export interface OpenRecorder extends IncidentRecorder {
  /** Gives what waits so many milliseconds to be delivered. */
  close(ms: number): Promise<void>;
}

export function incidentRecorderOf(
  world: World,
  { incidentRecorder }: Policy,
  { state, say }: { readonly state: string; readonly say: Say },
): OpenRecorder {
  const nothing = () => Promise.resolve();
  if (!incidentRecorder.report) return { report: () => {}, drain: nothing, close: nothing };
  return new IncidentReporter({
    address: registryAddress(incidentRecorder.url),
    ...behind(world, "INCIDENT_SOCKET"),
    token: tokenOf(world, "INCIDENT_TOKEN_PATH"),
    timeoutMs: INCIDENT_TIMEOUT_MS,
    spoolDir: join(state, "incidents"),
    now: world.now,
    warn: (text) => say(warning(text)),
  });
}

/** The unix socket behind which a service is, for a program that has no network. */
function behind(world: World, variable: Variable): { readonly socketPath?: string } {
  const socketPath = world.env(variable);
  return socketPath === undefined ? {} : { socketPath };
}

function tokenOf(world: World, variable: Variable): TokenReader {
  const path = world.env(variable);
  return tokenReader({ serviceToken: null, paths: path === undefined ? [] : [path] });
}
