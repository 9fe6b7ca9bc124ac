import { StartupError } from "../model/mod.ts";

declare const checked: unique symbol;

/** The origin of a registry to which our token may go. Made only by {@link assertRegistryAddress}. */
export type RegistryAddress = string & { readonly [checked]: "registry-address" };

export interface AddressRules {
  readonly profile: "appliance" | "standalone";
  /** The policy's `registry.localhost_only`. */
  readonly localhostOnly: boolean;
}

/**
 * Checks where models are registered. Loopback only under the appliance profile or `localhostOnly`; plain http to
 * another host never. Throws `StartupError` with code `registry/address`.
 */
export function assertRegistryAddress(text: string, rules: AddressRules): RegistryAddress {
  const url = parseAddress(text);
  const local = isLoopbackName(url.hostname);
  if (!local && (rules.profile === "appliance" || rules.localhostOnly)) {
    throw refuse(text, "the policy allows a registry on this machine only (127.0.0.1, localhost or [::1])");
  }
  if (!local && url.protocol !== "https:") {
    throw refuse(text, "a registry on another machine must be reached by https");
  }
  return url.origin as RegistryAddress;
}

function parseAddress(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw refuse(text, "it is not a URL", { cause });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refuse(text, "it is neither http nor https");
  }
  if (url.username !== "" || url.password !== "") throw refuse(text, "it holds a user name or password");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refuse(text, "it must be only scheme, host and port");
  }
  return url;
}

function refuse(text: string, why: string, options?: ErrorOptions): StartupError {
  return new StartupError(
    "registry/address",
    `Cannot use registry address ${JSON.stringify(text)}: ${why}`,
    options,
  );
}

/** True for the names of this machine: `localhost`, `127.0.0.0/8` in full dotted form, and `[::1]`. */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.toLowerCase();
  if (name === "localhost" || name === "[::1]") return true;
  const octets = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name);
  return octets !== null && octets.slice(1).every((octet) => Number(octet) <= 255);
}
