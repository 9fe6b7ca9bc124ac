import assert from "node:assert/strict";
import { parseSha256, type Sha256, StartupError } from "../../src/model/mod.ts";

/** The time all policies of these tests are judged by. */
export const now = () => new Date("2026-11-21T12:00:00Z");

/** A digest that is easy to tell from others: one hexadecimal digit, 64 times. */
export function digestOf(digit: string): Sha256 {
  return parseSha256(digit.repeat(64));
}

export function readRepositoryFile(path: string): string {
  return Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
}

/** The message of the `StartupError` with this code that `run` must throw. */
export function startupMessage(code: string, run: () => unknown): string {
  let message = "";
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof StartupError, `not a StartupError: ${error}`);
    assert.equal(error.code, code);
    message = error.message;
    return true;
  });
  return message;
}
