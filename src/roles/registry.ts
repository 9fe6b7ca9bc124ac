import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { RECORD_SUFFIXES } from "../admission/mod.ts";
import { StartupError } from "../model/mod.ts";
import { createRegistryApp, ManifestStore, type TokenReader } from "../registry/mod.ts";

export interface RegistryRoleOptions {
  readonly registryDir: string;
  /** Keeps the digest of the manifest as we left it. */
  readonly stateDir: string;
  readonly containedDir: string;
  /** On 127.0.0.1; 0 for any free port. */
  readonly port: number;
  readonly token: TokenReader;
  readonly reading: "guarded" | "open";
  readonly now: () => Date;
  readonly report: (error: unknown) => void;
  /** How long requests may still run once the program is asked to stop. */
  readonly drainMs: number;
}

export interface RunningRegistry {
  readonly port: number;
  /** Takes no more requests, lets those under way finish for `drainMs`, then breaks them off. */
  stop(): Promise<void>;
  /** Settles once it has stopped. */
  readonly finished: Promise<void>;
}

export const REGISTRY_PORT = 8470;
/** Below the 15 s after which systemd kills. */
export const REGISTRY_DRAIN_MS = 10_000;
/** For requests that were broken off to end. */
const BREAK_OFF_MS = 1_000;

/** Starts the embedded registry. Throws `StartupError` when its directory or its port cannot be had. */
export function startRegistry(options: RegistryRoleOptions): RunningRegistry {
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  const store = ManifestStore.open({
    registryDir: options.registryDir,
    pinPath: join(options.stateDir, "registry-manifest.json"),
  });
  const abandon = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    const app = createRegistryApp({
      ...options,
      store,
      recordSuffixes: RECORD_SUFFIXES,
      signal: abandon.signal,
    });
    server = Deno.serve({ hostname: "127.0.0.1", port: options.port, onListen: () => {} }, app.fetch);
  } catch (cause) {
    store.close();
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    const message = `Cannot start the registry: 127.0.0.1:${options.port} is taken`;
    throw new StartupError("registry/address", message, { cause });
  }
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;
  const stop = () => {
    if (!isStopping) {
      isStopping = true;
      drain(server, abandon, options.drainMs).finally(() => store.close())
        .then(stopped.resolve, stopped.reject);
    }
    return stopped.promise;
  };
  return { port: server.addr.port, stop, finished: stopped.promise };
}

/** Breaking off is ours to do: aborting a server that is shutting down already fails inside the runtime. */
async function drain(server: Deno.HttpServer, abandon: AbortController, drainMs: number): Promise<void> {
  const done = server.shutdown();
  if (await settlesWithin(done, drainMs)) return;
  abandon.abort();
  // A client that never finishes its headers can still hold the server; it must not hold the process.
  if (!await settlesWithin(done, BREAK_OFF_MS)) server.unref();
}

function settlesWithin(work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}
