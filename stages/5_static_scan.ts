import type { ReadAhead } from "../src/engine/read_ahead.ts";
import { EVERY_FORMAT, type Policy, SCANNER_IDS, type Stage, UndecidedError } from "../src/model/mod.ts";

/** External scanners of this stage; garak belongs to the behavioural one. */
const SCANNERS = SCANNER_IDS.filter((id) => id !== "garak");
/**
 * Stage 5: native deep analysis, and every external scanner the policy asks for. What looks at bytes is loaded where
 * it runs, in the examiner, and its threads start while the rest is still loading. `ahead`: the file's inspection, where
 * it was begun before the job came.
 */
export function staticScan(ahead: ReadAhead | null = null): Stage<"static_scan"> {
  return {
    id: "static_scan",
    activity: "running native analysis",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    async examine(artifact, context) {
      const notRun = scannersNotRun(context.policy);
      const sizeBytes = artifact.shape === "file" ? artifact.sizeBytes : (await artifact.digest).sizeBytes;
      const { ONE_THREAD_BYTES, WorkerPool } = await import("../src/engine/workers.ts");
      const workers = ahead === null && sizeBytes > ONE_THREAD_BYTES ? new WorkerPool() : null;
      try {
        const { scanDirectory, scanFile } = await import("./5_static_scan_weights.ts");
        if (artifact.shape === "directory") return await scanDirectory(artifact, context, workers, notRun);
        return await scanFile(artifact, context, ahead ?? workers, notRun);
      } finally {
        workers?.close();
      }
    },
  };
}

/** Scanners that did not look. Throws when the policy requires one of them. */
function scannersNotRun(policy: Policy): string[] {
  const required = SCANNERS.filter((id) => policy.scanners[id].required);
  if (required.length > 0) {
    const names = required.join(", ");
    throw new UndecidedError(
      "line/missing-program",
      `the policy requires ${names}, which this version cannot run`,
    );
  }
  return SCANNERS.map((id) => `${id}: not run`);
}
