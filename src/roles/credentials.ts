import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { readSigner, type Signer } from "../provenance/signer.ts";
import type { World } from "./world.ts";

const DEFAULT_SIGNING_KEY = "/etc/secure-ai/keys/cosign.key";

/**
 * Where systemd put a file of the keys directory (`LoadCredential=keys:DIRECTORY`), whether or not it is there;
 * undefined elsewhere than in our own unit.
 */
function credential({ env }: World, name: string): string | undefined {
  const directory = env("CREDENTIALS_DIRECTORY");
  return directory === undefined ? undefined : join(directory, `keys_${name}`);
}

/** The key of SIGNING_KEY_PATH must be there; a credential, and the key at the default place, may be missing. */
export function signerOf(world: World): Signer | null {
  const named = world.env("SIGNING_KEY_PATH");
  const path = named ?? credential(world, "cosign.key") ?? DEFAULT_SIGNING_KEY;
  const signer = readSigner(path, world.env("COSIGN_PASSWORD") ?? passwordOf(world));
  if (signer === null && named !== undefined) {
    throw new StartupError("signing-key/unusable", `Cannot sign with ${named}: no such file`);
  }
  return signer;
}

function passwordOf(world: World): string {
  const path = credential(world, "cosign.password");
  const text = path === undefined ? null : unlessMissing(() => fs.readFileSync(path, "utf8"));
  return text?.replace(/\n$/, "") ?? "";
}

/** The audit log's key: that of AUDIT_HMAC_KEY_PATH, which must be there, else the credential, else none. */
export function auditKey(world: World): { hmacKey?: Uint8Array } {
  const named = world.env("AUDIT_HMAC_KEY_PATH");
  const path = named ?? credential(world, "audit-hmac.key");
  const key = path === undefined ? null : unlessMissing(() => fs.readFileSync(path));
  if (key !== null) return { hmacKey: key };
  if (named === undefined) return {};
  throw new StartupError("audit/unavailable", `Cannot read the audit key ${named}: no such file`);
}
