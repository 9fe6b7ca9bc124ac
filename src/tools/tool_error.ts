import { type RuleId, UndecidedError } from "../model/mod.ts";

/** A program that could not be asked, and the version it named before that, where it did. */
export class ToolError extends UndecidedError {
  constructor(rule: RuleId, message: string, readonly version: string | null, options?: ErrorOptions) {
    super(rule, message, options);
  }
}
