import type { Evidence } from "./finding.ts";
import type { RuleId } from "./rules/mod.ts";

/** Where in an artifact a fault was seen. Offsets are bytes from the start of the file. */
export interface Place {
  readonly offset?: number;
  /** Path of the field inside the format, such as `kv[3] "tokenizer.chat_template" value length`. */
  readonly field?: string;
  readonly tensor?: string;
  /** File inside a directory artifact, relative, with `/`. */
  readonly path?: string;
}

/**
 * The bytes are not what they must be: the artifact is refused, and `rule` says why.
 * The only error a parser may throw; every other error thrown while parsing means "could not decide".
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
  constructor(
    readonly rule: RuleId,
    message: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Something needed for a decision could not be had or did not answer: exit 3, the artifact is held. */
export class UndecidedError extends Error {
  override readonly name = "UndecidedError";
  /** What was seen until then, such as the last words of a program. */
  readonly evidence: Evidence;
  constructor(
    readonly rule: RuleId,
    message: string,
    { evidence = {}, ...options }: ErrorOptions & { readonly evidence?: Evidence } = {},
  ) {
    super(message, options);
    this.evidence = evidence;
  }
}

/** The program cannot start as it was configured: exit 2, nothing was examined. */
export class StartupError extends Error {
  override readonly name = "StartupError";
  constructor(readonly code: StartupCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

export type StartupCode =
  | "usage"
  | "policy/unreadable"
  | "policy/syntax"
  | "policy/schema"
  | "policy/forbidden"
  | "lock/unreadable"
  | "lock/schema"
  | "allowlist/unreadable"
  | "allowlist/schema"
  | "catalog/schema"
  | "state/locked"
  | "state/newer-schema"
  | "state/unreadable"
  | "audit/unavailable"
  | "registry/address"
  | "health/address"
  | "token/unreadable"
  | "sandbox/missing"
  | "signing-key/unusable";

/** Stops the type-checker when a union gained a member that a switch does not handle. */
export function unreachable(value: never): never {
  throw new Error(`Cannot happen: unhandled ${JSON.stringify(value)}`);
}
