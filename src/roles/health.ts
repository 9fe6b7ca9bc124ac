import { createHealthApp } from "../health/server.ts";
import type { Sources } from "../health/snapshot.ts";
import { StartupError } from "../model/mod.ts";

/** Where neighbours look for it. */
export const HEALTH_PORT = 8472;

export interface RunningHealth {
  readonly port: number;
  /** Takes no more requests and answers those under way. */
  stop(): Promise<void>;
  /** Settles once it has stopped. */
  readonly finished: Promise<void>;
}

/** Starts the health server on 127.0.0.1; port 0 takes any free one. Throws `StartupError` when the port is taken. */
export function startHealth(sources: Sources, port: number): RunningHealth {
  const app = createHealthApp(sources);
  try {
    const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, app.fetch);
    return { port: server.addr.port, stop: () => server.shutdown(), finished: server.finished };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    const message = `Cannot start the health server: 127.0.0.1:${port} is taken`;
    throw new StartupError("health/address", message, { cause });
  }
}
