/**
 * The composition root: reads the arguments and the environment and hands the seven stages to a role. It holds no
 * logic, and loads nothing before it knows what is asked for.
 */
import { type EarlySandbox, startEarly } from "../roles/early_examiner.ts";
import { EXIT, type Screen, type World } from "../roles/world.ts";
import { environment } from "./outside.ts";

/**
 * Carries out one command line of the program that lies in `programRoot`; gives its exit code. `early`: what was started
 * for it before.
 */
export async function main(
  args: readonly string[],
  programRoot: string,
  early: EarlySandbox | null = startEarly({ env: environment, programRoot }, args),
): Promise<number> {
  switch (args[0]) {
    case "examine": {
      const [{ examine }, { inspection }] = await Promise.all([
        import("../roles/examine.ts"),
        import("../../stages/inspections.ts"),
      ]);
      await examine(inspection);
      return 0;
    }
    case "smoke": {
      const [{ examine }, { behavioralTest }] = await Promise.all([
        import("../roles/examine.ts"),
        import("../../stages/6_behavioral_test.ts"),
      ]);
      await examine((job) => job.behaviour === null ? undefined : behavioralTest(job.behaviour));
      return 0;
    }
    case "run-scanner": {
      const { runScanner } = await import("../roles/run_scanner.ts");
      await runScanner(programRoot);
      return 0;
    }
    default: {
      const { runCommandLine } = await import("../roles/cli.ts");
      return await runCommandLine({ ...world(programRoot), ...(early !== null && { early }) }, args);
    }
  }
}

/** Everything of the outside that roles may use. */
export function world(programRoot: string): World {
  return {
    env: environment,
    programRoot,
    now: () => new Date(),
    hostname: Deno.hostname,
    stdout: screen(Deno.stdout),
    stderr: screen(Deno.stderr),
    pipeline: async (inputs) => (await import("../../stages/mod.ts")).pipeline(inputs),
  };
}

function screen(stream: typeof Deno.stdout | typeof Deno.stderr): Screen {
  const isTerminal = stream.isTerminal();
  return {
    write(text) {
      const bytes = new TextEncoder().encode(text);
      try {
        for (let written = 0; written < bytes.byteLength;) {
          written += stream.writeSync(bytes.subarray(written));
        }
      } catch (error) {
        // Nobody reads on, such as `head`; whoever asks for the exit code shall not take that for a yes.
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.undecided);
        throw error;
      }
    },
    isTerminal,
    colours: isTerminal && environment("NO_COLOR") === undefined,
  };
}
