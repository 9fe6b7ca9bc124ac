import { dirname, join } from "node:path";
import { builtFormOf } from "../../src/roles/built_form.ts";
import { startEmbeddedRegistry } from "../../src/roles/embedded_registry.ts";
import { type Lab, LAUNCHER, PROGRAM_ROOT } from "./lab.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as an operator does, through its launcher, with nothing in the environment but what is given. */
export async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  launcher = LAUNCHER,
): Promise<Ran> {
  const command = new Deno.Command(launcher, { ...surroundings(env), args: [...args] });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Whatever this machine has: only the tests about scanners ask them. */
const NO_SCANNERS = {
  FICKLING_BIN: "",
  GGUF_GUARD_BIN: "/nowhere/gguf-guard",
  MODELAUDIT_BIN: "",
  MODELSCAN_BIN: "",
  YARA_BIN: "",
};

/** The environment of a program that a test starts. */
export function surroundings(env: Readonly<Record<string, string>>) {
  return {
    clearEnv: true,
    env: {
      PATH: "/usr/bin:/bin",
      HOME: Deno.env.get("HOME") ?? "/",
      DENO_DIR: denoDir(),
      AI_QUARANTINE_DENO: Deno.execPath(),
      ...NO_SCANNERS,
      ...env,
    },
    stdin: "null",
  } as const;
}

/** The runtime's cache, so that a test does not compile everything anew. */
export function denoDir(): string {
  return Deno.env.get("DENO_DIR") ??
    join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/", ".cache"), "deno");
}

/** The program as the launcher builds it from this checkout, and starts it; built when it is asked for first. */
export function builtProgram(): string {
  const environment = surroundings({});
  new Deno.Command(LAUNCHER, { ...environment, args: ["--version"] }).outputSync();
  const env = (name: string) => name === "DENO_DIR" ? denoDir() : undefined;
  const built = builtFormOf({ env, programRoot: PROGRAM_ROOT });
  if (built === null) throw new Error("Cannot test: the launcher built nothing");
  return built;
}

/** What `watch` needs to find a lab's directories. */
export function watchVariables(lab: Lab, registryUrl: string): Record<string, string> {
  return {
    QUARANTINE_DIR: lab.places.incoming,
    REGISTRY_DIR: lab.places.registry,
    REGISTRY_URL: registryUrl,
    SERVICE_TOKEN_PATH: join(lab.places.state, "registry.token"),
    STATE_DIRECTORY: lab.places.state,
    POLICY_PATH: lab.policyPath,
    SOURCES_ALLOWLIST_PATH: join(dirname(lab.policyPath), "sources.allowlist.yaml"),
    MODELS_LOCK_PATH: join(dirname(lab.policyPath), "models.lock.yaml"),
    AUDIT_LOG_PATH: lab.auditLog,
  };
}

/** The registry role in a process of its own over a lab's registry directory. */
export async function registryRole(lab: Lab): Promise<AsyncDisposable & { readonly url: string }> {
  const world = lab.world({
    programRoot: PROGRAM_ROOT,
    env: (name) => name === "AI_QUARANTINE_DENO" ? Deno.execPath() : Deno.env.get(name),
  });
  const running = await startEmbeddedRegistry(world, lab.places);
  return { url: running.address, [Symbol.asyncDispose]: () => running.stop() };
}
