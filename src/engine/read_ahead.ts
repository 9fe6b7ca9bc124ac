import { FileSource } from "../files/file_source.ts";
import { inspectFile, type Inspection, type InspectOptions } from "./inspect_file.ts";
import type { WorkerPool } from "./workers.ts";

/**
 * An inspection that was begun before anybody asked for it, with threads that end with it. What it finds, the format's own
 * errors included, waits for whoever asks.
 */
export class ReadAhead {
  readonly #inspection: Promise<Inspection>;
  #progress: (bytes: number) => void = () => {};

  constructor(path: string, format: InspectOptions["format"], private readonly workers: WorkerPool) {
    this.#inspection = this.#inspect(path, format);
    this.#inspection.catch(() => {}); // Reported when it is asked for.
  }

  async #inspect(path: string, format: InspectOptions["format"]): Promise<Inspection> {
    const source = new FileSource(path);
    try {
      return await inspectFile(source, {
        format,
        workers: this.workers,
        progress: (bytes) => this.#progress(bytes),
        signal: new AbortController().signal,
      });
    } finally {
      source.close();
      this.workers.close();
    }
  }

  /** What the inspection finds, when it is done; `progress` is told of the rest of the way. */
  result(progress: (bytes: number) => void): Promise<Inspection> {
    this.#progress = progress;
    return this.#inspection;
  }
}
