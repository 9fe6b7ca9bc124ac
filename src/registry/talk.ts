import * as z from "zod";
import { escapeName } from "../files/mod.ts";
import { type RuleId, UndecidedError, unreachable } from "../model/mod.ts";
import type { RegistryAddress } from "./address.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { ruleOfStatus } from "./replies.ts";
import type { TokenReader } from "./token.ts";
import { MAX_MESSAGE_BYTES, type RegisteredModel, registeredModelSchema } from "./wire.ts";

/** What became of a request, or that it was not made because there was no token to make it with. */
export type Answer = Exchange | { readonly kind: "unmade"; readonly cause: UndecidedError };
export type Reply = Extract<Exchange, { kind: "reply" }>;

/** What a registry says of one name. */
export type Lookup =
  | { readonly kind: "found"; readonly model: RegisteredModel }
  | { readonly kind: "absent" }
  | { readonly kind: "unclear"; readonly rule: RuleId; readonly message: string };

/** As whom a request is made: registries of dialect B have a token for each kind of work. */
export type Scope = "change" | "read" | "nobody";

export interface TalkOptions {
  readonly baseUrl: RegistryAddress;
  /** A unix socket behind which that is, for a program that has no network. */
  readonly socketPath?: string;
  /** Called once for each request, so that a rotated token is used at once. */
  readonly token: TokenReader;
  /** The token to read with where the one above may only promote; `null` where one token does both. */
  readonly readToken: TokenReader | null;
  /** For one request and its whole answer. Registries hash the model before they answer. */
  readonly timeoutMs: number;
  /** Carries requests to a registry in this process; over the network when left out. */
  readonly exchange?: typeof exchange;
}

export interface MessageParts {
  readonly as?: Scope;
  readonly json?: string;
  readonly maxReplyBytes?: number;
}

/** One registry, asked one request at a time. */
export class Talk {
  constructor(private readonly options: TalkOptions) {}

  async send(method: "GET" | "POST" | "DELETE", target: string, parts: MessageParts = {}): Promise<Answer> {
    const { as = method === "GET" ? "read" : "change", ...message } = parts;
    const { baseUrl, socketPath, timeoutMs, exchange: carry = exchange } = this.options;
    let token: string | null;
    try {
      token = await this.#tokenOf(as);
    } catch (cause) {
      if (cause instanceof UndecidedError) return { kind: "unmade", cause };
      throw cause;
    }
    return await carry({
      method,
      address: baseUrl,
      ...(socketPath === undefined ? {} : { socketPath }),
      target,
      token,
      timeoutMs,
      maxReplyBytes: MAX_MESSAGE_BYTES,
      ...message,
    });
  }

  /**
   * Whatever passes on a unix socket to the registry takes a connection before it knows whether there is a registry: a
   * request that changes nothing goes first, so that one that is lost is known not to have been made. `null`: go on.
   */
  async unreachable(): Promise<Answer | null> {
    if (this.options.socketPath === undefined) return null;
    const answer = await this.send("GET", "/health", { as: "nobody" });
    return answer.kind === "lost" ? { kind: "unreachable", cause: answer.cause } : null;
  }

  /** Asks what the registry holds under a name. */
  async lookUp(name: string): Promise<Lookup> {
    const answer = await this.send("GET", `/v1/model?name=${encodeURIComponent(name)}`);
    if (answer.kind === "reply" && answer.status === 404) return { kind: "absent" };
    const model = answer.kind === "reply" && answer.status === 200
      ? parseReply(registeredModelSchema, answer.body)
      : null;
    if (model !== null && model.name === name) return { kind: "found", model };
    return { kind: "unclear", ...unclear(answer) };
  }

  async #tokenOf(scope: Scope): Promise<string | null> {
    const { token, readToken } = this.options;
    switch (scope) {
      case "nobody":
        return null;
      case "change":
        return await token();
      case "read":
        return await (readToken ?? token)();
      default:
        return unreachable(scope);
    }
  }
}

/** A reply's body as what it should be, or `null` when it is anything else. */
export function parseReply<T>(schema: z.ZodType<T>, body: string | null): T | null {
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
export function unclear(answer: Answer): { readonly rule: RuleId; readonly message: string } {
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
      return { rule: ruleOfStatus(answer.status), message: sayingOf(answer) };
    default:
      return unreachable(answer);
  }
}

/** What the registry said, safe to print. */
export function sayingOf({ status, body }: Reply): string {
  return `The registry answered ${status}: ${excerpt(body)}`;
}

function excerpt(body: string | null): string {
  if (body === null) return "(no readable text)";
  return escapeName(body.slice(0, 300).trim());
}
