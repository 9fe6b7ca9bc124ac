import { isMet, OBJECTIVES, shareWithin } from "./objectives.ts";
import type { Snapshot } from "./snapshot.ts";

/** The object of `GET /v1/status`. */
export function statusObject({ at, status, audit, problems }: Snapshot) {
  return {
    schema: 1,
    at: at.toISOString(),
    ready: problems.length === 0,
    reasons: problems,
    coordinator: status === null ? null : {
      state: status.state,
      version: status.version,
      started_at: status.started_at,
      alive_at: status.alive_at,
    },
    policy: status?.policy ?? null,
    current: status?.current ?? null,
    queue: status?.queue ?? null,
    open_claims: status?.open_claims ?? null,
    held: status?.held ?? null,
    verdicts: status?.verdicts ?? [],
    audit: audit.kind === "sound"
      ? { sound: true, entries: audit.entries, last_hash: audit.lastHash, log_bytes: audit.sizeBytes }
      : { sound: false, problem: audit.why },
    objectives: status === null ? null : {
      pipeline: OBJECTIVES.map((one) => ({
        ...one,
        share: shareWithin(status.totals, one),
        met: isMet(status.totals, one),
      })),
      refusals: status.totals.refusals,
      refusals_audited: status.totals.refusals_audited,
    },
    totals: status?.totals ?? null,
  };
}
