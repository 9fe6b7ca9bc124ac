import type { TOOLS } from "./tools.ts";

/** A signature over a text, for a program that must find it good there and false over any other bytes. */
export interface SignaturePlant<Id extends keyof typeof TOOLS> {
  readonly tool: Id;
  /** Base64, as a job brings them: the key, and the signature. */
  readonly inputs: Readonly<Record<string, string>>;
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** What both were made over, and what nobody ever signed. */
export const SIGNED_TEXT = text("A planted text.\n");
export const UNSIGNED_TEXT = text("Another planted text.\n");

/** Ed25519, without an expiry, made in January 2024; the private key was thrown away. */
export const GPGV_PLANT: SignaturePlant<"gpgv"> = {
  tool: "gpgv",
  inputs: {
    "keyring.gpg":
      "mDMEZZIAgBYJKwYBBAHaRw8BAQdAbBFfRh9Iuz/ioqmkC6xMqpFsKMGMS0HEPWEB01Hwxf+0B3BsYW50ZWSIkAQTFggAOBYhBHF/x3XTqIbMaWMGfH5hdYZ6EnerBQJlkgCAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEH5hdYZ6EnerK3AA/31kAV/o3ojl99ZC92GUa2ktXwLlPg8usXJ87UhavskaAQCXadQ87nDY+Zyh7dgltkR+ZVTyqPiPtyAxdxmEVIkGDQ==",
    signature:
      "iHUEABYKAB0WIQRxf8d106iGzGljBnx+YXWGehJ3qwUCZZNSAAAKCRB+YXWGehJ3q9gnAQDRCio/+P4K+8zx5u9+GjcJ4Zc2CSCfDulCpU+cjR0ALgEA4pcp8wVcdbea+EL+lZw7hakHzYr+sYcRFPs9BW2QuAE=",
  },
};

const KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKhU6Udmx1Lbf25toiuJHtHRnw8si
8X3E/yUOe47glSodHvP1XxnEDxqpVQUTvRhxqJEMUU30l1/CcXVIylH+Xw==
-----END PUBLIC KEY-----
`;
const SIGNATURE =
  "MEUCIQC/RTt0v3TN4vi2xTeE7G6p89BZJFnLWSLdcK6pJELWegIgOLu6FfyE+mMEx69y0JX/fq7oDp3Oj1cRFEttllm3kRk=";

/** ECDSA over P-256; the private key was thrown away. */
export const COSIGN_PLANT: SignaturePlant<"cosign_signature"> = {
  tool: "cosign_signature",
  inputs: { "key.pub": btoa(KEY), signature: btoa(SIGNATURE) },
};
