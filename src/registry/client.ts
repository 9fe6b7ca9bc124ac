import * as z from "zod";
import { escapeName } from "../files/mod.ts";
import { type PromoteRequest, type RuleId, UndecidedError, unreachable } from "../model/mod.ts";
import type { RegistryAddress } from "./address.ts";
import { type Exchange, exchange } from "./exchange.ts";
import type { TokenReader } from "./token.ts";
import {
  MAX_MANIFEST_BYTES,
  MAX_MESSAGE_BYTES,
  type RegisteredModel,
  registeredModelSchema,
} from "./wire.ts";

/** What the registry made of a promotion. Only `promoted` means that it has registered exactly these bytes. */
export type PromoteOutcome =
  | {
    readonly outcome: "promoted";
    readonly entry: RegisteredModel;
    /** `reconciled`: the answer was lost or said "conflict", and the registry was asked what it holds. */
    readonly by: "reply" | "reconciled";
  }
  /** Not registered and never will be by this call; asking again with the same request will not help. */
  | Refused
  /** Not registered and never will be by this call; worth asking again later. */
  | { readonly outcome: "unavailable"; readonly rule: RuleId; readonly message: string }
  /** May be registered now or in a while: ask again later, never assume either. */
  | { readonly outcome: "unknown"; readonly rule: RuleId; readonly message: string };

interface Refused {
  readonly outcome: "refused";
  readonly status: number;
  readonly rule: RuleId;
  readonly message: string;
}

type Unsettled = Extract<PromoteOutcome, { outcome: "unavailable" | "unknown" }>;

/** What became of a request, or that it was not made because there was no token to make it with. */
type Answer = Exchange | { readonly kind: "unmade"; readonly cause: UndecidedError };

type Lookup =
  | { readonly kind: "found"; readonly model: RegisteredModel }
  | { readonly kind: "absent" }
  | { readonly kind: "unclear"; readonly rule: RuleId; readonly message: string };

export interface RegistryClientOptions {
  readonly baseUrl: RegistryAddress;
  /** Called once for each request, so that a rotated token is used at once. */
  readonly token: TokenReader;
  /** For one request and its whole answer. Registries hash the model before they answer. */
  readonly timeoutMs: number;
  /** Pauses before the second, third, … try in milliseconds; as many tries more as there are pauses. */
  readonly delays: readonly number[];
}

export const REGISTRY_TIMEOUT_MS = 30_000;
export const REGISTRY_DELAYS_MS: readonly number[] = [500, 2_000, 8_000];

/** Statuses by which something gave up waiting for the registry, which may be at work still. */
const MAY_STILL_COMMIT = new Set([408, 502, 504]);

/** Speaks to a registry of dialect A: the one this project embeds, and those that share its wire format. */
export class RegistryClient {
  constructor(private readonly options: RegistryClientOptions) {}

  /** Registers an artifact whose bytes already lie in the registry's directory. Never throws for what a registry does. */
  async promote(request: PromoteRequest, signal?: AbortSignal): Promise<PromoteOutcome> {
    let outcome = await this.#tryPromote(request);
    for (const pause of this.options.delays) {
      if (outcome.outcome === "promoted" || outcome.outcome === "refused") break;
      await wait(pause, signal);
      if (signal?.aborted) break;
      outcome = afterEarlier(outcome, await this.#tryPromote(request));
    }
    return outcome;
  }

  /** The model registered under a name, or `null`. Throws `UndecidedError` when the registry cannot say. */
  async find(name: string): Promise<RegisteredModel | null> {
    const answer = await this.#lookUp(name);
    switch (answer.kind) {
      case "found":
        return answer.model;
      case "absent":
        return null;
      case "unclear":
        throw new UndecidedError(answer.rule, answer.message);
      default:
        return unreachable(answer);
    }
  }

  /** Every registered model in order of promotion. Throws `UndecidedError` when the registry cannot say. */
  async list(): Promise<readonly RegisteredModel[]> {
    const answer = await this.#send("GET", "/v1/models", { maxReplyBytes: MAX_MANIFEST_BYTES });
    const models = answer.kind === "reply" && answer.status === 200
      ? parseReply(z.array(registeredModelSchema), answer.body)
      : null;
    if (models !== null) return models;
    const { rule, message } = unclear(answer);
    throw new UndecidedError(rule, message);
  }

  /** Deletes a registered model and its bytes. Throws `UndecidedError` unless the registry says it did. */
  async remove(name: string): Promise<"removed" | "absent"> {
    const answer = await this.#send("DELETE", `/v1/model/delete?name=${encodeURIComponent(name)}`);
    if (answer.kind === "reply" && answer.status === 404) return "absent";
    const removed = answer.kind === "reply" && answer.status === 200
      ? parseReply(z.object({ status: z.literal("deleted"), name: z.literal(name) }), answer.body)
      : null;
    if (removed !== null) return "removed";
    const { rule, message } = unclear(answer);
    throw new UndecidedError(rule, message);
  }

  async #tryPromote(request: PromoteRequest): Promise<PromoteOutcome> {
    const answer = await this.#send("POST", "/v1/model/promote", { json: JSON.stringify(request) });
    switch (answer.kind) {
      case "unmade":
      case "unreachable":
        return { outcome: "unavailable", ...unclear(answer) };
      case "lost":
        return await this.#reconcile(request, { outcome: "unknown", ...unclear(answer) });
      case "reply":
        return await this.#judge(request, answer);
      default:
        return unreachable(answer);
    }
  }

