import fs from "node:fs";
import { dirname, join } from "node:path";
import { systemCode, unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { readPublicKey, type VerifyingKey } from "../provenance/attest/own_key.ts";
import type { Environment } from "./environment.ts";

/** Where the key that signs records is, and whether somebody named it. */
export interface SigningKeyPlace {
  readonly path: string;
  readonly named: boolean;
}

const DEFAULT_KEY = "/etc/secure-ai/keys/cosign.key";
/** As systemd names the files of `LoadCredential=keys:/etc/secure-ai/keys`. */
const KEY_CREDENTIAL = "keys_cosign.key";
const PASSWORD_CREDENTIAL = "keys_cosign.password";

/** SIGNING_KEY_PATH, else systemd's credential, else the default place. */
export function signingKey(env: Environment): SigningKeyPlace {
  const named = env("SIGNING_KEY_PATH");
  if (named !== undefined) return { path: named, named: true };
  return { path: credential(env, KEY_CREDENTIAL) ?? DEFAULT_KEY, named: false };
}

/** COSIGN_PASSWORD, as cosign has it, else systemd's credential; empty for a key that is not encrypted. */
export function signingPassword(env: Environment): string {
  const given = env("COSIGN_PASSWORD");
  if (given !== undefined) return given;
  const path = credential(env, PASSWORD_CREDENTIAL);
  return path === null ? "" : fs.readFileSync(path, "utf8").replace(/\r?\n$/, "");
}

function credential(env: Environment, name: string): string | null {
  const folder = env("CREDENTIALS_DIRECTORY");
  if (folder === undefined) return null;
  const path = join(folder, name);
  return unlessMissing(() => fs.statSync(path)) === null ? null : path;
}

/** Public keys beside the signing key: the one in use, and those that `keys rotate` retired. */
export const PUBLIC_KEY = "cosign.pub";
export const RETIRED = "retired";

/** Every public key our own records may have been signed with. Empty where none can be read. */
export function knownPublicKeys(env: Environment): VerifyingKey[] {
  const folders = [dirname(signingKey(env).path), dirname(DEFAULT_KEY)];
  return [...new Set(folders)].flatMap((folder) => [
    join(folder, PUBLIC_KEY),
    ...publicKeysIn(join(folder, RETIRED)),
  ]).flatMap((path) => {
    const pem = unlessClosed(() => fs.readFileSync(path, "utf8"));
    return pem === null ? [] : [parse(path, pem)];
  });
}

function parse(path: string, pem: string): VerifyingKey {
  try {
    return readPublicKey(pem);
  } catch (cause) {
    throw new StartupError("signing-key/unusable", `Cannot use ${path}: it is not an ECDSA key on P-256`, {
      cause,
    });
  }
}

/** Whoever may not see the keys has none. */
function unlessClosed<T>(read: () => T): T | null {
  try {
    return unlessMissing(read);
  } catch (error) {
    if (systemCode(error) === "EACCES") return null;
    throw error;
  }
}

function publicKeysIn(folder: string): string[] {
  const names = unlessClosed(() => fs.readdirSync(folder)) ?? [];
  return names.filter((name) => name.endsWith(".pub")).sort().map((name) => join(folder, name));
}
