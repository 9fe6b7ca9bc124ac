import type { Entry } from "./incoming.ts";

/** After a seen close of the last writer, this long without another change. */
export const QUIET_AFTER_CLOSE_MS = 1000;
/** Where no close was seen, this long without a change of size, time or inode. */
export const STABLE_MS = 5000;

/** What was offered and is still there could not be taken; it is offered again after this long, or when it changes. */
export const OFFER_AGAIN_MS = 60_000;

interface Watched {
  fingerprint: string;
  sinceMs: number;
  closedAtMs: number | null;
  offeredMs: number | null;
}

/**
 * Decides when an entry of the incoming directory is complete: closed after writing and quiet for a second where
 * the close was seen, else unchanged for five seconds by our own watching or by its own modification time.
 */
export class SettleWatch {
  readonly #watched = new Map<string, Watched>();

  /** Notes that the last writer of `name` closed it (a hint from the kernel, not a proof). */
  sawClose(name: string, nowMs: number): void {
    const known = this.#watched.get(name);
    if (known !== undefined) known.closedAtMs = nowMs;
    else this.#watched.set(name, { fingerprint: "", sinceMs: nowMs, closedAtMs: nowMs, offeredMs: null });
  }

  /** Looks at the current entries; returns those that have settled, forgets those that are gone. */
  settled(entries: readonly Entry[], nowMs: number): Entry[] {
    const present = new Set(entries.map((entry) => entry.name));
    for (const name of this.#watched.keys()) if (!present.has(name)) this.#watched.delete(name);
    return entries.filter((entry) => this.#offer(entry, nowMs));
  }

  /** Whether an entry is neither settled nor was it offered in vain. */
  isSettling({ name, fingerprint }: Entry): boolean {
    const known = this.#watched.get(name);
    return known === undefined || known.offeredMs === null || known.fingerprint !== fingerprint;
  }

  #offer(entry: Entry, nowMs: number): boolean {
    const known = this.#look(entry, nowMs);
    const offered = known.offeredMs !== null && nowMs - known.offeredMs < OFFER_AGAIN_MS;
    if (offered || !hasSettled(entry, known, nowMs)) return false;
    known.offeredMs = nowMs;
    return true;
  }

  #look({ name, fingerprint }: Entry, nowMs: number): Watched {
    const known = this.#watched.get(name);
    if (known !== undefined && known.fingerprint === fingerprint) return known;
    const closedAtMs = known?.closedAtMs ?? null;
    const fresh = { fingerprint, sinceMs: nowMs, closedAtMs, offeredMs: null };
    this.#watched.set(name, fresh);
    return fresh;
  }
}

function hasSettled(entry: Entry, known: Watched, nowMs: number): boolean {
  if (entry.shape === "other") return true; // A link or a pipe has no content to wait for.
  const quiet = nowMs - known.sinceMs;
  return quiet >= STABLE_MS || unchangedFor(entry, nowMs) >= STABLE_MS || isClosed(entry, known, nowMs);
}

/** Closed by its writer, untouched since, and quiet for a second. */
function isClosed(entry: Entry, { closedAtMs, sinceMs }: Watched, nowMs: number): boolean {
  if (closedAtMs === null || entry.shape !== "file") return false;
  const untouched = entry.modifiedMs <= closedAtMs + QUIET_AFTER_CLOSE_MS;
  return untouched && nowMs - closedAtMs >= QUIET_AFTER_CLOSE_MS && nowMs - sinceMs >= QUIET_AFTER_CLOSE_MS;
}

/** How long ago the content last changed; nothing when its time lies in the future. */
function unchangedFor(entry: Entry, nowMs: number): number {
  return entry.modifiedMs > nowMs ? 0 : nowMs - entry.modifiedMs;
}

/**
 * The next round of work: at most `limit` entries of one owner, the rest in later rounds, so that whoever drops a
 * thousand files does not keep everybody else waiting.
 */
export function fairShares(entries: readonly Entry[], limit: number): Entry[] {
  const taken = new Map<number, number>();
  return entries.filter(({ owner }) => {
    const count = (taken.get(owner) ?? 0) + 1;
    taken.set(owner, count);
    return count <= limit;
  });
}