  async #judge(
    request: PromoteRequest,
    reply: Extract<Exchange, { kind: "reply" }>,
  ): Promise<PromoteOutcome> {
    const { status, body } = reply;
    const { rule, message } = unclear(reply);
    if (status === 200 || status === 201) {
      const entry = parseReply(registeredModelSchema, body);
      if (entry !== null && isSame(entry, request)) return { outcome: "promoted", entry, by: "reply" };
      return await this.#reconcile(request, { outcome: "unknown", rule, message });
    }
    if (status === 409) return await this.#settleConflict(request, message);
    if (rule === "registry/server-error") {
      const outcome = MAY_STILL_COMMIT.has(status) ? "unknown" : "unavailable";
      return await this.#reconcile(request, { outcome, rule, message });
    }
    if (status < 300) return await this.#reconcile(request, { outcome: "unknown", rule, message });
    return { outcome: "refused", status, rule, message };
  }

  /** Asks what the registry holds under the name. When it holds nothing yet, a lost request stays unknown. */
  async #reconcile(request: PromoteRequest, otherwise: Unsettled): Promise<PromoteOutcome> {
    const answer = await this.#lookUp(request.name);
    switch (answer.kind) {
      case "found":
        return this.#compare(request, answer.model);
      case "absent":
        return otherwise;
      case "unclear":
        return { ...otherwise, outcome: "unknown" };
      default:
        return unreachable(answer);
    }
  }

  /** A conflict with the very same bytes is an earlier try that succeeded. */
  async #settleConflict(request: PromoteRequest, message: string): Promise<PromoteOutcome> {
    const answer = await this.#lookUp(request.name);
    switch (answer.kind) {
      case "found":
        return this.#compare(request, answer.model);
      case "absent":
        return { outcome: "refused", status: 409, rule: "registry/refused", message };
      case "unclear":
        return {
          outcome: "unknown",
          rule: "registry/unknown-outcome",
          message: `${message}; and what it holds could not be asked: ${answer.message}`,
        };
      default:
        return unreachable(answer);
    }
  }

  #compare(request: PromoteRequest, held: RegisteredModel): PromoteOutcome {
    if (isSame(held, request)) return { outcome: "promoted", entry: held, by: "reconciled" };
    const message = `The registry holds sha256=${held.sha256} as ${
      JSON.stringify(request.name)
    }, this model is sha256=${request.sha256}`;
    return { outcome: "refused", status: 409, rule: "registry/conflict", message };
  }

  async #lookUp(name: string): Promise<Lookup> {
    const answer = await this.#send("GET", `/v1/model?name=${encodeURIComponent(name)}`);
    if (answer.kind === "reply" && answer.status === 404) return { kind: "absent" };
    const model = answer.kind === "reply" && answer.status === 200
      ? parseReply(registeredModelSchema, answer.body)
      : null;
    if (model !== null && model.name === name) return { kind: "found", model };
    return { kind: "unclear", ...unclear(answer) };
  }

  async #send(
    method: "GET" | "POST" | "DELETE",
    target: string,
    more: { readonly json?: string; readonly maxReplyBytes?: number } = {},
  ): Promise<Answer> {
    const { baseUrl, timeoutMs } = this.options;
    let token: string | null;
    try {
      token = await this.options.token();
    } catch (cause) {
      if (cause instanceof UndecidedError) return { kind: "unmade", cause };
      throw cause;
    }
    return await exchange({
      method,
      address: baseUrl,
      target,
      token,
      timeoutMs,
      maxReplyBytes: MAX_MESSAGE_BYTES,
      ...more,
    });
  }
}

/** A request that was lost may take effect after a later one failed; only a name held by other bytes excludes that. */
function afterEarlier(earlier: Unsettled, later: PromoteOutcome): PromoteOutcome {
  if (earlier.outcome !== "unknown" || later.outcome === "promoted" || later.rule === "registry/conflict") {
    return later;
  }
  return { outcome: "unknown", rule: later.rule, message: later.message };
}

function isSame(held: RegisteredModel, request: PromoteRequest): boolean {
  return held.name === request.name && held.sha256 === request.sha256;
}

/** Resolves after a while, or at once when the program is asked to stop. */
function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

/** A reply's body as what it should be, or `null` when it is anything else. */
function parseReply<T>(schema: z.ZodType<T>, body: string | null): T | null {
  if (body === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : null;
}

/** Which rule an answer falls under when it is not the one that was asked for. */
function unclear(answer: Answer): { readonly rule: RuleId; readonly message: string } {
  switch (answer.kind) {
    case "unmade":
      return { rule: answer.cause.rule, message: answer.cause.message };
    case "unreachable":
      return { rule: "registry/unreachable", message: `Cannot reach the registry: ${answer.cause.message}` };
    case "lost":
      return {
        rule: "registry/unknown-outcome",
        message: `The registry did not answer: ${answer.cause.message}`,
      };
    case "reply":
      return {
        rule: ruleOfStatus(answer.status),
        message: `The registry answered ${answer.status}: ${excerpt(answer.body)}`,
      };
    default:
      return unreachable(answer);
  }
}

function ruleOfStatus(status: number): RuleId {
  if (status >= 500 || status === 408 || status === 425 || status === 429) return "registry/server-error";
  if (status >= 400) return status === 401 || status === 403 ? "registry/forbidden" : "registry/refused";
  return status >= 300 ? "registry/redirect" : "registry/malformed-reply";
}

/** The beginning of what the registry said, safe to print. */
function excerpt(body: string | null): string {
  if (body === null) return "(no readable text)";
  return escapeName(body.slice(0, 300).trim());
}
