/**
 * ai-quarantine: the gate between a model somebody downloaded and the engine that will run it.
 *
 * This file is the composition root: it reads the arguments and the environment, hands the seven stages to a role,
 * and exports the library. It holds no logic.
 */
import { hostname } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { PipelineRequest, PipelineResult } from "./src/roles/library.ts";
import type { Screen, World } from "./src/roles/world.ts";

export { AuditChain } from "./src/audit/mod.ts";
export type { PipelineRequest, PipelineResult };

/** Examines one artifact where it lies by the given policy and promotes nothing. */
export async function runPipeline(request: PipelineRequest): Promise<PipelineResult> {
  const { runPipelineIn } = await import("./src/roles/library.ts");
  return await runPipelineIn(world(), request);
}

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  switch (args[0]) {
    case "examine": {
      const [{ examine }, { inspection }] = await Promise.all([
        import("./src/roles/examine.ts"),
        import("./stages/inspections.ts"),
      ]);
      await examine(inspection);
      return 0;
    }
    case "smoke": {
      const [{ examine }, { behavioralTest }] = await Promise.all([
        import("./src/roles/examine.ts"),
        import("./stages/6_behavioral_test.ts"),
      ]);
      await examine((job) => job.behaviour === null ? undefined : behavioralTest(job.behaviour));
      return 0;
    }
    case "run-scanner": {
      const { runScanner } = await import("./src/roles/run_scanner.ts");
      await runScanner(programRoot());
      return 0;
    }
    default: {
      const { runCommandLine } = await import("./src/roles/cli.ts");
      return await runCommandLine(world(), args);
    }
  }
}

function programRoot(): string {
  return dirname(fileURLToPath(import.meta.url));
}

function world(): World {
  return {
    env: (name) => Deno.env.get(name) || undefined, // Set to nothing is not set.
    programRoot: programRoot(),
    now: () => new Date(),
    hostname,
    stdout: screen(process.stdout),
    stderr: screen(process.stderr),
    pipeline: async (inputs) => (await import("./stages/mod.ts")).pipeline(inputs),
  };
}

function screen(stream: Pick<typeof process.stdout, "isTTY" | "write">): Screen {
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    colours: isTerminal && !Deno.env.get("NO_COLOR"),
  };
}
