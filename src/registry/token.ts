import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { createDurably, systemCode, unlessMissing } from "../files/mod.ts";
import { UndecidedError } from "../model/mod.ts";

/** Gives the token to use now, or `null` when none is configured. Throws `UndecidedError` `registry/token`. */
export type TokenReader = () => Promise<string | null>;

export interface TokenPlaces {
  /** The value of SERVICE_TOKEN; wins over every file. */
  readonly serviceToken: string | null;
  /** Configured token files; the first that exists counts. */
  readonly paths: readonly string[];
}

const MAX_TOKEN_BYTES = 4096;
/** Group may read; group must not write, others must not do anything. */
const FORBIDDEN_MODE_BITS = 0o027;

/**
 * Reads the token anew at each call, so that it can be rotated without a restart. Where files are configured and
 * none exists that is an error: going on without a token would only end in a refusal that explains less.
 */
export function tokenReader(places: TokenPlaces): TokenReader {
  return () => Promise.resolve().then(() => readToken(places));
}

function readToken({ serviceToken, paths }: TokenPlaces): string | null {
  if (serviceToken !== null) return checkToken(serviceToken, "SERVICE_TOKEN");
  for (const path of paths) {
    const token = unlessMissing(() => readTokenFile(path));
    if (token !== null) return token;
  }
  if (paths.length === 0) return null;
  throw new UndecidedError("registry/token", `Cannot read the registry token: no file ${paths.join(" or ")}`);
}

function readTokenFile(path: string): string {
  // A pipe in place of the file must not block: O_NONBLOCK, and the type is checked before the read.
  const fd = open(path);
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw refuse(path, "it is not a regular file");
    if ((stat.mode & FORBIDDEN_MODE_BITS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw refuse(path, `mode ${mode} lets others than its owner and readers of its group at it`);
    }
    if (stat.size > MAX_TOKEN_BYTES) throw refuse(path, `it is larger than ${MAX_TOKEN_BYTES} bytes`);
    return checkToken(fs.readFileSync(fd, "utf8"), path);
  } finally {
    fs.closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") throw cause;
    throw new UndecidedError("registry/token", `Cannot read registry token ${path}`, { cause });
  }
}

/** The text without the blanks around it: 1 to 4096 visible ASCII characters, so that it cannot forge a header. */
function checkToken(text: string, where: string): string {
  const token = text.trim();
  if (token === "") throw refuse(where, "it is empty");
  if (token.length > MAX_TOKEN_BYTES || !/^[\x21-\x7e]+$/.test(token)) {
    throw refuse(where, "it is not one word of visible ASCII characters");
  }
  return token;
}

function refuse(where: string, why: string): UndecidedError {
  return new UndecidedError("registry/token", `Cannot use registry token from ${where}: ${why}`);
}

/** Makes a token file of 64 hexadecimal digits, mode 0600, unless the file is there already. */
export function mintToken(path: string): void {
  try {
    createDurably(path, `${randomBytes(32).toString("hex")}\n`, 0o600);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}
