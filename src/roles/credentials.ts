import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import type { World } from "./world.ts";

/** As systemd names the file of `LoadCredential=keys:/etc/secure-ai/keys`. */
const KEY_CREDENTIAL = "keys_audit-hmac.key";

/** The audit log's key: that of AUDIT_HMAC_KEY_PATH, which must be there, else systemd's credential, else none. */
export function auditKey({ env }: World): { hmacKey?: Uint8Array } {
  const named = env("AUDIT_HMAC_KEY_PATH");
  const folder = env("CREDENTIALS_DIRECTORY");
  const path = named ?? (folder === undefined ? undefined : join(folder, KEY_CREDENTIAL));
  const key = path === undefined ? null : unlessMissing(() => fs.readFileSync(path));
  if (key !== null) return { hmacKey: key };
  if (named === undefined) return {};
  throw new StartupError("audit/unavailable", `Cannot read the audit key ${named}: no such file`);
}
