import type { Entry } from "./incoming.ts";

/** After a seen close of the last writer, this long without another change. */
export const QUIET_AFTER_CLOSE_MS = 1000;
/** Where no close was seen, this long without a change of size, time or inode. */
export const STABLE_MS = 5000;

/** What was offered and is still there could not be taken; it is offered again after this long, or when it changes. */
export const OFFER_AGAIN_MS = 60_000;

/**
 * Examining may begin before an artifact counts as stable; a verdict about it does not fall before. Which is what
 * makes it safe to begin early: until then a late writer is noticed, and the artifact queued again.
 */
export function untilStable(modifiedMs: number, nowMs: number): number {
  return modifiedMs > nowMs || Number.isNaN(modifiedMs)
    ? STABLE_MS
    : Math.max(0, STABLE_MS - (nowMs - modifiedMs));
}

interface Watched {
  fingerprint: string;
  sinceMs: number;
  closedAtMs: number | null;
  /** Examined too early once: from now on it has to be stable. */
  changedLate: boolean;
  offeredMs: number | null;
}

/**
 * Decides when an entry of the incoming directory is complete: closed after writing and quiet for a second where
 * the close was seen, else unchanged for five seconds by our own watching or by its own modification time. A file
 * that was last written before we watched may have been closed before too; after a second of quiet it is begun with.
 */
export class SettleWatch {
  readonly #watched = new Map<string, Watched>();

  /** `sinceMs`: from when on a close would have been seen. */
  constructor(private readonly sinceMs: number) {}

  /** Notes that `name` was written to while it was examined. */
  sawLateWriter(name: string): void {
    this.#watched.set(name, { ...UNSEEN, ...this.#watched.get(name), changedLate: true, offeredMs: null });
  }

  /** Notes that the last writer of `name` closed it (a hint from the kernel, not a proof). */
  sawClose(name: string, nowMs: number): void {
    const known = this.#watched.get(name);
    if (known !== undefined) known.closedAtMs = nowMs;
    else this.#watched.set(name, { ...UNSEEN, sinceMs: nowMs, closedAtMs: nowMs });
  }

  /**
   * Looks at the current entries, forgetting those that are gone; returns those to take now: settled, and at most so
   * many of one owner. The rest of what has settled comes with the next look.
   */
  settled(entries: readonly Entry[], nowMs: number, mostOfOneOwner = Infinity): Entry[] {
    const present = new Set(entries.map((entry) => entry.name));
    for (const name of this.#watched.keys()) if (!present.has(name)) this.#watched.delete(name);
    const ready = entries.flatMap((entry) => {
      const known = this.#look(entry, nowMs);
      const offered = known.offeredMs !== null && nowMs - known.offeredMs < OFFER_AGAIN_MS;
      return !offered && this.#hasSettled(entry, known, nowMs) ? [{ ...entry, known }] : [];
    });
    const taken = fairShares(ready, mostOfOneOwner);
    for (const { known } of taken) known.offeredMs = nowMs;
    return taken.map(({ known: _, ...entry }) => entry);
  }

  /** Whether an entry is neither settled nor was it offered in vain. */
  isSettling({ name, fingerprint }: Entry): boolean {
    const known = this.#watched.get(name);
    return known === undefined || known.offeredMs === null || known.fingerprint !== fingerprint;
  }

  #look({ name, fingerprint }: Entry, nowMs: number): Watched {
    const known = this.#watched.get(name);
    if (known !== undefined && known.fingerprint === fingerprint) return known;
    const fresh = { ...UNSEEN, ...known, fingerprint, sinceMs: nowMs, offeredMs: null };
    this.#watched.set(name, fresh);
    return fresh;
  }

  #hasSettled(entry: Entry, known: Watched, nowMs: number): boolean {
    if (entry.shape === "other") return true; // A link or a pipe has no content to wait for.
    const quiet = nowMs - known.sinceMs;
    if (quiet >= STABLE_MS || untilStable(entry.modifiedMs, nowMs) === 0) return true;
    if (entry.shape !== "file" || known.changedLate) return false;
    if (entry.modifiedMs <= this.sinceMs) return nowMs - entry.modifiedMs >= QUIET_AFTER_CLOSE_MS;
    return quiet >= QUIET_AFTER_CLOSE_MS && isClosed(entry, known, nowMs);
  }
}

const UNSEEN: Watched = {
  fingerprint: "",
  sinceMs: 0,
  closedAtMs: null,
  changedLate: false,
  offeredMs: null,
};

/** Closed by its writer a second ago, and untouched since. */
function isClosed(entry: Entry, { closedAtMs }: Watched, nowMs: number): boolean {
  if (closedAtMs === null) return false;
  return entry.modifiedMs <= closedAtMs + QUIET_AFTER_CLOSE_MS && nowMs - closedAtMs >= QUIET_AFTER_CLOSE_MS;
}

/**
 * The next round of work: at most `limit` entries of one owner, the rest in later rounds, so that whoever drops a
 * thousand files does not keep everybody else waiting.
 */
export function fairShares<E extends Pick<Entry, "owner">>(entries: readonly E[], limit: number): E[] {
  const taken = new Map<number, number>();
  return entries.filter(({ owner }) => {
    const count = (taken.get(owner) ?? 0) + 1;
    taken.set(owner, count);
    return count <= limit;
  });
}
