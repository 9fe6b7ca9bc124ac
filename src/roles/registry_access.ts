import { join } from "node:path";
import { type Policy, StartupError, UndecidedError } from "../model/mod.ts";
import { registryAddressFault } from "../policy/address.ts";
import {
  type PolicyEvidence,
  readPolicyEvidence,
  REGISTRY_DELAYS_MS,
  REGISTRY_TIMEOUT_MS,
  type RegistryAddress,
  registryAddress,
  RegistryClient,
  tokenReader,
} from "../registry/mod.ts";
import { companionPath, type Configuration } from "./configuration.ts";
import type { EmbeddedRegistry } from "./embedded_registry.ts";
import type { OwnRegistry } from "./own_registry.ts";
import type { Variable } from "./environment.ts";
import type { World } from "./world.ts";

export const DEFAULT_REGISTRY_URL = "http://127.0.0.1:8470";

/** A client for the registry of REGISTRY_URL, of the policy, of the default address, or of our own. */
export function registryClient(
  world: World,
  configuration: Configuration,
  embedded: EmbeddedRegistry | OwnRegistry | null,
): RegistryClient {
  const { policy } = configuration;
  const readToken = world.env("REGISTRY_READ_TOKEN_PATH");
  const socketPath = world.env("REGISTRY_SOCKET");
  return new RegistryClient({
    ...(embedded === null && socketPath !== undefined ? { socketPath } : {}),
    baseUrl: embedded?.address ?? configuredAddress(world, policy),
    token: embedded?.token ?? tokenReader(tokenPlaces(world)),
    readToken: embedded !== null || readToken === undefined
      ? null
      : tokenReader({ serviceToken: null, paths: [readToken] }),
    ...(embedded !== null && "exchange" in embedded ? { exchange: embedded.exchange } : {}),
    dialect: embedded === null ? policy.registry.dialect : "a",
    stagingDir: world.env("PROMOTION_STAGING_DIR") ?? null,
    policyEvidence: policyEvidence(world, configuration),
    timeoutMs: REGISTRY_TIMEOUT_MS,
    delays: REGISTRY_DELAYS_MS,
  });
}

/** Of the files as they were when this program began to judge by them; what was wrong then is said when it is asked for. */
function policyEvidence(world: World, { policy, policyPath }: Configuration): () => PolicyEvidence {
  const companion = (variable: Variable, name: string) => companionPath(world, variable, policyPath, name);
  const files = {
    policy: policyPath,
    modelsLock: companion("MODELS_LOCK_PATH", "models.lock.yaml"),
    diffusionLock: companion("DIFFUSION_MODELS_LOCK_PATH", "diffusion-models.lock.yaml"),
    allowlist: companion("SOURCES_ALLOWLIST_PATH", "sources.allowlist.yaml"),
    yaraDirectory: world.env("REGISTRY_YARA_RULES_DIR") ?? join(world.programRoot, "policy", "yara"),
  };
  try {
    const evidence = readPolicyEvidence(files, policy.sha256);
    return () => evidence;
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    return () => {
      throw error;
    };
  }
}

function configuredAddress(world: World, policy: Policy): RegistryAddress {
  const given = world.env("REGISTRY_URL");
  const address = given ?? policy.registry.url ?? DEFAULT_REGISTRY_URL;
  const checked = registryAddress(address);
  const fault = registryAddressFault(address, policy, given === undefined ? "policy" : "environment");
  if (fault === null) return checked;
  throw new StartupError(
    "registry/address",
    `Cannot use the registry address ${JSON.stringify(address)}: ${fault}`,
  );
}

/** SERVICE_TOKEN wins over the files, REGISTRY_TOKEN_PATH over SERVICE_TOKEN_PATH. */
export function tokenPlaces(world: World): { serviceToken: string | null; paths: string[] } {
  const paths = [world.env("REGISTRY_TOKEN_PATH"), world.env("SERVICE_TOKEN_PATH")];
  return {
    serviceToken: world.env("SERVICE_TOKEN") ?? null,
    paths: paths.filter((path) => path !== undefined),
  };
}

/** Reading needs the token too, unless REGISTRY_READ_OPEN=true says that older clients send none. */
export function registryReading(world: World): "guarded" | "open" {
  return world.env("REGISTRY_READ_OPEN") === "true" ? "open" : "guarded";
}
