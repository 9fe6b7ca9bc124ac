import type { Policy } from "../model/mod.ts";
import {
  assertRegistryAddress,
  REGISTRY_DELAYS_MS,
  REGISTRY_TIMEOUT_MS,
  RegistryClient,
  tokenReader,
} from "../registry/mod.ts";
import type { EmbeddedRegistry } from "./embedded_registry.ts";
import type { World } from "./world.ts";

export const DEFAULT_REGISTRY_URL = "http://127.0.0.1:8470";

/** A client for the registry of REGISTRY_URL, of the policy, of the default address, or of our own. */
export function registryClient(
  world: World,
  policy: Policy,
  embedded: EmbeddedRegistry | null,
): RegistryClient {
  const address = world.env("REGISTRY_URL") ?? policy.registry.url ?? DEFAULT_REGISTRY_URL;
  const rules = { profile: policy.profile, localhostOnly: policy.registry.localhostOnly };
  return new RegistryClient({
    baseUrl: embedded?.address ?? assertRegistryAddress(address, rules),
    token: embedded?.token ?? tokenReader(tokenPlaces(world)),
    timeoutMs: REGISTRY_TIMEOUT_MS,
    delays: REGISTRY_DELAYS_MS,
  });
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
