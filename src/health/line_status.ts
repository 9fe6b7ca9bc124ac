import { STAGE_IDS, type StageId } from "../model/mod.ts";
import { observe, PIPELINE_BOUNDS, STAGE_BOUNDS } from "./histogram.ts";
import {
  type Current,
  emptyTotals,
  MAX_NAMES,
  MAX_TEXT,
  MAX_VERDICTS,
  STAGE_OUTCOMES,
  type Status,
  type Totals,
  type Verdict,
  VERDICTS,
} from "./status.ts";

/** The facts of an audit entry as the line gives them. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Beginning {
  readonly version: string;
  readonly policy: { readonly profile: string; readonly sha256: string };
  /** Carried over from the run before, so that nothing is counted anew after a restart. */
  readonly before: Pick<Status, "totals" | "verdicts"> | null;
  readonly now: () => Date;
}

/**
 * What one run of the coordinator is doing, made from what it audits: whatever is shown has been recorded first.
 * Changes by events; `show()` gives the whole as it is written.
 */
export class LineStatus {
  readonly #beginning: Beginning;
  readonly #startedAt: string;
  #current: Current | null = null;
  #startedMs = 0;
  #stageStartedMs: number | null = null;
  /** The word of the last decision, until it has been carried out. */
  #decided: string | null = null;
  #verdicts: readonly Verdict[];
  #totals: Totals;

  constructor(beginning: Beginning) {
    this.#beginning = beginning;
    this.#startedAt = beginning.now().toISOString();
    this.#verdicts = beginning.before?.verdicts ?? [];
    this.#totals = beginning.before?.totals ?? emptyTotals();
  }

  get isBusy(): boolean {
    return this.#current !== null;
  }

  /** An entry of the audit log that is on the disk. Events that change nothing here are passed over. */
  recorded(event: string, facts: Facts): void {
    switch (event) {
      case "claimed":
        this.#count({ claims: this.#totals.claims + 1 });
        return this.#begin(textOf(facts.filename));
      case "recovered":
        return this.#begin(textOf(facts.filename));
      case "stage":
        return this.#stageEnded(facts);
      case "requeued":
        this.#count({ requeued: this.#totals.requeued + 1 });
        return this.ended();
      case "decided":
        this.#decided = textOf(facts.verdict);
        if (this.#decided !== "passed") this.#count({ refusals: this.#totals.refusals + 1 });
        return;
      case "rejected":
      case "held":
        return this.#refused(event, facts);
      case "promoted":
        return this.#verdict("passed", facts);
    }
  }

  /** A stage begins to look at an artifact, which is sealed by then. */
  examining(
    stage: StageId,
    { name, sizeBytes }: { readonly name: string; readonly sizeBytes: number },
  ): void {
    if (this.#current?.name !== name) this.#begin(name);
    if (this.#current === null) return;
    this.#stageStartedMs = performance.now();
    this.#current = { ...this.#current, size_bytes: sizeBytes, stage, bytes_done: 0 };
  }

  /** So many bytes of the copy, or of the stage that runs. */
  progress(bytes: number): void {
    if (this.#current !== null) {
      this.#current = { ...this.#current, bytes_done: Math.max(0, Math.trunc(bytes)) };
    }
  }

  /** Nothing is being examined: decided, put back, or waiting for space or for the next start. */
  ended(): void {
    this.#current = null;
    this.#decided = null;
    this.#stageStartedMs = null;
  }

  show(state: Status["state"], places: Pick<Status, "queue" | "open_claims" | "held">): Status {
    const { version, policy, now } = this.#beginning;
    return {
      schema: 1,
      version,
      state,
      started_at: this.#startedAt,
      alive_at: now().toISOString(),
      policy,
      current: this.#current,
      ...places,
      verdicts: [...this.#verdicts],
      totals: this.#totals,
    };
  }

  #begin(name: string): void {
    this.ended();
    this.#startedMs = performance.now();
    const started_at = this.#beginning.now().toISOString();
    this.#current = { name, started_at, size_bytes: null, stage: null, bytes_done: 0, stages: [] };
  }

  #stageEnded(facts: Facts): void {
    const stage = STAGE_IDS.find((id) => id === facts.stage);
    const word = STAGE_OUTCOMES.find((one) => one === facts.outcome);
    if (stage === undefined || word === undefined || this.#current === null) return;
    const examined = this.#stageStartedMs !== null && this.#current.stage === stage;
    const ms = examined ? performance.now() - (this.#stageStartedMs ?? 0) : 0;
    const ended = { stage, outcome: word, summary: textOf(facts.summary), duration_ms: Math.round(ms) };
    this.#current = {
      ...this.#current,
      stage: null,
      bytes_done: 0,
      stages: [...this.#current.stages, ended].slice(0, STAGE_IDS.length),
    };
    this.#stageStartedMs = null;
    const before = this.#totals.stages[stage];
    const outcomes = { ...before.outcomes, [word]: before.outcomes[word] + 1 };
    const seconds = examined ? observe(before.seconds, STAGE_BOUNDS, ms / 1000) : before.seconds;
    this.#count({ stages: { ...this.#totals.stages, [stage]: { outcomes, seconds } } });
  }

  #refused(event: "rejected" | "held", facts: Facts): void {
    // A name that cannot be reached is refused without a claim, and so without a decision of its own.
    if (facts.claim === undefined) this.#count({ refusals: this.#totals.refusals + 1 });
    this.#count({ refusals_audited: this.#totals.refusals_audited + 1 });
    const decided = VERDICTS.find((one) => one === this.#decided && one !== "passed");
    this.#verdict(decided ?? (event === "held" ? "error" : "rejected"), facts);
  }

  #verdict(verdict: Verdict["verdict"], facts: Facts): void {
    const mine = this.#current?.name === facts.filename;
    const ms = mine ? performance.now() - this.#startedMs : null;
    const stage = textOf(facts.reason);
    const given: Verdict = {
      name: textOf(facts.filename),
      verdict,
      stage,
      rule: textOf(facts.rule),
      reason: reasonIn(facts.details, stage),
      sha256: textOf(facts.sha256),
      size_bytes: typeof facts.size_bytes === "number" ? facts.size_bytes : 0,
      finished_at: this.#beginning.now().toISOString(),
      duration_ms: ms === null ? null : Math.round(ms),
    };
    this.#verdicts = [given, ...this.#verdicts].slice(0, MAX_VERDICTS);
    const verdicts = { ...this.#totals.verdicts, [verdict]: this.#totals.verdicts[verdict] + 1 };
    const { pipeline } = this.#totals;
    this.#count({
      verdicts,
      pipeline: ms === null ? pipeline : observe(pipeline, PIPELINE_BOUNDS, ms / 1000),
    });
    this.ended();
  }

  #count(changed: Partial<Totals>): void {
    this.#totals = { ...this.#totals, ...changed };
  }
}

/** The names a status file shows, and how many there are. */
export function someNames(names: readonly string[]): Status["queue"] {
  return { length: names.length, names: names.slice(0, MAX_NAMES).map(textOf) };
}

/** The sentence of `{STAGE: {scanner, reason}}`. */
function reasonIn(details: unknown, stage: string): string {
  if (typeof details !== "object" || details === null) return "";
  const entry: unknown = Object.entries(details).find(([key]) => key === stage)?.[1];
  return typeof entry === "object" && entry !== null && "reason" in entry ? textOf(entry.reason) : "";
}

function textOf(value: unknown): string {
  if (typeof value !== "string") return "";
  return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
}
