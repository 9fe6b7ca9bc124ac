/** What examining takes, without the line that moves artifacts: `check` starts faster when it does not load that. */
export type { ExamineAtOnce, ExaminedAtOnce, Examiner, StartExaminer } from "./ahead.ts";
export { digestInPlace } from "./freeze.ts";
export * from "./incoming.ts";
export * from "./judge.ts";
export * from "./places.ts";
export * from "./report.ts";
export { signaturesBeside } from "./signatures.ts";
export * from "./verdict.ts";
