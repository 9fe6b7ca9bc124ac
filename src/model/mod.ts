/** The vocabulary of the project. Imports nothing. */
export * from "./artifact.ts";
export * from "./digest.ts";
export * from "./errors.ts";
export * from "./finding.ts";
export * from "./neighbours.ts";
export * from "./policy.ts";
export * from "./registry.ts";
export * from "./rules/mod.ts";
export * from "./stage.ts";
export * from "./verdict.ts";
