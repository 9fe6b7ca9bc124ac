import fs from "node:fs";
import { dirname, join } from "node:path";
import { systemCode, writeDurably } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { readPublicKey } from "../provenance/attest/own_key.ts";
import { generateSealedKeyPair } from "../provenance/seal_key.ts";
import { readSigner, type Signer } from "../provenance/signer.ts";
import { PUBLIC_KEY, RETIRED, signingKey, signingPassword } from "./signing_key.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/**
 * `keys rotate`: a new signing key in the place of the old one. The old private key is gone; its public key stays in
 * `retired/`, so that what it signed still verifies.
 */
export function runKeysRotate(world: World): ExitCode {
  const { path } = signingKey(world.env);
  const folder = dirname(path);
  const password = signingPassword(world.env);
  if (password === "") {
    throw new StartupError("usage", "Cannot rotate: COSIGN_PASSWORD, which locks the new key, is not set");
  }
  const old = readSigner(path, password); // Only whoever can open the old key may replace it.
  try {
    if (old !== null) retire(folder, old);
    const { privateKey, publicKey } = generateSealedKeyPair(password);
    writeDurably(join(folder, PUBLIC_KEY), publicKey, 0o644);
    writeDurably(path, privateKey, 0o600);
    const { keyId } = readPublicKey(publicKey);
    if (old !== null) world.stdout.write(`retired ${old.keyId}\n`);
    world.stdout.write(`new key ${keyId}\npublic key ${join(folder, PUBLIC_KEY)}\n`);
    world.stdout.write(
      "Restart secure-ai-quarantine.service: a running coordinator signs with the key it read.\n",
    );
    return EXIT.passed;
  } catch (cause) {
    const why = systemCode(cause);
    if (why === null || why.startsWith("ERR_")) throw cause; // No fault of the file system.
    throw new StartupError("signing-key/unusable", `Cannot rotate the key in ${folder}: ${why}`, { cause });
  }
}

function retire(folder: string, { keyId, publicKey }: Signer): void {
  fs.mkdirSync(join(folder, RETIRED), { recursive: true, mode: 0o755 });
  const name = keyId.replace(/[^A-Za-z0-9]/g, "").slice(0, 16);
  writeDurably(join(folder, RETIRED, `${name}.pub`), publicKey, 0o644);
}
