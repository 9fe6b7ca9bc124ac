import { type PromoteRequest, type RuleId, unreachable } from "../model/mod.ts";
import { readReply, type ReplyRow } from "./replies.ts";
import { type Answer, parseReply, type Reply, sayingOf, type Talk, unclear } from "./talk.ts";
import { type RegisteredModel, registeredModelSchema } from "./wire.ts";

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
  | Unavailable
  /** May be registered now or in a while: ask again later, never assume either. */
  | { readonly outcome: "unknown"; readonly rule: RuleId; readonly message: string };

export interface Refused {
  readonly outcome: "refused";
  readonly status: number;
  readonly rule: RuleId;
  readonly message: string;
}

/** Not registered and never will be by this call; worth asking again later. */
export interface Unavailable {
  readonly outcome: "unavailable";
  readonly rule: RuleId;
  readonly message: string;
}

export type Unsettled = Extract<PromoteOutcome, { outcome: "unavailable" | "unknown" }>;

/** One of the protocols that registries speak. */
export interface Dialect {
  readonly id: "a" | "b" | "c";
  /** Where the bytes must lie before they can be promoted: under their name in the registry's directory, or staged. */
  readonly place: "registry" | "staging";
  /** Tries once. `stagedAs` is the name under which the bytes are staged, where they have to be. */
  tryPromote(request: PromoteRequest, stagedAs: string | null): Promise<PromoteOutcome>;
}

/** Whether a registry that holds this holds what was asked for, in a state in which it is used. */
export function isPromoted(held: RegisteredModel, request: PromoteRequest): boolean {
  return isSame(held, request) && (held.state === undefined || held.state === "trusted") &&
    held.blocked !== true;
}

export function isSame(held: RegisteredModel, request: PromoteRequest): boolean {
  return held.name === request.name && held.sha256 === request.sha256;
}

/** States on the way to being registered: nothing is decided yet. */
const ON_THE_WAY = ["acquired", "quarantined"];

/** What an answer to a promotion comes to, by the dialect's table; what it leaves open the registry is asked. */
export async function settle(
  talk: Talk,
  request: PromoteRequest,
  answer: Answer,
  table: readonly ReplyRow[],
): Promise<PromoteOutcome> {
  switch (answer.kind) {
    case "unmade":
    case "unreachable":
      return { outcome: "unavailable", ...unclear(answer) };
    case "lost":
      return await reconcile(talk, request, { outcome: "unknown", ...unclear(answer) });
    case "reply":
      return await settleReply(talk, request, answer, table);
    default:
      return unreachable(answer);
  }
}

async function settleReply(
  talk: Talk,
  request: PromoteRequest,
  reply: Reply,
  table: readonly ReplyRow[],
): Promise<PromoteOutcome> {
  const { means, rule } = readReply(table, reply.status, reply.body);
  const message = sayingOf(reply);
  switch (means) {
    case "done": {
      const entry = parseReply(registeredModelSchema, reply.body);
      if (entry !== null && isPromoted(entry, request)) return { outcome: "promoted", entry, by: "reply" };
      return await reconcile(talk, request, {
        outcome: "unknown",
        rule: "registry/malformed-reply",
        message,
      });
    }
    case "look":
      return await settleConflict(talk, request, reply);
    case "refused":
      return { outcome: "refused", status: reply.status, rule, message };
    case "unavailable":
    case "unknown":
      return await reconcile(talk, request, { outcome: means, rule, message });
    default:
      return unreachable(means);
  }
}

/** Asks what the registry holds under the name. When it holds nothing yet, a lost request stays unknown. */
export async function reconcile(
  talk: Talk,
  request: PromoteRequest,
  otherwise: Unsettled,
): Promise<PromoteOutcome> {
  const held = await talk.lookUp(request.name);
  switch (held.kind) {
    case "found":
      return compare(request, held.model) ?? otherwise;
    case "absent":
      return otherwise;
    case "unclear":
      return { ...otherwise, outcome: "unknown" };
    default:
      return unreachable(held);
  }
}

/** A conflict with the very same bytes is an earlier try that succeeded. */
async function settleConflict(talk: Talk, request: PromoteRequest, reply: Reply): Promise<PromoteOutcome> {
  const message = sayingOf(reply);
  const refused: Refused = { outcome: "refused", status: reply.status, rule: "registry/refused", message };
  const held = await talk.lookUp(request.name);
  switch (held.kind) {
    case "found":
      return compare(request, held.model) ?? refused;
    case "absent":
      return refused;
    case "unclear":
      return {
        outcome: "unknown",
        rule: "registry/unknown-outcome",
        message: `${message}; and what it holds could not be asked: ${held.message}`,
      };
    default:
      return unreachable(held);
  }
}

/** What it means for a promotion that the registry holds this under the name; `null` when it settles nothing. */
export function compare(request: PromoteRequest, held: RegisteredModel): PromoteOutcome | null {
  if (isPromoted(held, request)) return { outcome: "promoted", entry: held, by: "reconciled" };
  const named = JSON.stringify(request.name);
  if (!isSame(held, request)) {
    const message =
      `The registry holds sha256=${held.sha256} as ${named}, this model is sha256=${request.sha256}`;
    return { outcome: "refused", status: 409, rule: "registry/conflict", message };
  }
  if (held.state !== undefined && ON_THE_WAY.includes(held.state)) return null;
  const state = held.blocked === true ? "blocked" : held.state;
  const message = `The registry holds ${named} with these very bytes, and will not use it: it is ${state}`;
  return { outcome: "refused", status: 409, rule: "registry/refused", message };
}
