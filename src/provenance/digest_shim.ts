import crypto, { type KeyObject } from "node:crypto";

/** The call this is about, as the Sigstore library makes it. */
type Verify = (
  algorithm: string | null | undefined,
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
) => boolean;

/**
 * The Sigstore library leaves the digest of ECDSA and RSA signatures to the runtime, which under Node.js means
 * SHA-256. Deno (2.9) throws "no default digest" instead, and the library takes that for a false signature. While
 * `work` runs, a digest that was left out is named; afterwards everything is as before. `work` must be synchronous.
 */
export function withDefaultDigest<T>(work: () => T): T {
  const original: unknown = Reflect.get(crypto, "verify");
  if (!isVerify(original)) throw new TypeError("Cannot verify: node:crypto has no verify()");
  const named: Verify = (algorithm, data, key, signature) =>
    original(algorithm ?? defaultDigest(key), data, key, signature);
  replaceVerify(named);
  try {
    return work();
  } finally {
    replaceVerify(original);
  }
}

/** What OpenSSL takes for these keys; keys such as Ed25519 have their digest built in. */
function defaultDigest({ asymmetricKeyType: type }: KeyObject): string | undefined {
  return type === "ec" || type === "rsa" ? "sha256" : undefined;
}

function replaceVerify(verify: Verify): void {
  if (!Reflect.set(crypto, "verify", verify)) {
    throw new TypeError("Cannot verify: node:crypto cannot be changed");
  }
}

function isVerify(value: unknown): value is Verify {
  return typeof value === "function";
}
