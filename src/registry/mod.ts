/** Where passed models are registered: a client for any registry of dialect A, and one of our own to embed. */
export * from "./address.ts";
export * from "./client.ts";
export * from "./listing.ts";
export * from "./server.ts";
export * from "./store.ts";
export * from "./token.ts";
export { type RegisteredModel, type RegistryEntry } from "./wire.ts";
