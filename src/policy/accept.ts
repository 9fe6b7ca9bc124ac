import type { RuleId } from "../model/mod.ts";
import { BEHAVIOUR_RULES } from "../model/rules/behaviour.ts";
import { CONFIGURATION_RULES } from "../model/rules/directory.ts";
import { MEASURE_RULES } from "../model/rules/measure.ts";
import { PROVENANCE_RULES } from "../model/rules/provenance.ts";
import { TEMPLATE_RULES } from "../model/rules/template.ts";

/** What stages 4 to 6 say about a well-formed model with known bytes: opinions a person may overrule. */
const ACCEPTABLE = [
  PROVENANCE_RULES,
  CONFIGURATION_RULES,
  MEASURE_RULES,
  TEMPLATE_RULES,
  BEHAVIOUR_RULES,
];

/**
 * Whether an operator may accept a finding of this rule for one digest. Never where it came from, what it is or
 * which bytes it must be (stages 1 to 3), and never that something could not be decided: a table of rules that is
 * not listed here is not acceptable.
 */
export function isAcceptable(rule: RuleId): boolean {
  return ACCEPTABLE.some((table) => Object.hasOwn(table, rule));
}
