// Not all of the model: `check` loads this before anything else, and every module takes its time.
import { UndecidedError } from "../model/errors.ts";
import type { OpenSandbox, Sandbox } from "./worker.ts";

/** How worker roles are started where no systemd gives each job a unit of its own. */
export interface ProcessSandboxOptions {
  readonly role: "examine" | "smoke" | "run-scanner";
  /** The project's launcher: it knows the exact permissions of every role. */
  readonly launcher: string;
  /** bubblewrap, where it is installed. */
  readonly bwrap: string | null;
  /** Directories a worker needs to run at all: the program's own code and the runtime. Read-only. */
  readonly programRoots: readonly string[];
  /** The runtime's cache of compiled code, where there is one: it halves a worker's start. */
  readonly cache: string | null;
  /** The only variables a worker sees. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the artifact appears inside a bubblewrap sandbox, whatever its path outside; scanners go by its extension too. */
const INSIDE = "/artifact";

/** Opens one child process per job: under bubblewrap with its own empty namespaces, else with the runtime's wall alone. */
export function processSandbox(options: ProcessSandboxOptions): OpenSandbox {
  return ({ artifact }) => Promise.resolve(openProcessSandbox(options, artifact));
}

/**
 * Opens one for whatever job is to be done on an artifact, with arguments for the role that may name its path inside.
 * `name`: the file name under which the artifact appears there, for scanners, which go by its extension.
 */
export function openProcessSandbox(
  options: ProcessSandboxOptions,
  artifact: { readonly path: string; readonly name?: string },
  more: (path: string) => readonly string[] = () => [],
): Sandbox {
  const inside = options.role === "run-scanner" ? `${INSIDE}/${artifact.name ?? "model"}` : INSIDE;
  const path = options.bwrap === null ? artifact.path : inside;
  const role = [options.role, ...more(path)];
  const env = { ...options.environment, ...cacheVariables(options), AI_QUARANTINE_ARTIFACT: path };
  const [command, args] = options.bwrap === null
    ? [options.launcher, role]
    : [options.bwrap, [...wall(options, artifact.path, inside), options.launcher, ...role]];
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args,
      env,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch (cause) {
    throw new UndecidedError("worker/start", `Cannot start the examiner: ${command} did not run`, { cause });
  }
  return {
    artifactPath: path,
    input: child.stdin,
    output: child.stdout,
    kill: () => killQuietly(child),
    ended: child.status.then(({ code, signal }) => signal === null ? `exit ${code}` : `killed by ${signal}`),
  };
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // It has ended already.
  }
}

/** Outside bubblewrap the runtime uses its cache as it is; inside it gets a copy, which the launcher makes. */
function cacheVariables({ bwrap, cache }: ProcessSandboxOptions): Record<string, string> {
  if (cache === null) return {};
  return bwrap === null ? { DENO_DIR: cache } : { DENO_DIR: CACHE_INSIDE, AI_QUARANTINE_CACHE: "/cache" };
}
const CACHE_INSIDE = "/tmp/deno";

/** Scratch space of a program we do not trust. */
const SCRATCH_BYTES = 512 * 1024 * 1024;

/** Everything unshared, nothing writable, the artifact alone: https://github.com/containers/bubblewrap */
function wall(
  { role, programRoots, cache }: ProcessSandboxOptions,
  artifact: string,
  inside: string,
): string[] {
  const readOnly = ["/usr", "/bin", "/lib", "/lib64", ...programRoots];
  return [
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--proc",
    "/proc",
    // Without any capability, root may still write to the kernel's settings below it.
    "--remount-ro",
    "/proc",
    "--dev",
    "/dev",
    ...(role === "run-scanner" ? ["--size", `${SCRATCH_BYTES}`] : []),
    "--tmpfs",
    "/tmp",
    // After /tmp, which would hide a program that is installed below it.
    ...readOnly.flatMap((path) => ["--ro-bind-try", path, path]),
    "--ro-bind",
    artifact,
    inside,
    ...(cache === null ? [] : ["--ro-bind-try", cache, "/cache", "--dir", CACHE_INSIDE]),
    // These two are in memory too, and no cap is on them.
    ...(role === "run-scanner" ? ["--remount-ro", "/dev", "--remount-ro", "/"] : []),
    "--chdir",
    "/",
    "--",
  ];
}
