import { createPublicKey } from "node:crypto";
import * as z from "zod";
import { parseSha256 } from "../model/mod.ts";

const SHA256_PATTERN = /^[0-9a-fA-F]{64}$/;

/** A SHA-256 in either case. */
export const SHA256_TEXT = z.string().regex(SHA256_PATTERN, "expected a SHA-256 of 64 hexadecimal digits");

/** The same, checked and branded. */
export const SHA256 = SHA256_TEXT.transform(parseSha256);

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** One line of text for people. */
export const NAME_LINE = z.string().min(1).max(500).refine(
  (text) => !CONTROL.test(text),
  "expected one line",
);

/** A name of one file or directory, without any path. */
export const FILE_NAME = z.string().min(1).max(255).refine(
  (name) => !CONTROL.test(name) && !name.includes("/") && name !== "." && name !== "..",
  "expected a file name without a path",
);

/** A relative path inside a directory, `/` between segments, none of them empty, `.` or `..`. */
export const INNER_PATH = z.string().min(1).max(4096).refine(
  (path) => !CONTROL.test(path) && path.split("/").every((s) => s !== "" && s !== "." && s !== ".."),
  "expected a relative path with / between names",
);

/** A PEM public key of the one kind that records are signed with. */
export const P256_PUBLIC_KEY = z.string().max(4096).refine(
  (pem) => {
    try {
      return !pem.includes("PRIVATE") &&
        createPublicKey(pem).asymmetricKeyDetails?.namedCurve === "prime256v1";
    } catch {
      return false; // Not a key at all.
    }
  },
  "expected a PEM public key, ECDSA on P-256",
);
