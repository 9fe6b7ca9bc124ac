import type { PromoteRequest } from "./registry.ts";
import type { RuleId } from "./rules/mod.ts";

/** What the policy engine is asked before a promotion. */
export interface PromotionQuestion {
  readonly request: PromoteRequest;
  /** Our name of the artifact's format. */
  readonly format: string;
}

/** Whether a model may be promoted, as far as the policy engine is concerned. */
export type Permission =
  /** `evidence` is what the engine says it decided by; `null` where none is asked. */
  | { readonly kind: "allowed"; readonly evidence: Readonly<Record<string, string>> | null }
  | { readonly kind: "denied"; readonly rule: RuleId; readonly message: string }
  /** No yes and no no: the model waits. */
  | { readonly kind: "undecided"; readonly rule: RuleId; readonly message: string };

/**
 * Something that crossed a boundary which should have held. An ordinary refusal is none: the boundary held, and an
 * open incident would stop the machine's services for nothing.
 */
export interface BoundaryEvent {
  readonly class: "integrity_violation" | "manifest_mismatch";
  readonly severity: "critical" | "high";
  readonly description: string;
  readonly evidence: Readonly<Record<string, string>>;
}
