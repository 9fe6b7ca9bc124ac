import type { PromoteRequest } from "../model/mod.ts";
import { type Dialect, type PromoteOutcome, settle } from "./dialect.ts";
import type { ReplyRow } from "./replies.ts";
import type { Talk } from "./talk.ts";

/** What a registry of dialect A answers to a promotion. */
export const REPLIES_A: readonly ReplyRow[] = [
  { status: [200, 201], means: "done", rule: "registry/malformed-reply" },
  { status: 403, says: 'format "', means: "refused", rule: "registry/refused" },
  { status: 403, says: "artifact validation failed", means: "refused", rule: "registry/refused" },
  { status: 409, means: "look", rule: "registry/refused" },
];

/** The bytes lie in the registry's directory already; one request registers them. */
export class DialectA implements Dialect {
  readonly id = "a";
  readonly place = "registry";

  constructor(private readonly talk: Talk) {}

  async tryPromote(request: PromoteRequest): Promise<PromoteOutcome> {
    const { download_manifest: _, ...body } = request;
    const answer = await this.talk.unreachable() ??
      await this.talk.send("POST", "/v1/model/promote", { json: JSON.stringify(body) });
    return await settle(this.talk, request, answer, REPLIES_A);
  }
}
