/** What the coordinator says of itself, and the read-only server that shows it. */
export { LineStatus, someNames } from "./line_status.ts";
export { createHealthApp, type HealthApp } from "./server.ts";
export type { Sources } from "./snapshot.ts";
export { type HeldEntry, MAX_NAMES, readStatus, type Status, statusPath } from "./status.ts";
