import { isLoopbackHost, StartupError } from "../model/mod.ts";

declare const checked: unique symbol;

/** The origin of a registry to which our token may go. Made only by {@link registryAddress}. */
export type RegistryAddress = string & { readonly [checked]: "registry-address" };

/**
 * Reads a registry's address: only scheme, host and port, and https unless it is on this machine. Which of those the
 * policy allows is the caller's question. Throws `StartupError` with code `registry/address`.
 */
export function registryAddress(text: string): RegistryAddress {
  const url = parseAddress(text);
  if (!isLoopbackHost(url.hostname) && url.protocol !== "https:") {
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

/** An address with credentials in it is never repeated. */
function refuse(text: string, why: string, options?: ErrorOptions): StartupError {
  const shown = text.includes("@") ? "with credentials" : JSON.stringify(text);
  return new StartupError("registry/address", `Cannot use registry address ${shown}: ${why}`, options);
}
