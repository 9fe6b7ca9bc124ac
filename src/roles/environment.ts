import { basename, dirname, join } from "node:path";
import type { Places } from "../admission/examination.ts";

/** Every variable the program reads. The launcher grants exactly these. */
export const VARIABLES = [
  "QUARANTINE_DIR",
  "SCANNING_DIR",
  "HELD_DIR",
  "REJECTED_DIR",
  "REGISTRY_DIR",
  "REGISTRY_URL",
  "REGISTRY_SOCKET",
  "REGISTRY_READ_OPEN",
  "REGISTRY_READ_TOKEN_PATH",
  "REGISTRY_YARA_RULES_DIR",
  "PROMOTION_STAGING_DIR",
  "CONTAINED_MODELS_DIR",
  "DIFFUSION_MODELS_LOCK_PATH",
  "POLICY_ENGINE_TOKEN_PATH",
  "POLICY_ENGINE_SOCKET",
  "INCIDENT_TOKEN_PATH",
  "INCIDENT_SOCKET",
  "POLICY_PATH",
  "MODELS_LOCK_PATH",
  "SOURCES_ALLOWLIST_PATH",
  "MODEL_CATALOG_PATH",
  "LLAMA_SERVER_BIN",
  "GGUF_GUARD_BIN",
  "COSIGN_BIN",
  "FICKLING_BIN",
  "MODELAUDIT_BIN",
  "MODELSCAN_BIN",
  "YARA_BIN",
  "GARAK_BIN",
  "SMOKE_TEST_TIMEOUT",
  "AUDIT_LOG_PATH",
  "AUDIT_HMAC_KEY_PATH",
  "SERVICE_TOKEN",
  "SERVICE_TOKEN_PATH",
  "REGISTRY_TOKEN_PATH",
  "SIGNING_KEY_PATH",
  "COSIGN_PASSWORD",
  "CREDENTIALS_DIRECTORY",
  "STATE_DIRECTORY",
  "XDG_STATE_HOME",
  "HOME",
  "NO_COLOR",
  "AI_QUARANTINE_SOCKETS",
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "AI_QUARANTINE_DENO",
  "AI_QUARANTINE_BWRAP",
  "AI_QUARANTINE_SCRATCH",
  "DENO_DIR",
] as const;

export type Variable = typeof VARIABLES[number];

/** Looks a variable up; an empty one counts as not set. */
export type Environment = (name: Variable) => string | undefined;

export const POLICY_DIRECTORY = "/etc/secure-ai/policy";

/** State that is neither a model nor a log: pins, evidence, the audit anchor, the lock. */
export function stateDirectory(env: Environment): string {
  const given = env("STATE_DIRECTORY");
  if (given !== undefined) return given.split(":")[0] ?? given;
  return join(env("XDG_STATE_HOME") ?? join(env("HOME") ?? "/var/lib", ".local/state"), "ai-quarantine");
}

/** The directories `watch` works with. */
export function watchedPlaces(env: Environment): Places {
  const incoming = env("QUARANTINE_DIR") ?? "/quarantine";
  return {
    incoming,
    ...besides(env, incoming),
    registry: env("REGISTRY_DIR") ?? "/registry",
    state: stateDirectory(env),
  };
}

/** The directories of `admit`: everything in the state directory unless a drop directory is named. */
export function embeddedPlaces(env: Environment): Places {
  if (env("QUARANTINE_DIR") !== undefined) return watchedPlaces(env);
  const state = stateDirectory(env);
  const incoming = join(state, "incoming");
  return {
    incoming,
    ...besides(env, incoming),
    registry: env("REGISTRY_DIR") ?? join(state, "registry"),
    state,
  };
}

/** Siblings of a directory called `incoming`, else hidden children of it: always one filesystem. */
function besides(env: Environment, incoming: string): Pick<Places, "scanning" | "held" | "rejected"> {
  const sibling = basename(incoming) === "incoming";
  const place = (name: string) => sibling ? join(dirname(incoming), name) : join(incoming, `.${name}`);
  return {
    scanning: env("SCANNING_DIR") ?? place("scanning"),
    held: env("HELD_DIR") ?? place("held"),
    rejected: env("REJECTED_DIR") ?? place("rejected"),
  };
}

export function auditLogPath(env: Environment, embedded: boolean): string {
  const given = env("AUDIT_LOG_PATH");
  if (given !== undefined) return given;
  if (embedded) return join(stateDirectory(env), "logs", "quarantine-audit.jsonl");
  return "/var/lib/secure-ai/logs/quarantine-audit.jsonl";
}
