import { escapeName } from "../files/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Stage,
  STAGE_IDS,
  type StageRecord,
  unreachable,
} from "../model/mod.ts";
import { reasonOfError } from "./verdict.ts";

/** syslog(3) levels as systemd reads them from a `<N>` prefix. */
export type Priority = 2 | 4 | 6;

/** One line for the operator, without its prefix. */
export interface JournalLine {
  readonly priority: Priority;
  readonly text: string;
}

/** Takes the coordinator's lines: the journal under systemd, a terminal, a test. */
export type Say = (line: JournalLine) => void;

// Names inside a line are escaped with the whole line: our own texts hold nothing that would change.
const line = (priority: Priority, text: string): JournalLine => ({
  priority,
  text: `[quarantine] ${escapeName(text)}`,
});

export const processing = (name: string): JournalLine => line(6, `Processing: ${name}`);

export function stageStarting(stage: Stage, { format }: Artifact): JournalLine {
  return line(6, `${label(stage)} — ${stage.activityFor?.(format) ?? stage.activity}...`);
}

export const promoting = (name: string): JournalLine => line(6, `All stages passed. Promoting ${name}...`);

export function promoted(registryName: string, name: string, digest: ArtifactDigest): JournalLine {
  return line(6, `PROMOTED: ${registryName} (${name}) sha256=${digest.sha256}`);
}

export function refusedLine(
  word: "REJECTED" | "FAILED",
  name: string,
  stage: string,
  rule: string,
): JournalLine {
  return line(2, `${word}: ${name} (${stage}: ${rule})`);
}

export const heldLine = (name: string, rule: string): JournalLine => line(4, `HELD: ${name} (${rule})`);

export const warning = (text: string): JournalLine => line(4, `WARNING: ${text}`);

/** Said once at the start. */
export const UNSIGNED: JournalLine = warning("there is no signing key, records are unsigned");

/** What the journal says when a stage has ended. */
export function stageFinished({ outcome }: StageRecord, stage: Stage): JournalLine {
  const says = (priority: Priority, text: string) => line(priority, `${label(stage)} — ${text}`);
  switch (outcome.kind) {
    case "cleared":
      return says(6, outcome.summary === "" ? "PASS" : `PASS (${outcome.summary})`);
    case "refused":
      return says(2, `FAIL: ${outcome.summary}`);
    case "broken":
      return says(2, `ERROR: ${reasonOfError(outcome.error)}`);
    case "not-applicable":
      return says(6, `SKIP (${outcome.why})`);
    case "not-examined":
      return says(4, `SKIP (not examined: ${outcome.why})`);
    case "attested":
      return says(6, `SKIP (attested by ${outcome.by})`);
    case "disabled":
      return says(4, "SKIP (disabled by policy)");
    case "unreached":
      return says(6, "SKIP (not reached)");
    default:
      return unreachable(outcome);
  }
}

function label(stage: Stage): string {
  return `Stage ${STAGE_IDS.indexOf(stage.id) + 1}/${STAGE_IDS.length}: ${stage.id}`;
}
