import { join } from "node:path";
import type { Places } from "../admission/mod.ts";
import { StartupError } from "../model/mod.ts";
import {
  mintToken,
  type RegistryAddress,
  registryAddress,
  type TokenReader,
  tokenReader,
} from "../registry/mod.ts";
import { makePlace } from "./line.ts";
import type { World } from "./world.ts";

/** A registry of our own for one `admit` or `watch`, in a process of its own. */
export interface EmbeddedRegistry extends AsyncDisposable {
  readonly address: RegistryAddress;
  readonly token: TokenReader;
  stop(): Promise<void>;
}

const READY = /^registry: listening on (http:\/\/127\.0\.0\.1:\d+)\n/;
const READY_WITHIN_MS = 10_000;

/** Any free port. */
const SOME_PORT = "http://127.0.0.1:0";

/**
 * Starts the `registry` role over the registry directory of `places`, which is made where it is missing. Its token is
 * minted into the state directory (0600) the first time.
 */
export async function startEmbeddedRegistry(
  world: World,
  places: Places,
  url = SOME_PORT,
): Promise<EmbeddedRegistry> {
  makePlace(places.registry, 0o755);
  makePlace(places.state, 0o750);
  const tokenPath = join(places.state, "registry.token");
  mintToken(tokenPath);
  const deno = world.env("AI_QUARANTINE_DENO");
  const child = new Deno.Command(join(world.programRoot, "scripts", "ai-quarantine"), {
    args: ["registry"],
    clearEnv: true,
    env: {
      PATH: "/usr/bin:/bin",
      HOME: world.env("HOME") ?? "/",
      ...(deno === undefined ? {} : { AI_QUARANTINE_DENO: deno }),
      AI_QUARANTINE_BWRAP: "",
      STATE_DIRECTORY: places.state,
      REGISTRY_DIR: places.registry,
      REGISTRY_URL: url,
      SERVICE_TOKEN_PATH: tokenPath,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has ended already.
    }
    await child.status;
  };
  const output = child.stdout.getReader();
  const address = await readyUrl(output, stop);
  void drain(output);
  return {
    address: registryAddress(address),
    token: tokenReader({ serviceToken: null, paths: [tokenPath] }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function readyUrl(
  output: ReadableStreamDefaultReader<Uint8Array>,
  stop: () => Promise<void>,
): Promise<string> {
  const timer = setTimeout(() => void stop(), READY_WITHIN_MS);
  try {
    let text = "";
    for (let read = await output.read(); !read.done; read = await output.read()) {
      text += new TextDecoder().decode(read.value);
      const url = READY.exec(text)?.[1];
      if (url !== undefined) return url;
    }
    throw new StartupError(
      "registry/address",
      "Cannot start the embedded registry: it ended before it was ready",
    );
  } finally {
    clearTimeout(timer);
  }
}

async function drain(output: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await output.read()).done);
}
