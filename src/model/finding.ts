import type { Place } from "./errors.ts";
import { type RuleId, RULES } from "./rules/mod.ts";

/**
 * `critical` refuses always (unless an operator accepted it for this digest), `suspicious` refuses under the
 * appliance profile and is noted under standalone, `info` never refuses.
 */
export type Severity = "critical" | "suspicious" | "info";

export interface Finding extends Place {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** 0 to 1. Absent where the rule is a fact, not an estimate. */
  readonly confidence?: number;
  readonly message: string;
}

/** A finding at the rule's own severity. */
export function finding(
  rule: RuleId,
  message: string,
  more: Place & { readonly confidence?: number } = {},
): Finding {
  return { rule, severity: RULES[rule].severity, message, ...more };
}

export type NonEmpty<T> = readonly [T, ...T[]];

export function isNonEmpty<T>(items: readonly T[]): items is NonEmpty<T> {
  return items.length > 0;
}

/** Evidence is plain JSON: the same bytes and policy must give the same text. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Evidence = { readonly [key: string]: Json };
