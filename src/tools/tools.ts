import type * as z from "zod";
import { fickling } from "./scanners/fickling.ts";
import { ggufGuard } from "./scanners/gguf_guard.ts";
import { modelaudit } from "./scanners/modelaudit.ts";
import { modelscan } from "./scanners/modelscan.ts";
import { yara } from "./scanners/yara.ts";

/** Every program the run-scanner role can ask. Closed: a job names one of these, never a command. */
export const TOOL_IDS = ["modelscan", "fickling", "modelaudit", "gguf_guard", "yara"] as const;
export type ToolId = typeof TOOL_IDS[number];

export const TOOLS = { modelscan, fickling, modelaudit, gguf_guard: ggufGuard, yara } as const;

export type ToolReport<Id extends ToolId> = z.infer<typeof TOOLS[Id]["report"]>;
