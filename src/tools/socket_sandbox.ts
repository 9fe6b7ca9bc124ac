import { UndecidedError } from "../model/mod.ts";
import type { OpenSandbox, Sandbox } from "./worker.ts";

/**
 * Sandboxes that systemd makes: each connection to an `Accept=yes` socket starts one fresh unit, whose input and
 * output the connection is. Ours to end is only the connection; a worker ends when its input does, and its unit
 * bounds how long it may live.
 */

/** How long a free sandbox is waited for. A unit that was started says hello within a second. */
const FREE_WITHIN_MS = 60_000;
const ASK_AGAIN_MS = 250;
/** What begins the words that the unit adds once its worker has ended; no answer holds such a byte. */
const EPITAPH_MARK = 0;
const MAX_EPITAPH_BYTES = 1024;

/** Opens one unit per job behind the socket at `path`, waiting while all of them are busy. */
export function socketSandbox(path: string): OpenSandbox {
  return async (job, signal) => {
    const until = AbortSignal.any([signal, AbortSignal.timeout(FREE_WITHIN_MS)]);
    while (!until.aborted) {
      const connection = new Connection(await connect(path));
      const greeted = await connection.greeted(until);
      if (greeted) return connection.sandbox(job.artifact.path);
      connection.close();
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
    if (signal.aborted) throw new UndecidedError("line/stopped", "stopped before the verdict");
    throw new UndecidedError("worker/busy", `no sandbox started at ${path} in ${FREE_WITHIN_MS / 1000} s`);
  };
}

async function connect(path: string): Promise<Deno.UnixConn> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (cause) {
    throw new UndecidedError("worker/start", `no sandbox answers at ${path}`, { cause });
  }
}

/** One connection: the worker's words as they come, and after them how its unit ended. */
class Connection {
  readonly #ended = Promise.withResolvers<string>();
  readonly #epitaph: number[] = [];
  #isClosed = false;
  #pending: Uint8Array | null = null;

  constructor(private readonly stream: Deno.UnixConn) {}

  /** Whether it said anything: a connection that systemd has no unit for is closed without a word. */
  async greeted(until: AbortSignal): Promise<boolean> {
    const close = () => this.close();
    until.addEventListener("abort", close, { once: true });
    try {
      this.#pending = await this.#read();
      if (this.#pending === null && this.#epitaph.length > 0) {
        throw new UndecidedError("worker/start", `the sandbox ended before it greeted (${this.#said()})`);
      }
      return this.#pending !== null;
    } finally {
      until.removeEventListener("abort", close);
    }
  }

  sandbox(artifactPath: string): Sandbox {
    return {
      artifactPath,
      input: new WritableStream({ write: (chunk) => this.#write(chunk) }),
      output: new ReadableStream({ pull: (controller) => this.#pull(controller) }, { highWaterMark: 0 }),
      kill: () => this.close(),
      ended: this.#ended.promise,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.stream.close();
    this.#ended.resolve(this.#said());
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) at += await this.stream.write(chunk.subarray(at));
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const chunk = this.#pending ?? await this.#read();
    this.#pending = null;
    if (chunk !== null) return controller.enqueue(chunk);
    this.close();
    controller.close();
  }

  /** The worker's next words; null when it has ended, and the rest of what came is how. */
  async #read(): Promise<Uint8Array | null> {
    for (;;) {
      const buffer = new Uint8Array(64 * 1024);
      const size = await this.stream.read(buffer).catch(() => null); // Reset, or closed by us.
      if (size === null) return null;
      const chunk = buffer.subarray(0, size);
      const mark = this.#epitaph.length > 0 ? 0 : chunk.indexOf(EPITAPH_MARK);
      if (mark < 0) return chunk;
      this.#epitaph.push(...chunk.subarray(mark, mark + MAX_EPITAPH_BYTES - this.#epitaph.length));
      if (mark > 0) return chunk.subarray(0, mark);
    }
  }

  /** For a person only: a worker could have forged it. */
  #said(): string {
    const text = new TextDecoder().decode(Uint8Array.from(this.#epitaph));
    const words = text.replace(/[^\x21-\x7e]+/g, " ").trim();
    return words === "" ? "its connection was closed" : words;
  }
}
