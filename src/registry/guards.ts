import { createHash, timingSafeEqual } from "node:crypto";
import { UndecidedError } from "../model/mod.ts";
import { RequestRefused } from "./registry.ts";
import type { TokenReader } from "./token.ts";
import { MAX_MESSAGE_BYTES } from "./wire.ts";

/** How long a client may take to send its request's body. */
const BODY_TIMEOUT_MS = 10_000;

/** Checks a bearer token in constant time. `unavailable` when there is no token to compare with: never open. */
export async function checkBearer(
  headers: Headers,
  token: TokenReader,
): Promise<"granted" | "refused" | "unavailable"> {
  let expected: string | null;
  try {
    expected = await token();
  } catch (error) {
    if (error instanceof UndecidedError) return "unavailable";
    throw error;
  }
  if (expected === null) return "unavailable";
  const given = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1] ?? "";
  return timingSafeEqual(sha256(given), sha256(expected)) ? "granted" : "refused";
}

function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/**
 * Reads a body that is exactly one JSON object of at most 1 MiB, sent within 10 s and before the signal is aborted.
 * Throws {@link RequestRefused} 400 or 413.
 */
export async function readJsonObject(request: Request, signal: AbortSignal): Promise<unknown> {
  const text = await readText(request, signal);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  } catch (cause) {
    throw new RequestRefused(400, "invalid request body", { cause });
  }
  throw new RequestRefused(400, "invalid request body");
}

async function readText(request: Request, signal: AbortSignal): Promise<string> {
  if (request.body === null) throw new RequestRefused(400, "invalid request body");
  const reader = request.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const giveUp = () => void reader.cancel();
  const deadline = setTimeout(giveUp, BODY_TIMEOUT_MS);
  signal.addEventListener("abort", giveUp);
  let text = "";
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > MAX_MESSAGE_BYTES) throw new RequestRefused(413, "request too large");
      text += decoder.decode(part.value, { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (cause instanceof RequestRefused) throw cause;
    throw new RequestRefused(400, "invalid request body", { cause });
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener("abort", giveUp);
    await reader.cancel();
  }
}
