import type { Ahead } from "../src/engine/read_ahead.ts";
import { EVERY_FORMAT, type Policy, SCANNER_IDS, type Stage, UndecidedError } from "../src/model/mod.ts";

/**
 * Stage 5, our own part: deep analysis of the bytes. The coordinator asks the outside scanners beside it. What looks
 * at bytes is loaded where it runs, in the examiner, and its threads start while the rest is still loading. `ahead`: the
 * artifact's inspection, where it was begun before the job came.
 */
export function staticScan(ahead: Ahead | null = null): Stage<"static_scan"> {
  return {
    id: "static_scan",
    activity: "running native analysis",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    async examine(artifact, context) {
      const { ONE_THREAD_BYTES, WorkerPool } = await import("../src/engine/workers.ts");
      const workers = ahead === null && artifact.sizeBytes > ONE_THREAD_BYTES ? new WorkerPool() : null;
      try {
        const { scanDirectory, scanFile } = await import("./5_static_scan_weights.ts");
        if (artifact.shape === "directory") {
          const reading = ahead?.shape === "directory" ? ahead.reading : workers;
          return await scanDirectory(artifact, context, reading);
        }
        return await scanFile(artifact, context, ahead?.shape === "file" ? ahead.reading : workers);
      } finally {
        workers?.close();
      }
    },
    // A coordinator that has sandboxes for the scanners puts them in this place.
    askOthers(own, _artifact, { policy }) {
      requireNoScanner(policy);
      return Promise.resolve(own);
    },
  };
}

/** External scanners of this stage; garak belongs to the behavioural one. */
const SCANNERS = SCANNER_IDS.filter((id) => id !== "garak");

function requireNoScanner({ scanners }: Policy): void {
  const required = SCANNERS.filter((id) => scanners[id].required).join(", ");
  if (required === "") return;
  throw new UndecidedError(
    "line/missing-program",
    `the policy requires ${required}, and nobody is there to ask`,
  );
}
