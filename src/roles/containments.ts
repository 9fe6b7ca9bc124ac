import { containedPath, type Line, warning } from "../admission/mod.ts";
import { readContainments } from "../registry/mod.ts";
import type { Environment } from "./environment.ts";

/** Where a registry of ours writes down what it took out of use, unless it keeps that in a state directory of its own. */
export function containedDirectory(env: Environment, state: string): string {
  return env("CONTAINED_MODELS_DIR") ?? containedPath(state);
}

/**
 * Records in the audit log what the embedded registry has taken out of use since the last look, each once. The
 * registry keeps no log of its own, only records in `directory`. `seen` saves asking the log again and again.
 */
export async function auditContainments(line: Line, directory: string, seen: Set<string>): Promise<void> {
  for (const record of readContainments(directory)) {
    const claim = record.contained_as;
    if (seen.has(claim)) continue;
    seen.add(claim);
    if (await line.audit.has("contained", claim)) continue;
    await line.audit.append("contained", {
      claim,
      filename: record.filename,
      sha256: record.sha256,
      incident: record.incident_id,
      severity: "CRITICAL",
    });
    line.say(warning(`${record.filename} was taken out of use by incident ${record.incident_id}`));
  }
}
