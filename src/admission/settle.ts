import type { Entry } from "./incoming.ts";

/** After a seen close of the last writer, this long without another change. */
export const QUIET_AFTER_CLOSE_MS = 1000;
/** Where no close was seen, this long without a change of size, time or inode. */
export const STABLE_MS = 5000;

interface Watched {
  fingerprint: string;
  sinceMs: number;
  closedAtMs: number | null;
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
    else this.#watched.set(name, { fingerprint: "", sinceMs: nowMs, closedAtMs: nowMs });
  }

  /** Looks at the current entries; returns those that have settled, forgets those that are gone. */
  settled(entries: readonly Entry[], nowMs: number): Entry[] {
    const present = new Set(entries.map((entry) => entry.name));
    for (const name of this.#watched.keys()) if (!present.has(name)) this.#watched.delete(name);
    return entries.filter((entry) => this.#hasSettled(entry, nowMs));
  }

  #hasSettled(entry: Entry, nowMs: number): boolean {
    if (entry.shape === "other") return true; // A link or a pipe has no content to wait for.
    const known = this.#watched.get(entry.name);
    if (known === undefined || known.fingerprint !== entry.fingerprint) {
      const closedAtMs = known?.closedAtMs ?? null;
      this.#watched.set(entry.name, { fingerprint: entry.fingerprint, sinceMs: nowMs, closedAtMs });
      return unchangedFor(entry, nowMs) >= STABLE_MS;
    }
    const quiet = nowMs - known.sinceMs;
    const closed = known.closedAtMs;
    if (closed !== null && entry.shape === "file" && nowMs - closed >= QUIET_AFTER_CLOSE_MS) {
      return quiet >= QUIET_AFTER_CLOSE_MS && entry.modifiedMs <= closed + QUIET_AFTER_CLOSE_MS;
    }
    return quiet >= STABLE_MS || unchangedFor(entry, nowMs) >= STABLE_MS;
  }
}

/** How long ago the content last changed; nothing when its time lies in the future. */
function unchangedFor(entry: Entry, nowMs: number): number {
  return entry.modifiedMs > nowMs ? 0 : nowMs - entry.modifiedMs;
}
