import { createHash } from "node:crypto";
import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { systemCode } from "../files/mod.ts";
import { FormatError, StartupError, type TrustRootPin } from "../model/mod.ts";
import { MAX_TRUST_ROOT_BYTES, readTrustRootText } from "../provenance/trust_root_text.ts";
import type { TrustRootText } from "./world.ts";

/** Reads a pinned trusted_root.json from beside the policy. Throws `StartupError` unless it is the pinned one. */
export function loadTrustRoot(pin: TrustRootPin, policyPath: string): TrustRootText {
  const path = resolve(dirname(policyPath), pin.file);
  const bytes = readFile(pin.name, path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== pin.sha256) {
    throw unusable(pin.name, `${path} has the SHA-256 ${sha256}, the policy pins ${pin.sha256}`);
  }
  const text = bytes.toString("utf8");
  try {
    readTrustRootText(pin.name, text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw unusable(pin.name, cause.message, { cause });
  }
  return { name: pin.name, text };
}

function readFile(name: string, path: string) {
  try {
    if (fs.statSync(path).size > MAX_TRUST_ROOT_BYTES) throw unusable(name, `${path} is too large`);
    return fs.readFileSync(path);
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw unusable(name, `${path} cannot be read (${systemCode(cause) ?? "unreadable"})`, { cause });
  }
}

function unusable(name: string, why: string, options?: ErrorOptions): StartupError {
  return new StartupError("policy/unreadable", `Cannot use trust root ${name}: ${why}`, options);
}
