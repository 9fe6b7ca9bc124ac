import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, scryptSync, sign } from "node:crypto";
import fs from "node:fs";
import * as z from "zod";
import { systemCode } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { isP256, keyIdOf } from "./attest/own_key.ts";

/** Signs records with one key. */
export interface Signer {
  /** Names the key in records, bundles and the audit log. */
  readonly keyId: string;
  /** PEM. */
  readonly publicKey: string;
  /** Base64 of an ECDSA signature over SHA-256, as `cosign verify-blob --signature` reads it. */
  sign(bytes: Uint8Array): string;
}

const ENCRYPTED = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([\s\S]+?)-----END/;
const OTHERS_MAY_READ = 0o007;
/** What cosign itself writes; more would let a key file make us spend memory and time. */
const MAX_SCRYPT_COST = 65_536;

const sealedSchema = z.object({
  kdf: z.object({
    name: z.literal("scrypt"),
    params: z.object({
      N: z.int().min(2).max(MAX_SCRYPT_COST),
      r: z.int().min(1).max(8),
      p: z.int().min(1).max(16),
    }),
    salt: z.base64(),
  }),
  cipher: z.object({ name: z.literal("nacl/secretbox"), nonce: z.base64() }),
  ciphertext: z.base64(),
});

/**
 * Reads a signing key: cosign's encrypted PEM (scrypt and NaCl secretbox, opened with `password`) or a plain PKCS#8
 * one, on P-256. `null` when there is no such file: records are then unsigned. Anything wrong with a key that is
 * there throws `StartupError`, so that nothing is silently unsigned.
 */
export function readSigner(path: string, password: string): Signer | null {
  const pem = readKeyFile(path);
  if (pem === null) return null;
  const key = parseKey(path, pem, password);
  if (!isP256(key)) throw refuse(path, "it is not an ECDSA key on P-256");
  const publicKey = createPublicKey(key);
  return {
    keyId: keyIdOf(publicKey),
    publicKey: String(publicKey.export({ type: "spki", format: "pem" })),
    sign: (bytes) => sign("sha256", bytes, key).toString("base64"),
  };
}

function readKeyFile(path: string): string | null {
  try {
    if ((fs.statSync(path).mode & OTHERS_MAY_READ) !== 0) {
      throw refuse(path, "others than its owner and group may read it");
    }
    return fs.readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    if (systemCode(cause) === "ENOENT") return null;
    throw refuse(path, `it cannot be read (${systemCode(cause)})`, { cause });
  }
}

function parseKey(path: string, pem: string, password: string): KeyObject {
  const sealed = ENCRYPTED.exec(pem)?.[1];
  try {
    if (sealed === undefined) return createPrivateKey(pem);
    return createPrivateKey({ key: unseal(sealed, password), format: "der", type: "pkcs8" });
  } catch (cause) {
    throw refuse(
      path,
      sealed === undefined ? "it is not a private key" : "wrong password, or not a cosign key",
      { cause },
    );
  }
}

/** Opens cosign's envelope: https://github.com/secure-systems-lab/go-securesystemslib/tree/main/encrypted */
function unseal(base64: string, password: string): Buffer {
  const sealed = sealedSchema.parse(JSON.parse(Buffer.from(base64, "base64").toString("utf8")));
  const { N, r, p } = sealed.kdf.params;
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
  const key = scryptSync(password, bytes(sealed.kdf.salt), 32, { N, r, p, maxmem: 256 * 1024 * 1024 });
  return Buffer.from(
    xsalsa20poly1305(new Uint8Array(key), bytes(sealed.cipher.nonce)).decrypt(bytes(sealed.ciphertext)),
  );
}

function refuse(path: string, why: string, options?: ErrorOptions): StartupError {
  return new StartupError("signing-key/unusable", `Cannot sign with ${path}: ${why}`, options);
}
