import { createHash } from "node:crypto";
import { escapeName, systemCode } from "../files/mod.ts";
import { type BoundaryEvent, unreachable } from "../model/mod.ts";
import { type Incident, IncidentSpool } from "./incident_spool.ts";
import { type Neighbour, post } from "./post.ts";

export interface IncidentReporterOptions extends Neighbour {
  /** Where incidents wait while the recorder is away. */
  readonly spoolDir: string;
  readonly now: () => Date;
  /** Told what the operator should know. */
  readonly warn: (text: string) => void;
}

/** For one report: the recorder contains the model before it answers. */
export const INCIDENT_TIMEOUT_MS = 100_000;
const MAX_REPLY_BYTES = 256 * 1024;
const MAX_TEXT = 1024;

type Delivery = { readonly kind: "delivered" } | { readonly kind: "refused" | "later"; readonly why: string };

/**
 * Reports boundary events to the machine's incident recorder. Each is on the disk before {@link report} returns, and
 * is sent in order, behind the back of the line: the recorder may take a minute and a half to answer.
 */
export class IncidentReporter {
  readonly #spool: IncidentSpool;
  readonly #stop = new AbortController();
  #draining: Promise<void> | null = null;
  /** Said once, until it changes. */
  #lastWhy = "";

  constructor(private readonly options: IncidentReporterOptions) {
    this.#spool = new IncidentSpool(options.spoolDir);
  }

  /** Never throws and never waits for the recorder. The same event is not reported twice in a row. */
  report(event: BoundaryEvent): void {
    const incident = incidentOf(event, this.options.now());
    try {
      if (this.#spool.knows(incident.id)) return;
      if (!this.#spool.add(incident)) {
        this.options.warn("the incident spool is full; the audit log has the rest");
      }
    } catch (error) {
      const code = systemCode(error);
      if (code === null) throw error;
      this.options.warn(`an incident could not be spooled (${code}): ${event.description}`);
    }
    void this.drain();
  }

  /** Sends what waits, oldest first, until the recorder does not take one. Calls that come meanwhile share the run. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => this.#draining = null);
    return this.#draining;
  }

  /** Gives what waits `ms` to be delivered; the rest stays on the disk for the next start. */
  async close(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), ms);
    await this.drain();
    clearTimeout(timer);
    this.#stop.abort();
  }

  async #drain(): Promise<void> {
    try {
      for (let next = this.#spool.oldest(); next !== null; next = this.#spool.oldest()) {
        if (this.#stop.signal.aborted) return;
        const delivery = await this.#send(next.incident);
        if (delivery.kind === "later") {
          return this.#warnOnce(`the incident recorder is away: ${delivery.why}`);
        }
        if (delivery.kind === "refused") {
          this.options.warn(`the incident recorder refuses a report: ${delivery.why}`);
          this.#spool.setAside(next.path);
        } else {
          this.#spool.delivered(next);
          this.#lastWhy = "";
        }
      }
    } catch (error) {
      const code = systemCode(error);
      if (code === null) throw error;
      this.#warnOnce(`the incident spool cannot be used (${code})`);
    }
  }

  #warnOnce(why: string): void {
    if (why !== this.#lastWhy) this.options.warn(why);
    this.#lastWhy = why;
  }

  async #send(incident: Incident): Promise<Delivery> {
    const answer = await post(this.options, {
      target: "/api/v1/incidents/report",
      json: requestOf(incident),
      maxReplyBytes: MAX_REPLY_BYTES,
      signal: this.#stop.signal,
    });
    switch (answer.kind) {
      case "no-token":
      case "unreachable":
      case "lost":
        return { kind: "later", why: answer.cause.message };
      case "reply": {
        if (answer.status === 201) return { kind: "delivered" };
        const why = `${answer.status} ${escapeName((answer.body ?? "").slice(0, 300).trim())}`;
        // 400 is about this report; everything else is about us or about it, and may pass.
        return { kind: answer.status === 400 || answer.status === 413 ? "refused" : "later", why };
      }
      default:
        return unreachable(answer);
    }
  }
}

/** Exactly the recorder's keys: it refuses any other. The event's id is evidence, so that a repetition can be told. */
function requestOf({ id, at, class: kind, severity, description, evidence }: Incident): string {
  const told = { ...evidence, event_id: id, observed_at: at };
  return JSON.stringify({ class: kind, severity, source: "quarantine", description, evidence: told });
}

function incidentOf(event: BoundaryEvent, now: Date): Incident {
  const evidence = Object.fromEntries(
    Object.entries(event.evidence).slice(0, 32).map(([key, value]) => [key, value.slice(0, MAX_TEXT)]),
  );
  const description = escapeName(event.description).slice(0, MAX_TEXT);
  const { class: kind, severity } = event;
  const id = createHash("sha256").update(JSON.stringify([kind, severity, description, evidence])).digest(
    "hex",
  );
  return {
    schema: 1,
    id: id.slice(0, 32),
    at: now.toISOString(),
    class: kind,
    severity,
    description,
    evidence,
  };
}
