import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { systemCode } from "../files/mod.ts";
import type { RegistryAddress } from "./address.ts";

/** What became of one request. Only `unreachable` proves that the registry never saw it. */
export type Exchange =
  /** `body` is null when it was cut off, came too slowly, was larger than the cap or is not UTF-8. */
  | { readonly kind: "reply"; readonly status: number; readonly body: string | null }
  | { readonly kind: "unreachable"; readonly cause: Error }
  | { readonly kind: "lost"; readonly cause: Error };

export interface Message {
  readonly method: "GET" | "POST" | "DELETE";
  readonly address: RegistryAddress;
  /** A unix socket behind which the address is, for a program that has no network. */
  readonly socketPath?: string;
  /** Path and query. */
  readonly target: string;
  readonly token: string | null;
  readonly json?: string;
  readonly maxReplyBytes: number;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Gives up waiting when it aborts; the exchange is then lost. */
  readonly signal?: AbortSignal;
}

const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

/**
 * Sends one request over a connection of its own and reads at most `maxReplyBytes`. `node:http` because it follows
 * no redirect and, unlike `fetch`, goes through no proxy named in the environment: either would hand out the token.
 */
export function exchange(message: Message): Promise<Exchange> {
  return new Promise((resolve) => {
    const { request } = message.address.startsWith("https:") ? https : http;
    const sent = request(new URL(message.target, message.address), {
      method: message.method,
      headers: headersOf(message),
      agent: false,
      ...(message.socketPath === undefined ? {} : { socketPath: message.socketPath }),
    });
    const deadline = setTimeout(() => {
      sent.destroy(new Error(`No whole answer within ${message.timeoutMs} ms`));
    }, message.timeoutMs);
    const giveUp = () => sent.destroy(new Error("No whole answer before this program stopped"));
    message.signal?.addEventListener("abort", giveUp, { once: true });
    const settle = (result: Exchange) => {
      clearTimeout(deadline);
      message.signal?.removeEventListener("abort", giveUp);
      resolve(result);
    };
    let status: number | null = null;
    sent.on("response", (reply) => {
      status = reply.statusCode ?? 0;
      readBody(reply, status, message.maxReplyBytes, settle);
    });
    sent.on("error", (cause) => {
      if (status !== null) return settle({ kind: "reply", status, body: null });
      settle({ kind: NEVER_SENT.has(systemCode(cause) ?? "") ? "unreachable" : "lost", cause });
    });
    sent.end(message.json);
  });
}

function headersOf({ token, json }: Message): http.OutgoingHttpHeaders {
  return {
    accept: "application/json",
    ...(json === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(json) }),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
}

function readBody(
  reply: http.IncomingMessage,
  status: number,
  maxBytes: number,
  settle: (result: Exchange) => void,
): void {
  const chunks: Uint8Array[] = [];
  let size = 0;
  reply.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size <= maxBytes) chunks.push(chunk);
    else reply.destroy();
  });
  reply.on("end", () => settle({ kind: "reply", status, body: decode(chunks) }));
  // Cut off by the other side, by the deadline or by the cap: after "end" this settles nothing any more.
  const cutOff = () => settle({ kind: "reply", status, body: null });
  reply.on("error", cutOff);
  reply.on("close", cutOff);
}

function decode(chunks: readonly Uint8Array[]): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
