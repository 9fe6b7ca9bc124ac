import { type Policy, StartupError } from "../model/mod.ts";
import { registryAddressFault } from "../policy/address.ts";
import {
  REGISTRY_DELAYS_MS,
  REGISTRY_TIMEOUT_MS,
  type RegistryAddress,
  registryAddress,
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
  const socketPath = world.env("REGISTRY_SOCKET");
  return new RegistryClient({
    ...(embedded === null && socketPath !== undefined ? { socketPath } : {}),
    baseUrl: embedded?.address ?? configuredAddress(world, policy),
    token: embedded?.token ?? tokenReader(tokenPlaces(world)),
    timeoutMs: REGISTRY_TIMEOUT_MS,
    delays: REGISTRY_DELAYS_MS,
  });
}

function configuredAddress(world: World, policy: Policy): RegistryAddress {
  const { dialect } = policy.registry;
  if (dialect !== "auto" && dialect !== "a") {
    throw new StartupError(
      "registry/address",
      `Cannot speak registry dialect ${dialect}: this version knows dialect a`,
    );
  }
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
