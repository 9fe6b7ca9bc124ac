import { BEHAVIOUR_RULES } from "./behaviour.ts";
import { DIRECTORY_RULES } from "./directory.ts";
import { DISGUISE_RULES } from "./disguise.ts";
import { ENGINE_RULES } from "./engine.ts";
import { GARAK_RULES } from "./garak.ts";
import { GGUF_RULES } from "./gguf.ts";
import { JSON_RULES } from "./json.ts";
import { LICENSE_RULES } from "./license.ts";
import { LINE_RULES } from "./line.ts";
import { MEASURE_RULES } from "./measure.ts";
import { ORIGIN_RULES } from "./origin.ts";
import { PROVENANCE_RULES } from "./provenance.ts";
import { REGISTRY_RULES } from "./registry.ts";
import { SAFETENSORS_RULES } from "./safetensors.ts";
import { SCANNER_RULES } from "./scanner.ts";
import { TEMPLATE_RULES } from "./template.ts";
import { WORKER_RULES } from "./worker.ts";

/**
 * Every rule by which an artifact can be refused or held, with what a person needs to act on it. A rule id that is
 * not here does not compile, so each refusal can be explained.
 */
export const RULES = {
  ...LINE_RULES,
  ...ORIGIN_RULES,
  ...JSON_RULES,
  ...GGUF_RULES,
  ...SAFETENSORS_RULES,
  ...DISGUISE_RULES,
  ...DIRECTORY_RULES,
  ...TEMPLATE_RULES,
  ...PROVENANCE_RULES,
  ...LICENSE_RULES,
  ...MEASURE_RULES,
  ...BEHAVIOUR_RULES,
  ...GARAK_RULES,
  ...WORKER_RULES,
  ...SCANNER_RULES,
  ...REGISTRY_RULES,
  ...ENGINE_RULES,
} as const;

export type RuleId = keyof typeof RULES;

export function isRuleId(text: string): text is RuleId {
  return Object.hasOwn(RULES, text);
}
