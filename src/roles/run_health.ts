import { anchorPath } from "../admission/mod.ts";
import { auditLogPath, stateDirectory } from "./environment.ts";
import { HEALTH_PORT, startHealth } from "./health.ts";
import { stopSignal } from "./signals.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/** `health`: says on 127.0.0.1:8472 what the coordinator does, until it is told to stop. */
export async function runHealthRole(world: World): Promise<ExitCode> {
  const stateDir = stateDirectory(world.env);
  const auditLog = auditLogPath(world.env, false);
  const running = startHealth(
    { stateDir, auditLog, anchorPath: anchorPath(stateDir), now: world.now },
    HEALTH_PORT,
  );
  world.stdout.write(`health: listening on http://127.0.0.1:${running.port}\n`);
  using stop = stopSignal();
  stop.signal.addEventListener("abort", () => void running.stop(), { once: true });
  await running.finished;
  return EXIT.passed;
}

/** To say that it is alive; a server that is only just being started has not opened its port yet. */
const ANSWER_WITHIN_MS = 5_000;
const ASK_AGAIN_MS = 250;
/** Far above any answer of `/readyz`. */
const MAX_SHOWN = 2_000;

/** `health --probe live|ready`: asks the server that runs; 0 for yes, 1 for no, with what it answered. */
export async function runHealthProbe(world: World, what: "live" | "ready"): Promise<ExitCode> {
  const url = `http://127.0.0.1:${HEALTH_PORT}/${what}z`;
  const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS);
  for (;;) {
    try {
      const reply = await fetch(url, { signal: deadline, redirect: "error" });
      world.stdout.write(`${(await reply.text()).trim().slice(0, MAX_SHOWN)}\n`);
      return reply.ok ? EXIT.passed : EXIT.refused;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (deadline.aborted) {
        world.stdout.write(`no answer from ${url} in ${ANSWER_WITHIN_MS / 1000} s\n`);
        return EXIT.refused;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }
}
