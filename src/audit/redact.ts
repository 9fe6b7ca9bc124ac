import type { Json } from "../model/mod.ts";
import { MAX_DEPTH } from "./canonical.ts";

/** Top directories under which a path tells something about this machine or its users. */
const ROOTS = "dev|etc|home|media|mnt|opt|private|proc|root|run|srv|sys|tmp|usr|Users|var";
const FILE_URL = String.raw`file:\/\/[^\s/"']*`;
const REST = String.raw`[^\s"',;:)\]}]*`;
/** An IPv4 address other than loopback. */
const ADDRESS = String.raw`(?!127\.)(?:\d{1,3}\.){3}\d{1,3}`;

/** Each runs in linear time: no run of characters can be entered in its middle. */
const REPLACEMENTS: readonly (readonly [what: RegExp, put: string])[] = [
  [/:\/\/[^\s/?#"'@]*@/g, "://[user]@"],
  [/:\/\/\[[0-9A-Fa-f:.]+(?:%[^\]\s]*)?\]/g, "://[address]"],
  [new RegExp(String.raw`(?<=:\/\/(?:\[user\]@)?)${ADDRESS}(?![\w.-])`, "g"), "[address]"],
  [new RegExp(String.raw`(?<![\w./-])${ADDRESS}(?=:\d)`, "g"), "[address]"],
  [/(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?![\w.-])/g, "[e-mail]"],
  // Quoted first: only the quotes tell where a path with spaces ends.
  [new RegExp(String.raw`(?<=")(?:${FILE_URL})?\/+(?:${ROOTS})\/[^"]*(?=")`, "g"), "[path]"],
  [
    new RegExp(String.raw`(?:${FILE_URL}|(?<!:\/)(?<![\w.~%-]))\/(?:${ROOTS})(?:\/${REST}|(?![\w.-]))`, "g"),
    "[path]",
  ],
  [new RegExp(String.raw`(?<![\w/])~[\w.-]*\/${REST}`, "g"), "[path]"],
  [/(?<!\w)[A-Za-z]:\\[^"',;)\]}]*/g, "[path]"],
];

/**
 * The data as it may stand in the audit log: absolute paths, e-mail addresses, the user part of URLs and
 * network addresses other than loopback are replaced by `[path]`, `[e-mail]`, `[user]` and `[address]`. It
 * replaces and does not throw, because a reason may quote a hostile artifact, which must not be able to stop
 * its own refusal being recorded. A `filename` without `/` stays as it is: it names the artifact, and readers
 * look entries up by it.
 */
export function redact(value: Json, key = "", depth = 0): Json {
  if (depth > MAX_DEPTH) throw new TypeError(`Cannot audit data nested deeper than ${MAX_DEPTH}`);
  if (typeof value === "string") {
    return key === "filename" && !value.includes("/") ? value : redactText(value);
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => redact(item, "", depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [redactText(name), redact(item, name, depth + 1)]),
  );
}

function redactText(text: string): string {
  return REPLACEMENTS.reduce((rest, [what, put]) => rest.replace(what, put), text);
}
