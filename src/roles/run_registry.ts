import { containedPath } from "../admission/mod.ts";
import { REGISTRY_DRAIN_MS, REGISTRY_PORT, startRegistry } from "./registry.ts";
import { stateDirectory } from "./environment.ts";
import { registryReading, tokenPlaces } from "./registry_access.ts";
import { mintToken, tokenReader } from "../registry/mod.ts";
import { stopSignal } from "./signals.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/** `registry`: serves until it is told to stop. The port is that of REGISTRY_URL; 0 takes any free one. */
export async function runRegistryRole(
  world: World,
  { makeToken = false }: { readonly makeToken?: boolean },
): Promise<ExitCode> {
  const tokenPath = world.env("REGISTRY_TOKEN_PATH");
  if (makeToken && tokenPath !== undefined) mintToken(tokenPath);
  const url = world.env("REGISTRY_URL");
  const state = stateDirectory(world.env);
  const running = startRegistry({
    registryDir: world.env("REGISTRY_DIR") ?? "/registry",
    stateDir: state,
    containedDir: containedPath(state),
    port: url === undefined ? REGISTRY_PORT : Number(new URL(url).port || REGISTRY_PORT),
    token: tokenReader(tokenPlaces(world)),
    reading: registryReading(world),
    now: world.now,
    report: (error) =>
      world.stderr.write(`registry: ${error instanceof Error ? error.message : String(error)}\n`),
    drainMs: REGISTRY_DRAIN_MS,
  });
  world.stdout.write(`registry: listening on http://127.0.0.1:${running.port}\n`);
  using stop = stopSignal();
  stop.signal.addEventListener("abort", () => void running.stop(), { once: true });
  await running.finished;
  return EXIT.passed;
}
