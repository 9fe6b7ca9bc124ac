/** The line: incoming, scanning, the seven stages, a verdict, the registry or rejected/. */
export * from "./admit.ts";
export * from "./examination.ts";
export * from "./held.ts";
export * from "./journal.ts";
export * from "./line.ts";
export { MANIFEST_SUFFIX } from "./manifest.ts";
export * from "./recover.ts";
export type { Reflink } from "./freeze.ts";
export { type Ended, reportUnreachable } from "./refuse.ts";
export { REPORT_SUFFIX, shelfName } from "./shelf.ts";
export * from "./settle.ts";
export type { Verity } from "./verity.ts";
export { RECORD_SUFFIXES } from "./records.ts";
