import { isLoopbackHost, type Policy } from "../model/mod.ts";

/** The part of a policy that decides which addresses may be contacted. */
export type AddressPolicy = Pick<Policy, "profile" | "network"> & {
  readonly registry: Pick<Policy["registry"], "localhostOnly">;
};

/**
 * Why the registry must not be contacted at this address, or `null` when it may: loopback always, https elsewhere
 * where the policy says so in each of its keys, plain http to another host never. An address from the environment
 * must be loopback unless the policy gives up `network.offline_by_default`.
 */
export function registryAddressFault(
  address: string,
  policy: AddressPolicy,
  statedIn: "policy" | "environment",
): string | null {
  const malformed = formFault(address);
  if (malformed !== null) return malformed;
  const url = new URL(address);
  if (isLoopbackHost(url.hostname)) return null;
  if (url.protocol === "http:") return "plain http to a host that is not loopback";
  if (policy.profile === "appliance") {
    return "not a loopback address, and profile appliance, the default, allows no other";
  }
  if (policy.registry.localhostOnly) return "not a loopback address, and registry.localhost_only is true";
  if (!policy.network.allowOutbound) return "not a loopback address, and network.allow_outbound is false";
  if (statedIn === "environment" && policy.network.offlineByDefault) {
    return "not a loopback address, not written in the policy, and network.offline_by_default is true";
  }
  return null;
}

/** Why one of the machine's own services must not be contacted at this address, or `null` when it may. */
export function serviceAddressFault(address: string): string | null {
  return formFault(address) ?? (isLoopbackHost(new URL(address).hostname) ? null : "not a loopback address");
}

/** What is wrong with an address whoever it is of. */
function formFault(address: string): string | null {
  if (!URL.canParse(address)) return "not a URL";
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "neither http nor https";
  if (url.username !== "" || url.password !== "") return "credentials do not belong in the address";
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return "only scheme, host and port belong in the address";
  }
  return null;
}
