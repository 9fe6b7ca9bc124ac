/** Files on disk: opened safely, hashed and copied once, written so that a crash leaves them whole. */
export * from "./durable.ts";
export * from "./file_source.ts";
export * from "./hash.ts";
export * from "./names.ts";
export * from "./pieces.ts";
export * from "./regular.ts";
