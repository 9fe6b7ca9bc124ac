import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, randomBytes, scryptSync } from "node:crypto";

/** What cosign 3 writes itself: about 64 MiB and a fifth of a second to open. */
const SCRYPT = { N: 65_536, r: 8, p: 1 } as const;
const MAX_MEMORY = 256 * 1024 * 1024;

export interface KeyPair {
  /** PEM, encrypted with the password. */
  readonly privateKey: string;
  /** PEM. */
  readonly publicKey: string;
}

/** Makes a key pair in cosign's own form: ECDSA on P-256, PKCS#8 sealed by scrypt and NaCl secretbox. */
export function generateSealedKeyPair(password: string): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return {
    privateKey: seal(privateKey, password),
    publicKey: String(publicKey.export({ type: "spki", format: "pem" })),
  };
}

/** Cosign's envelope: https://github.com/secure-systems-lab/go-securesystemslib/tree/main/encrypted */
function seal(key: KeyObject, password: string): string {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const secret = scryptSync(password, salt, 32, { ...SCRYPT, maxmem: MAX_MEMORY });
  const plain = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
  const ciphertext = xsalsa20poly1305(new Uint8Array(secret), new Uint8Array(nonce)).encrypt(plain);
  const envelope = {
    kdf: { name: "scrypt", params: SCRYPT, salt: salt.toString("base64") },
    cipher: { name: "nacl/secretbox", nonce: nonce.toString("base64") },
    ciphertext: Buffer.from(ciphertext).toString("base64"),
  };
  const body = Buffer.from(JSON.stringify(envelope)).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${body}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`;
}
