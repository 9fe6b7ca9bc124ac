/** The hash-chained audit log: written, rotated, repaired, verified. */
export { AuditChain, AuditError, type AuditOptions } from "./chain.ts";
export { canonicalJson } from "./canonical.ts";
export type { Algorithm, AuditEntry } from "./entry.ts";
export type { Head, HeadOptions } from "./head.ts";
export { redact } from "./redact.ts";
export type { Invalid, Valid, Verification, VerifyOptions } from "./verify.ts";
export type { AuditStep } from "./writer.ts";
