import { UndecidedError } from "../model/mod.ts";
import { MAX_LINE_BYTES, MAX_REPLY_BYTES } from "./protocol.ts";

/**
 * Splits a worker's output into lines, never holding more than one line. Too long a line or too much in all is
 * `worker/flood`; bytes that are not UTF-8 are `worker/protocol`. Ends when `stop` aborts, even while something
 * that the worker left behind keeps the stream open.
 */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let total = 0;
  for await (const chunk of chunksOf(stream, stop)) {
    total += chunk.byteLength;
    if (total > MAX_REPLY_BYTES) throw flood(`more than ${MAX_REPLY_BYTES} bytes`);
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield decode(decoder, [...pending, chunk.subarray(start, end)]);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
    }
    const rest = chunk.slice(start);
    pendingBytes += rest.byteLength;
    if (pendingBytes > MAX_LINE_BYTES) throw flood(`a line of more than ${MAX_LINE_BYTES} bytes`);
    if (rest.byteLength > 0) pending.push(rest);
  }
  if (pending.length > 0) yield decode(decoder, pending);
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBufferLike>> {
  const reader = stream.getReader();
  const cancel = () => void reader.cancel();
  stop.addEventListener("abort", cancel, { once: true });
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    stop.removeEventListener("abort", cancel);
    await reader.cancel();
  }
}

function decode(decoder: TextDecoder, parts: readonly Uint8Array[]): string {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  if (whole.byteLength > MAX_LINE_BYTES) throw flood(`a line of more than ${MAX_LINE_BYTES} bytes`);
  try {
    return decoder.decode(whole);
  } catch (cause) {
    throw new UndecidedError("worker/protocol", "the sandbox's answer is not UTF-8", { cause });
  }
}

function flood(what: string): UndecidedError {
  return new UndecidedError("worker/flood", `the sandbox said ${what}`);
}
