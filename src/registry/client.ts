import * as z from "zod";
import { type Placement, type PromoteRequest, UndecidedError, unreachable } from "../model/mod.ts";
import type { Dialect, PromoteOutcome, Unavailable, Unsettled } from "./dialect.ts";
import { DialectA } from "./dialect_a.ts";
import { DialectB } from "./dialect_b.ts";
import { DialectC } from "./dialect_c.ts";
import type { PolicyEvidence } from "./policy_bundle.ts";
import { probeDialect } from "./probe.ts";
import { parseReply, Talk, type TalkOptions, unclear } from "./talk.ts";
import { MAX_MANIFEST_BYTES, type RegisteredModel, registeredModelSchema } from "./wire.ts";

export interface RegistryClientOptions extends TalkOptions {
  /** Which protocol is spoken; `auto` asks the registry at the first promotion. */
  readonly dialect: "auto" | Dialect["id"];
  /** Where a registry of dialect B takes models from, where one is configured. */
  readonly stagingDir: string | null;
  /** What a registry of dialect B is shown of the policy. Throws `UndecidedError` when it cannot be had. */
  readonly policyEvidence: () => PolicyEvidence;
  /** Pauses before the second, third, … try in milliseconds; as many tries more as there are pauses. */
  readonly delays: readonly number[];
}

export const REGISTRY_TIMEOUT_MS = 30_000;
export const REGISTRY_DELAYS_MS: readonly number[] = [500, 2_000, 8_000];

/** Speaks to a registry, in whichever dialect it speaks. */
export class RegistryClient {
  readonly #talk: Talk;
  #dialect: Dialect | null;

  constructor(private readonly options: RegistryClientOptions) {
    this.#talk = new Talk(options);
    this.#dialect = options.dialect === "auto" ? null : this.#speaking(options.dialect);
  }

  /** Where the registry takes models from. Asks it, where the dialect is not settled yet. */
  async placement(): Promise<Placement | Unavailable> {
    const dialect = await this.#settled();
    if ("outcome" in dialect) return dialect;
    if (dialect.place === "registry") return { kind: "registry" };
    const { stagingDir } = this.options;
    if (stagingDir !== null) return { kind: "staging", directory: stagingDir };
    const message =
      "The registry takes models from its staging directory, and PROMOTION_STAGING_DIR is not set";
    return { outcome: "unavailable", rule: "registry/staging", message };
  }

  /**
   * Registers an artifact whose bytes lie where {@link placement} says; `stagedAs` is their name there when that is
   * the staging directory. Never throws for what a registry does.
   */
  async promote(
    request: PromoteRequest,
    stagedAs: string | null = null,
    signal?: AbortSignal,
  ): Promise<PromoteOutcome> {
    const dialect = await this.#settled();
    if ("outcome" in dialect) return dialect;
    let outcome = await dialect.tryPromote(request, stagedAs);
    for (const pause of this.options.delays) {
      if (outcome.outcome === "promoted" || outcome.outcome === "refused") break;
      await wait(pause, signal);
      if (signal?.aborted) break;
      outcome = afterEarlier(outcome, await dialect.tryPromote(request, stagedAs));
    }
    // A registry of another kind may have taken its place.
    if (outcome.outcome === "refused" && this.options.dialect === "auto") this.#dialect = null;
    return outcome;
  }

  /** The model registered under a name, or `null`. Throws `UndecidedError` when the registry cannot say. */
  async find(name: string): Promise<RegisteredModel | null> {
    const answer = await this.#talk.lookUp(name);
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
    const answer = await this.#talk.send("GET", "/v1/models", { maxReplyBytes: MAX_MANIFEST_BYTES });
    const models = answer.kind === "reply" && answer.status === 200
      ? parseReply(z.array(registeredModelSchema), answer.body)
      : null;
    if (models !== null) return models;
    const { rule, message } = unclear(answer);
    throw new UndecidedError(rule, message);
  }

  /** Deletes a registered model and its bytes. Throws `UndecidedError` unless the registry says it did. */
  async remove(name: string): Promise<"removed" | "absent"> {
    const answer = await this.#talk.send("DELETE", `/v1/model/delete?name=${encodeURIComponent(name)}`);
    if (answer.kind === "reply" && answer.status === 404) return "absent";
    const removed = answer.kind === "reply" && answer.status === 200
      ? parseReply(z.object({ status: z.literal("deleted"), name: z.literal(name) }), answer.body)
      : null;
    if (removed !== null) return "removed";
    const { rule, message } = unclear(answer);
    throw new UndecidedError(rule, message);
  }

  async #settled(): Promise<Dialect | Unavailable> {
    try {
      return this.#dialect ??= this.#speaking(await probeDialect(this.#talk));
    } catch (error) {
      if (!(error instanceof UndecidedError)) throw error;
      return { outcome: "unavailable", rule: error.rule, message: error.message };
    }
  }

  #speaking(id: Dialect["id"]): Dialect {
    switch (id) {
      case "a":
        return new DialectA(this.#talk);
      case "b":
        return new DialectB(this.#talk, this.options.policyEvidence);
      case "c":
        return new DialectC(this.#talk);
      default:
        return unreachable(id);
    }
  }
}

/** A request that was lost may take effect after a later one failed; only a name held by other bytes excludes that. */
function afterEarlier(earlier: Unsettled, later: PromoteOutcome): PromoteOutcome {
  if (earlier.outcome !== "unknown" || later.outcome === "promoted" || later.rule === "registry/conflict") {
    return later;
  }
  return { outcome: "unknown", rule: later.rule, message: later.message };
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
