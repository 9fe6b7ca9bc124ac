import type * as z from "zod";
import { cosignBundle, cosignSignature } from "./cosign.ts";
import { gpgv } from "./gpgv.ts";
import { fickling } from "./scanners/fickling.ts";
import { ggufGuard } from "./scanners/gguf_guard.ts";
import { modelaudit } from "./scanners/modelaudit.ts";
import { modelscan } from "./scanners/modelscan.ts";
import { yara } from "./scanners/yara.ts";

/** Every program the run-scanner role can ask. Closed: a job names one of these, never a command. */
export const TOOL_IDS = [
  "modelscan",
  "fickling",
  "modelaudit",
  "gguf_guard",
  "yara",
  "gpgv",
  "cosign_bundle",
  "cosign_signature",
] as const;
export type ToolId = typeof TOOL_IDS[number];

export const TOOLS = {
  modelscan,
  fickling,
  modelaudit,
  gguf_guard: ggufGuard,
  yara,
  gpgv,
  cosign_bundle: cosignBundle,
  cosign_signature: cosignSignature,
} as const;

export type ToolReport<Id extends ToolId> = z.infer<typeof TOOLS[Id]["report"]>;
