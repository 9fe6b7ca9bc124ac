// Types only: an examiner makes its threads before it loads what they share.
import type { PassInput, Report } from "./lane.ts";
import type { SharedPass } from "./shared.ts";
import type { WorkerJob, WorkerMessage } from "./worker.ts";

/** Of a WebAssembly memory. */
export const PAGE_BYTES = 65_536;

/** Files up to this size are done before a second thread would have begun. */
export const ONE_THREAD_BYTES = 8 * 1024 * 1024;

/** More threads than this do not help: two digests and the measuring are all there is to do. */
const MOST_WORKERS = 2;

/** A worker's module, and the directories it loads from: unlike the program's own, these need read permission. */
const WORKER = import.meta.url.endsWith(".ts")
  ? { module: "./worker.ts", directories: ["./", "../measure/"] }
  : { module: "./src/engine/worker.js", directories: ["./"] }; // In the bundle, seen from its directory.

function mayRead(directory: string): boolean {
  const path = new URL(directory, import.meta.url);
  return path.protocol !== "file:" || Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** Asked for a pass, a pool answers in one of these ways; `absent` means that it cannot help at all. */
type PoolState = "starting" | "ready" | "absent" | "failed";

/**
 * Threads that help with passes, one pass at a time. Made early, they start while the program is still parsing. A
 * worker's module must be readable to the program; where it is not, the pool becomes `absent` and passes do without.
 */
export class WorkerPool {
  readonly #workers: readonly Worker[];
  #readyWorkers = 0;
  #busyWorkers = 0;
  #state: PoolState;
  #failure = "";
  #memory: WebAssembly.Memory | null = null;
  #onReport: (report: Report) => void = () => {};
  #onDone: () => void = () => {};

  /** `count`: how many threads; as many as the machine has use for when left out. */
  constructor(count = Math.min(MOST_WORKERS, Math.max(0, navigator.hardwareConcurrency - 1))) {
    const readable = WORKER.directories.every(mayRead);
    if (!readable) this.#failure = "the worker's modules may not be read";
    this.#state = count === 0 || !readable ? "absent" : "starting";
    this.#workers = this.#state === "absent" ? [] : Array.from({ length: count }, () => this.#spawn());
  }

  get size(): number {
    return this.#workers.length;
  }

  get state(): PoolState {
    return this.#state;
  }

  /** Why the pool is `failed` or `absent`. */
  get failure(): string {
    return this.#failure;
  }

  #spawn(): Worker {
    const worker = new Worker(new URL(WORKER.module, import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failure = event.message;
      if (this.#state !== "absent") this.#state = this.#readyWorkers === 0 ? "absent" : "failed";
      this.#onDone();
    };
    return worker;
  }

  #hear(message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        if (++this.#readyWorkers === this.#workers.length && this.#state === "starting") {
          this.#state = "ready";
        }
        return;
      case "report":
        this.#onReport(message.report);
        return;
      case "done":
        this.#busyWorkers--;
        this.#onDone();
        return;
      case "failed":
        this.#failure = message.message;
        this.#state = "failed";
        this.#onDone();
    }
  }

  /** Keeps the memory of a pass that came to its end for the next: the runtime is slow to give it back. */
  keep(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Memory that was kept, when it has just so many pages; it is handed out once. */
  takeMemory(pages: number): WebAssembly.Memory | null {
    const memory = this.#memory;
    this.#memory = null;
    return memory?.buffer.byteLength === pages * PAGE_BYTES ? memory : null;
  }

  /** Sets every worker to work on a pass. The first of them hashes regions. */
  start(pass: SharedPass, input: PassInput, onReport: (report: Report) => void): void {
    if (this.#busyWorkers > 0) throw new Error("Cannot start a pass: the workers are on another");
    this.#onReport = onReport;
    this.#busyWorkers = this.#workers.length;
    for (const [index, worker] of this.#workers.entries()) {
      const job: WorkerJob = {
        memory: pass.memory,
        chunkBytes: pass.chunkBytes,
        threads: pass.threads,
        thread: index + 1,
        hashes: index === 0,
        input,
      };
      worker.postMessage(job);
    }
  }

  /** Resolves when all workers have told everything of the pass, or cannot any more. */
  done(): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#busyWorkers === 0 || this.#state === "failed" || this.#state === "absent") resolve();
      };
      this.#onDone = check;
      check();
    });
  }

  /** Ends the threads. */
  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }
}
