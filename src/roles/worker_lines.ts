import { Buffer } from "node:buffer";
import { MAX_JOB_BYTES } from "../tools/protocol.ts";

/** Reads the one line a worker is given: its job. */
export async function readLine(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of Deno.stdin.readable) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (chunk.includes(10)) break;
    if (size > MAX_JOB_BYTES) throw new Error("Cannot read the job: too long");
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

/** Says one line of a worker's answer. */
export function say(reply: { readonly t: string }): void {
  const line = new TextEncoder().encode(JSON.stringify(reply) + "\n");
  for (let written = 0; written < line.byteLength;) written += Deno.stdout.writeSync(line.subarray(written));
}
