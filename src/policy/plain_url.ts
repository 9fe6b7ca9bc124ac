/** An https URL that every reader takes apart in the same way. */
export interface PlainUrl {
  /** Lower case, without port. */
  readonly host: string;
  /** Begins with `/`; percent-encoding as written. */
  readonly path: string;
  /** Without `?`; `null` when there is none. */
  readonly query: string | null;
}

export type PlainUrlReading =
  | { readonly ok: true; readonly url: PlainUrl }
  | { readonly ok: false; readonly fault: string };

const MAX_URL_BYTES = 4096;

/** RFC 3986 section 2: nothing else may stand in a URL. Other scripts are written in punycode or percent-encoded. */
const URL_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/;
const SHAPE = /^https:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/i;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/**
 * Reads an https URL, or says why it is not a plain one. Whatever two parsers could read differently is refused
 * rather than repaired: userinfo, ports, fragments, backslashes, `.` and `..` in any spelling, encoded separators,
 * doubly encoded text, trailing-dot hosts, addresses in odd notations. What is left is compared with the platform's
 * own parser, which must see the same host and path.
 */
export function readPlainUrl(text: string): PlainUrlReading {
  const fault = textFault(text);
  if (fault !== null) return { ok: false, fault };
  const [, authority = "", path = "", query, fragment] = SHAPE.exec(text) ?? [];
  const host = authority.replace(/:443$/, "").toLowerCase();
  const partFault = authorityFault(authority, host) ?? pathFault(path) ??
    (fragment === undefined ? null : "a fragment (#)");
  if (partFault !== null) return { ok: false, fault: partFault };
  const url: PlainUrl = { host, path: path === "" ? "/" : path, query: query ?? null };
  if (!parsesTheSame(text, url)) return { ok: false, fault: "URL parsers disagree about it" };
  return { ok: true, url };
}

function textFault(text: string): string | null {
  if (new TextEncoder().encode(text).byteLength > MAX_URL_BYTES) return `longer than ${MAX_URL_BYTES} bytes`;
  if (text.includes("\\")) return "a backslash";
  if (!URL_CHARACTERS.test(text)) return "a character that cannot stand in a URL";
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return "a % that encodes nothing";
  return SHAPE.test(text) ? null : "not an https URL";
}

function authorityFault(authority: string, host: string): string | null {
  if (authority.includes("@")) return "a user name before the host";
  if (/:\d*$/.test(host)) return "a port other than 443";
  return HOST.test(host) ? null : "not a plain host name";
}

function pathFault(path: string): string | null {
  if (/%(?:2[efEF]|5[cC]|25|[01][0-9A-Fa-f]|7[fF])/.test(path)) {
    return "an encoded dot, separator, percent sign or control character in the path";
  }
  const segments = path.split("/").slice(1);
  if (segments.some((segment) => /^\.{1,2}(?:;.*)?$/.test(segment))) return "a . or .. in the path";
  if (segments.slice(0, -1).includes("")) return "an empty segment (//) in the path";
  return null;
}

function parsesTheSame(text: string, { host, path }: PlainUrl): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, pathname, username, hash } = new URL(text);
  return protocol === "https:" && hostname === host && port === "" && pathname === path && username === "" &&
    hash === "";
}

/** Whether a path begins with another at a segment boundary. */
export function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}
