/** Models that come as directories: what may be in them, whether it fits together, and what it asks the engine to do. */
export { ClassAllowlist } from "./directories/classes.ts";
export { configurationFindings } from "./directories/configuration.ts";
export { type Component, examinePipeline, type PipelineReport } from "./directories/diffusers.ts";
export { type DirectoryReport, examineTree } from "./directories/examine.ts";
export { Findings } from "./directories/findings.ts";
export type { DirectoryKind } from "./directories/kind.ts";
export { type DirectoryTemplate, templatesIn } from "./directories/templates.ts";
export { type DirectoryEntry, type DirectoryView, MAX_DEPTH, MAX_ENTRIES } from "./directories/view.ts";
export { weightFilesIn, type WeightTotals } from "./directories/weights.ts";
