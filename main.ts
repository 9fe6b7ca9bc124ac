/**
 * ai-quarantine: the gate between a model somebody downloaded and the engine that will run it.
 *
 * What a program that uses it as a library imports; run, it is the command line. Where that begins: src/entry/.
 */
import { main, world } from "./src/entry/composition.ts";
import type { PipelineRequest, PipelineResult } from "./src/roles/library.ts";

export { AuditChain } from "./src/audit/mod.ts";
export type { PipelineRequest, PipelineResult };

const ROOT = import.meta.dirname ?? ".";

/** Examines one artifact where it lies by the given policy and promotes nothing. */
export async function runPipeline(request: PipelineRequest): Promise<PipelineResult> {
  const { runPipelineIn } = await import("./src/roles/library.ts");
  return await runPipelineIn(world(ROOT), request);
}

if (import.meta.main) Deno.exit(await main(Deno.args, ROOT));
