/** Where passed models are registered: a client for every dialect, and a registry of our own (A) to embed. */
export * from "./address.ts";
export * from "./client.ts";
export type { Exchange, Message } from "./exchange.ts";
export { readContainments } from "./containment.ts";
export { type Dialect, type PromoteOutcome } from "./dialect.ts";
export * from "./listing.ts";
export { measureArtifact, type Measured, measuredAs } from "./measure_artifact.ts";
export * from "./policy_bundle.ts";
export * from "./server.ts";
export * from "./store.ts";
export * from "./token.ts";
export { type RegisteredModel, type RegistryEntry } from "./wire.ts";
