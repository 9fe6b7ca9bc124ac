import { type Evidence, type Finding, finding, type Place, type RuleId } from "../../model/mod.ts";

/** More of one rule would say nothing new and could flood the report. */
const MAX_PER_RULE = 20;

/**
 * Gathers findings and keeps the first {@link MAX_PER_RULE} of each rule. Those left out have the severity of those
 * kept, so no verdict depends on them; they are counted.
 */
export class Findings {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<RuleId, number>();

  add(rule: RuleId, message: string, place: Place): void {
    this.take(finding(rule, message, place));
  }

  take(found: Finding): void {
    const count = (this.#counts.get(found.rule) ?? 0) + 1;
    this.#counts.set(found.rule, count);
    if (count <= MAX_PER_RULE) this.#kept.push(found);
  }

  /** Whether one more of this rule would still be listed: if not, it need not be worded at length. */
  lists(rule: RuleId): boolean {
    return (this.#counts.get(rule) ?? 0) < MAX_PER_RULE;
  }

  get all(): readonly Finding[] {
    return this.#kept;
  }

  get isCritical(): boolean {
    return this.#kept.some((found) => found.severity === "critical");
  }

  /** How often each rule was broken, where that is more often than it is listed. */
  get unlisted(): Evidence {
    return Object.fromEntries([...this.#counts].filter(([, count]) => count > MAX_PER_RULE));
  }
}
