import { type PromoteRequest, unreachable } from "../model/mod.ts";
import { compare, type Dialect, isPromoted, isSame, type PromoteOutcome, reconcile } from "./dialect.ts";
import { readReply, type ReplyRow } from "./replies.ts";
import { type Answer, parseReply, sayingOf, type Talk, unclear } from "./talk.ts";
import { registeredModelSchema } from "./wire.ts";

/** What a registry of dialect C answers to each of the three steps. */
export const REPLIES_C: readonly ReplyRow[] = [
  { status: [200, 201], means: "done", rule: "registry/malformed-reply" },
  { status: 403, says: 'format "', means: "refused", rule: "registry/refused" },
  { status: 409, says: "already registered", means: "refused", rule: "registry/conflict" },
  {
    status: 409,
    says: "verification capacity exhausted",
    means: "unavailable",
    rule: "registry/server-error",
  },
  { status: 409, means: "refused", rule: "registry/refused" },
];

/** Three steps, and each is looked up again before the next. */
const MAX_STEPS = 4;

type Step = {
  readonly name: "acquire" | "quarantine" | "promote";
  readonly target: string;
  readonly json?: string;
};

/**
 * A model is acquired, quarantined, then promoted. Which step is next is read from what the registry holds, so
 * whatever an earlier try or a crash left behind is carried on from there, and nothing is done twice.
 */
export class DialectC implements Dialect {
  readonly id = "c";
  readonly place = "registry";

  constructor(private readonly talk: Talk) {}

  async tryPromote(request: PromoteRequest): Promise<PromoteOutcome> {
    for (let turn = 0; turn < MAX_STEPS; turn++) {
      const step = await this.#nextStep(request);
      if ("outcome" in step) return step;
      const { target, json } = step;
      const answer = await this.talk.send("POST", target, json === undefined ? {} : { json });
      const ended = await this.#afterStep(request, step, answer);
      if (ended !== null) return ended;
    }
    const message = "The registry took every step, and the model is still not registered";
    return { outcome: "unknown", rule: "registry/unknown-outcome", message };
  }

  async #nextStep(request: PromoteRequest): Promise<Step | PromoteOutcome> {
    const held = await this.talk.lookUp(request.name);
    switch (held.kind) {
      case "unclear":
        return { outcome: "unavailable", rule: held.rule, message: held.message };
      case "absent":
        return { name: "acquire", target: "/v1/model/acquire", json: acquisition(request) };
      case "found":
        return compare(request, held.model) ??
          (held.model.state === "acquired"
            ? { name: "quarantine", target: `/v1/model/quarantine?name=${encodeURIComponent(request.name)}` }
            : { name: "promote", target: "/v1/model/promote", json: promotion(request) });
      default:
        return unreachable(held);
    }
  }

  /** `null` when the step was taken and the next can be. */
  async #afterStep(request: PromoteRequest, step: Step, answer: Answer): Promise<PromoteOutcome | null> {
    switch (answer.kind) {
      case "unmade":
      case "unreachable":
        return { outcome: "unavailable", ...unclear(answer) };
      case "lost": {
        // Only a lost promotion can have registered the model.
        const outcome = step.name === "promote" ? "unknown" : "unavailable";
        return await reconcile(this.talk, request, { outcome, ...unclear(answer) });
      }
      case "reply":
        break;
      default:
        return unreachable(answer);
    }
    const { means, rule } = readReply(REPLIES_C, answer.status, answer.body);
    const message = sayingOf(answer);
    switch (means) {
      case "done":
      case "look":
        return await this.#afterDone(request, step, answer.body, message);
      case "refused":
        return { outcome: "refused", status: answer.status, rule, message };
      case "unavailable":
      case "unknown":
        return await reconcile(this.talk, request, {
          outcome: step.name === "promote" ? means : "unavailable",
          rule,
          message,
        });
      default:
        return unreachable(means);
    }
  }

  async #afterDone(
    request: PromoteRequest,
    step: Step,
    body: string | null,
    message: string,
  ): Promise<PromoteOutcome | null> {
    if (step.name === "quarantine") return null;
    const entry = parseReply(registeredModelSchema, body);
    if (entry !== null && isSame(entry, request)) {
      if (step.name === "acquire") return null;
      if (isPromoted(entry, request)) return { outcome: "promoted", entry, by: "reply" };
    }
    const outcome = step.name === "promote" ? "unknown" : "unavailable";
    return await reconcile(this.talk, request, { outcome, rule: "registry/malformed-reply", message });
  }
}

function acquisition({ name, filename, sha256, size_bytes, source }: PromoteRequest): string {
  return JSON.stringify({ name, filename, sha256, size_bytes, source });
}

/** Only passed stages may be named, each with a version of what looked: the same number of both. */
function promotion(request: PromoteRequest): string {
  const { download_manifest: _, scan_results: results, scanner_versions: versions, ...rest } = request;
  const passed = Object.keys(results).filter((stage) => results[stage] === "pass");
  const looked = Object.entries(versions).map(([program, version]) => `${program} ${version}`).join(", ");
  return JSON.stringify({
    ...rest,
    scan_results: Object.fromEntries(passed.map((stage) => [stage, "pass"])),
    scanner_versions: Object.fromEntries(passed.map((stage) => [stage, looked.slice(0, 256)])),
  });
}
