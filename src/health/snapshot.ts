import { AuditChain, type Head } from "../audit/mod.ts";
import { readStatus, type Status, statusPath } from "./status.ts";

/** Everything the health role knows at one moment. */
export interface Snapshot {
  readonly at: Date;
  /** Null where there is none, or none that can be read: `problems` says which. */
  readonly status: Status | null;
  readonly audit: Head;
  /** Why the line cannot be relied on now, as whole sentences; none means ready. */
  readonly problems: readonly string[];
}

export interface Sources {
  readonly stateDir: string;
  readonly auditLog: string;
  readonly anchorPath: string;
  readonly now: () => Date;
}

/**
 * A coordinator that has said nothing for so long hangs, or was killed. It speaks every five seconds, but a slow disk
 * that has to take a large copy can keep it waiting.
 */
export const SILENT_AFTER_MS = 120_000;

/** Reads what the coordinator left: its status and the end of its audit log, and never a model. */
export async function takeSnapshot({ stateDir, auditLog, anchorPath, now }: Sources): Promise<Snapshot> {
  const reading = readStatus(statusPath(stateDir));
  const audit = await headOf(auditLog, anchorPath);
  const at = now();
  const status = reading.kind === "status" ? reading.status : null;
  const problems: string[] = [];
  if (reading.kind === "unreadable") problems.push(reading.why);
  if (reading.kind === "absent") problems.push("The coordinator has not run yet.");
  if (status !== null) problems.push(...silence(status, at));
  if (audit.kind === "broken") problems.push(audit.why);
  return { at, status, audit, problems };
}

function silence({ state, alive_at }: Status, at: Date): string[] {
  if (state === "failed") return ["The coordinator ended with an error: its journal says which."];
  const silentMs = at.getTime() - new Date(alive_at).getTime();
  if (state === "stopped" || silentMs <= SILENT_AFTER_MS) return [];
  return [`The coordinator has said nothing for ${Math.round(silentMs / 1000)} s: it hangs or was killed.`];
}

/**
 * The health role holds no key: of a chain with one it sees whether entries are missing, not whether they are true. A
 * log that it may not read is one it cannot vouch for.
 */
async function headOf(auditLog: string, anchorPath: string): Promise<Head> {
  try {
    return await AuditChain.head(auditLog, { anchorPath, hmacKey: "unknown" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "broken", why: `The audit log cannot be read: ${why}` };
  }
}
