import type { RuleId } from "../model/mod.ts";

/**
 * What a reply to a request that changes something means.
 * `done`: it says that it did what was asked. `look`: something is there already, the registry must be asked what.
 * `refused`: no, and no again. `unavailable`: not done, worth asking again. `unknown`: done now, later or never.
 */
export type Meaning = "done" | "look" | "refused" | "unavailable" | "unknown";

/** One row of a dialect's table: a status, or a range of them, and words that the text must contain where they matter. */
export interface ReplyRow {
  readonly status: number | readonly [first: number, last: number];
  readonly says?: string;
  readonly means: Meaning;
  readonly rule: RuleId;
}

/** What every HTTP service means by a status; each dialect's own rows come before these. */
export const COMMON_REPLIES: readonly ReplyRow[] = [
  { status: [100, 299], means: "unknown", rule: "registry/malformed-reply" },
  { status: [300, 399], means: "refused", rule: "registry/redirect" },
  { status: 401, means: "refused", rule: "registry/forbidden" },
  { status: 403, means: "refused", rule: "registry/forbidden" },
  // Something gave up waiting for the registry, which may be at work still.
  { status: 408, means: "unknown", rule: "registry/server-error" },
  { status: 425, means: "unavailable", rule: "registry/server-error" },
  { status: 429, means: "unavailable", rule: "registry/server-error" },
  { status: [400, 499], means: "refused", rule: "registry/refused" },
  { status: 502, means: "unknown", rule: "registry/server-error" },
  { status: 504, means: "unknown", rule: "registry/server-error" },
  { status: [500, 599], means: "unavailable", rule: "registry/server-error" },
];

/** No row fits: what answered speaks no HTTP that we know. */
const NONSENSE: ReplyRow = { status: [0, 999], means: "unknown", rule: "registry/malformed-reply" };

/** The row of a table that fits a reply: the first one does. */
export function readReply(table: readonly ReplyRow[], status: number, body: string | null): ReplyRow {
  const fits = (row: ReplyRow) => {
    const [first, last] = typeof row.status === "number" ? [row.status, row.status] : row.status;
    return status >= first && status <= last && (row.says === undefined || body?.includes(row.says) === true);
  };
  return table.find(fits) ?? COMMON_REPLIES.find(fits) ?? NONSENSE;
}

/** The rule of a reply to a question, for which no dialect has words of its own. */
export function ruleOfStatus(status: number): RuleId {
  return readReply([], status, null).rule;
}
