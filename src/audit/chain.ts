import { type Evidence, StartupError } from "../model/mod.ts";
import { canonicalJson } from "./canonical.ts";
import { type AuditEntry, readLine, type Seal, sealWith } from "./entry.ts";
import { LogFiles, readLines } from "./files.ts";
import { chainHead } from "./head.ts";
import { openLog } from "./opening.ts";
import { redact } from "./redact.ts";
import { verifyChain } from "./verify.ts";
import { type AuditStep, expectRecordable, type LogWriter } from "./writer.ts";

export interface AuditOptions {
  /** The current log; archives lie beside it. Its directory is made when it is missing. */
  readonly path: string;
  /** Outside the log's directory. */
  readonly anchorPath: string;
  /** Seals every entry and the anchor, so that a chain rewritten from its start is found too. */
  readonly hmacKey?: Uint8Array;
  /** A log that would grow beyond this becomes a read-only archive. */
  readonly maxSizeBytes: number;
  readonly now: () => Date;
  /**
   * An operator's decision to begin a new chain when the old one does not hold. The old files are set aside,
   * and the decision is the first entry of the new chain. Without it such a log cannot be opened.
   */
  readonly acceptReset?: boolean;
  /** Told each effect on the disk before it happens; what it throws stops there, as a crash would. */
  readonly step?: (step: AuditStep) => void;
}

/**
 * An entry could not be recorded. Nothing more is recorded until the log is opened again: admission must
 * stop.
 */
export class AuditError extends Error {
  override readonly name = "AuditError";
}

/**
 * The append-only, hash-chained record of every decision. One process may have it open at a time; the caller
 * holds the lock.
 */
export class AuditChain implements AsyncDisposable {
  static readonly verify = verifyChain;
  static readonly head = chainHead;
  readonly #writer: LogWriter;
  readonly #files: LogFiles;
  readonly #seal: Seal;
  readonly #now: () => Date;
  #queue: Promise<void> = Promise.resolve();
  #failure: AuditError | null = null;

  private constructor(writer: LogWriter, files: LogFiles, seal: Seal, now: () => Date) {
    this.#writer = writer;
    this.#files = files;
    this.#seal = seal;
    this.#now = now;
  }

  /**
   * Opens the log or makes it. Only what was written since the anchor is checked, so the cost does not grow
   * with the history. A last line that a crash left unfinished is cut off and recorded as `audit-repaired`. A
   * log that lost entries, or was changed or replaced, throws `StartupError` `audit/unavailable`.
   */
  static async open(options: AuditOptions): Promise<AuditChain> {
    try {
      return await AuditChain.#open(options);
    } catch (cause) {
      if (cause instanceof StartupError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StartupError("audit/unavailable", `Cannot open the audit log ${options.path}: ${why}`, {
        cause,
      });
    }
  }

  static async #open({ path, hmacKey, acceptReset = false, step = () => {}, ...rest }: AuditOptions) {
    const files = new LogFiles(path);
    const seal = sealWith(hmacKey);
    const { writer, event, data } = await openLog(
      { ...rest, files, seal, step },
      acceptReset ? "set aside" : "refuse",
    );
    const chain = new AuditChain(writer, files, seal, rest.now);
    try {
      if (event !== null) await chain.append(event, data);
      return chain;
    } catch (error) {
      await chain.close();
      throw error;
    }
  }

  /** Entries in the archives and the current log together. */
  get entries(): number {
    return this.#writer.entries;
  }

  /**
   * Records an event and returns its `entry_hash` once it is on the disk. `data` is recorded as {@link
   * redact} leaves it; data that has no canonical spelling throws `TypeError` and records nothing. Every
   * other failure throws `AuditError`, and so does every later call: the entry may or may not be in the log
   * when it is opened again.
   */
  async append(event: string, data: Evidence): Promise<string> {
    const text = canonicalJson(redact(data));
    expectRecordable(event, text);
    const appended = this.#queue.then(() => this.#append(event, text));
    // The next call waits for this one to end, well or badly; the error itself goes to this caller.
    this.#queue = appended.then(() => {}, () => {});
    return await appended;
  }

  async #append(event: string, data: string): Promise<string> {
    if (this.#failure !== null) {
      throw new AuditError(`Cannot audit ${event}: an earlier entry could not be written`, {
        cause: this.#failure,
      });
    }
    try {
      return await this.#writer.append({ timestamp: timestampOf(this.#now()), event, data });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#failure = new AuditError(`Cannot audit ${event}: ${why}`, { cause });
      throw this.#failure;
    }
  }

  /**
   * The newest entry that `matches` accepts, in the current log or else in the newest archive; `null` when
   * neither has one. A line that is not sound throws `AuditError`.
   */
  async findLast(matches: (entry: AuditEntry) => boolean): Promise<AuditEntry | null> {
    await this.#queue;
    const newest = (await this.#files.archives()).at(-1);
    const inLog = await this.#lastIn(this.#files.log, matches);
    return inLog ?? (newest === undefined ? null : await this.#lastIn(newest.path, matches));
  }

  async #lastIn(path: string, matches: (entry: AuditEntry) => boolean): Promise<AuditEntry | null> {
    let last: AuditEntry | null = null;
    for await (const batch of readLines(path)) {
      for (const line of batch) {
        const reading = readLine(line.text, this.#seal);
        if (reading.kind === "bad") {
          throw new AuditError(`Cannot search ${path}: the line before byte ${line.end} ${reading.why}`);
        }
        if (matches(reading.entry)) last = reading.entry;
      }
    }
    return last;
  }

  /** Waits for what was asked to be recorded. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#writer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Whole seconds: one form without fractions is read alike by every verifier, and the chain gives the order.
 */
function timestampOf(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}+00:00`;
}
