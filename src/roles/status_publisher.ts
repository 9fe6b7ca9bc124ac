import fs from "node:fs";
import { type AuditLog, type Line, listHeld, type Places } from "../admission/mod.ts";
import { LineStatus, someNames } from "../health/line_status.ts";
import { type HeldEntry, MAX_NAMES, readStatus, type Status, statusPath } from "../health/status.ts";
import { systemCode, unlessMissing } from "../files/mod.ts";
import type { Pipeline, Stage, StageId } from "../model/mod.ts";

/** Most often that the file is written while bytes are read. */
const PROGRESS_EVERY_MS = 500;
/** How often a coordinator that waits says that it is alive. */
const ALIVE_EVERY_MS = 5_000;
/** Events after which something may be held that was not, or the other way round. */
const ENDS = ["held", "promoted", "rejected"];

/**
 * Publishes what the coordinator does in STATE_DIR/status.json, for the health role and whoever else may read it.
 * Showing never stops the line: a file that cannot be written is left as it is, and goes stale by its time.
 */
export class StatusPublisher implements Disposable {
  /** The line given, with all that it does followed. */
  readonly line: Line;
  readonly #places: Places;
  readonly #status: LineStatus;
  /** Null when it has to be looked at again. */
  #held: Status["held"] | null = null;
  #ends: "stopped" | "failed" = "failed";
  #writtenMs = -Infinity;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Of a line whose lock is held: there is one coordinator, and so one status. */
  constructor(line: Line, version: string) {
    const { places, policy, bench, now } = line;
    const before = readStatus(statusPath(places.state));
    this.#places = places;
    this.#status = new LineStatus({
      version,
      policy: { profile: policy.profile, sha256: policy.sha256 },
      before: before.kind === "status" ? before.status : null, // Of another version: counted anew. It is no record.
      now,
    });
    const context = { ...bench.context, progress: (bytes: number) => this.#progress(bytes) };
    this.line = {
      ...line,
      audit: this.#following(line.audit),
      bench: { ...bench, context, pipeline: this.#watched(bench.pipeline) },
    };
    this.#publish("running");
    this.#timer = setInterval(() => this.#tick(), PROGRESS_EVERY_MS);
  }

  /** Every entry counts once it is on the disk. */
  #following(log: AuditLog): AuditLog {
    return {
      has: (event, claim) => log.has(event, claim),
      append: async (event, data) => {
        const appended = await log.append(event, data);
        this.#status.recorded(event, data);
        if (ENDS.includes(event)) this.#held = null;
        this.#publish("running");
        return appended;
      },
    };
  }

  #watched(pipeline: Pipeline): Pipeline {
    const shown = <Id extends StageId>(stage: Stage<Id>): Stage<Id> => ({
      ...stage,
      examine: (artifact, context) => {
        this.#status.examining(stage.id, artifact);
        this.#publish("running");
        return stage.examine(artifact, context);
      },
    });
    const [source, format, integrity, provenance, scan, behaviour, diffusion] = pipeline;
    return [
      shown(source),
      shown(format),
      shown(integrity),
      shown(provenance),
      shown(scan),
      shown(behaviour),
      shown(diffusion),
    ];
  }

  /** The artifact at hand is done with, also where nothing was decided. */
  ended(): void {
    this.#status.ended();
    this.#held = null;
    this.#publish("running");
  }

  /** The coordinator is about to end in good order; without this it ends by an error. */
  finished(): void {
    this.#ends = "stopped";
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#status.ended();
    this.#publish(this.#ends);
  }

  /** Of the copy, or of the stage at work. While bytes are read the timer may have to wait. */
  #progress(bytes: number): void {
    this.#status.progress(bytes);
    if (performance.now() - this.#writtenMs >= PROGRESS_EVERY_MS) this.#publish("running");
  }

  #tick(): void {
    const every = this.#status.isBusy ? PROGRESS_EVERY_MS : ALIVE_EVERY_MS;
    if (performance.now() - this.#writtenMs >= every) this.#publish("running");
  }

  #publish(state: Status["state"]): void {
    this.#writtenMs = performance.now();
    try {
      this.#held ??= heldIn(this.#places.held);
      const places = {
        queue: someNames(visibleNames(this.#places.incoming)),
        open_claims: visibleNames(this.#places.scanning).length,
        held: this.#held,
      };
      const text = JSON.stringify(this.#status.show(state, places)) + "\n";
      replace(statusPath(this.#places.state), text);
    } catch (error) {
      if (systemCode(error) === null) throw error; // A full disk, say: the next one may be written again.
    }
  }
}

function visibleNames(directory: string): string[] {
  return (unlessMissing(() => fs.readdirSync(directory)) ?? []).filter((name) => !name.startsWith("."))
    .sort();
}

function heldIn(directory: string): Status["held"] {
  const held = unlessMissing(() => listHeld(directory)) ?? [];
  const artifacts = held.slice(0, MAX_NAMES).map(({ name, hold }): HeldEntry => ({
    name,
    rule: hold?.rule ?? "",
    next_try: hold?.automatic === true ? hold.not_before : null,
  }));
  return { length: held.length, artifacts };
}

/** Whole or not at all for whoever reads it now; unlike a record it need not survive a power cut. */
function replace(path: string, text: string): void {
  fs.writeFileSync(`${path}.tmp`, text);
  fs.chmodSync(`${path}.tmp`, 0o640); // Whatever the mask says: the health role reads it through its group.
  fs.renameSync(`${path}.tmp`, path);
}
