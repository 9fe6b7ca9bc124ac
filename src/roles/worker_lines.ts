import { Buffer } from "node:buffer";
import { MAX_JOB_BYTES } from "../tools/protocol.ts";

/**
 * Reads the one line a worker is given: its job. From then on the end of the input means that nobody listens any more,
 * and ends the program.
 */
export async function readLine(): Promise<string> {
  const input = Deno.stdin.readable.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await input.read();
    if (done) return decode(chunks);
    chunks.push(value);
    size += value.byteLength;
    if (value.includes(10)) break;
    if (size > MAX_JOB_BYTES) throw new Error("Cannot read the job: too long");
  }
  void input.read().finally(() => Deno.exit(1));
  return decode(chunks);
}

function decode(chunks: readonly Uint8Array[]): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

/** Says one line of a worker's answer; ends the program when nobody listens any more, which is no fault of its own. */
export function say(reply: { readonly t: string }): void {
  const line = new TextEncoder().encode(JSON.stringify(reply) + "\n");
  try {
    for (let written = 0; written < line.byteLength;) {
      written += Deno.stdout.writeSync(line.subarray(written));
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}
