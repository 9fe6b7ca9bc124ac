import { stageEntries } from "../admission/examination.ts";
import { RULES } from "../model/mod.ts";
import type { Checked } from "./check.ts";

const LEVELS = { critical: "error", suspicious: "warning", info: "note" } as const;

/**
 * The results of `check --sarif`: one run, one result a finding, every rule with its help text.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifLog(
  results: readonly { readonly path: string; readonly checked: Checked }[],
  version: string,
) {
  const found = results.flatMap(({ path, checked }) => findingsOf(checked).map((one) => ({ path, ...one })));
  const ruleIds = [...new Set(found.map(({ rule }) => rule))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{
      tool: {
        driver: {
          name: "ai-quarantine",
          version,
          rules: ruleIds.map((id) => ({
            id,
            shortDescription: { text: RULES[id].why },
            help: { text: RULES[id].whatToDo },
          })),
        },
      },
      results: found.map(({ path, rule, severity, message, inner, offset }) => ({
        ruleId: rule,
        ruleIndex: ruleIds.indexOf(rule),
        level: LEVELS[severity],
        message: { text: message },
        locations: [{
          physicalLocation: {
            artifactLocation: { uri: encodeURI(inner === undefined ? path : `${path}/${inner}`) },
            ...(offset === undefined ? {} : { region: { byteOffset: offset } }),
          },
        }],
      })),
    }],
  };
}

/** Every finding, and the reason of a verdict that has none (a stage that broke). */
function findingsOf({ examination, decision }: Checked) {
  const all = stageEntries(examination.stages).flatMap((entry) => entry.findings).map((found) => ({
    rule: found.rule,
    severity: found.severity,
    message: found.message,
    inner: found.path,
    offset: found.offset,
  }));
  const { refusal } = decision;
  if (refusal === null || all.some((one) => one.rule === refusal.rule)) return all;
  const reason = { rule: refusal.rule, severity: "critical" as const, message: refusal.reason };
  return [...all, { ...reason, inner: undefined, offset: undefined }];
}
