import {
  type Admission,
  admit,
  claimFromIncoming,
  type Entry,
  finishClaim,
  type Line,
  listIncoming,
  type Pending,
  pendingClaims,
  releaseDue,
  reportUnreachable,
  SettleWatch,
  unreachableNames,
  warning,
} from "../admission/mod.ts";
import { AuditError } from "../audit/mod.ts";
import { auditContainments } from "./containments.ts";
import { watchForCloses } from "./close_hints.ts";
import { pause } from "./pause.ts";

export interface WatchOptions {
  /** `once`: until nothing is left to settle. `until-idle`: until nothing came for a minute. `forever`: until told. */
  readonly until: "once" | "until-idle" | "forever";
  /** Where the registry writes down what it took out of use. */
  readonly contained: string;
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
const IDLE_MS = 60_000;
const SWEEP_EVERY_MS = 60_000;

/**
 * The coordinator's loop: finishes what a crash left, then takes each artifact that has settled, one at a time, and
 * yields how each ended. Stays alive while something visible is still settling.
 */
export async function* watch(
  line: Line,
  { until, contained, signal }: WatchOptions,
): AsyncGenerator<Admission> {
  yield* finishPending(line, "after-restart");
  const audited = new Set<string>();
  await auditContainments(line, contained, audited);
  releaseDue(line.places.held, line.places.incoming, line.now());
  const settle = new SettleWatch(Date.now());
  const reported = new Set<string>();
  using _hints = watchForCloses(line.places.incoming, settle);
  let busyMs = Date.now();
  let sweptMs = Date.now();
  while (!signal.aborted) {
    const entries = listIncoming(line.places.incoming);
    for (const entry of settle.settled(entries, Date.now(), line.policy.quarantine.maxQueuePerOwner)) {
      if (signal.aborted) return;
      const ended = await admitOne(line, entry);
      if (ended?.kind === "parked" && ended.word === "requeued") settle.sawLateWriter(entry.name);
      if (ended !== null) yield ended;
    }
    const unreachable = await reportOnce(line, reported);
    if (Date.now() - sweptMs >= SWEEP_EVERY_MS) {
      releaseDue(line.places.held, line.places.incoming, line.now());
      yield* finishPending(line, "waiting");
      await auditContainments(line, contained, audited);
      void line.incidents.drain();
      sweptMs = Date.now();
    }
    if (until === "once" && !listIncoming(line.places.incoming).some((left) => settle.isSettling(left))) {
      return;
    }
    // Whatever is visible keeps the program up: systemd would only start it again for it.
    if (entries.length > 0 || unreachable) busyMs = Date.now();
    else if (until === "until-idle" && Date.now() - busyMs >= IDLE_MS) return;
    await pause(POLL_MS, signal);
  }
}

/** Finishes what is in scanning/; yields how each claim ended. */
export async function* finishPending(line: Line, why: Pending): AsyncGenerator<Admission> {
  for (const claim of pendingClaims(line, why)) {
    const ended = await unlessItFails(line, claim.record.name, () => finishClaim(line, claim, why));
    if (ended !== null) yield ended;
  }
}

function admitOne(line: Line, { name, shape }: Entry): Promise<Admission | null> {
  return unlessItFails(line, name, async () => await admit(line, await claimFromIncoming(line, name, shape)));
}

/**
 * What fails in a way nobody foresaw leaves its bytes in scanning/, to be tried again by the next sweep, and never
 * blocks the artifacts behind it; only a log that cannot be written stops all.
 */
async function unlessItFails(
  line: Line,
  name: string,
  work: () => Promise<Admission | null>,
): Promise<Admission | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuditError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    line.say(warning(`${name} could not be taken through the line and is tried again: ${why}`));
    return null;
  }
}

/** Reports names that cannot be reached, each once; whether there are any. */
async function reportOnce(line: Line, reported: Set<string>): Promise<boolean> {
  const names = unreachableNames(line.places.incoming);
  for (const name of names) {
    if (reported.has(name)) continue;
    reported.add(name);
    await reportUnreachable(line, name);
  }
  return names.length > 0;
}
