import type { DirectoryInspection } from "./inspect_directory.ts";
import { type FileInspection, inspectFileAt, type Inspecting } from "./inspect_file.ts";
import type { WeightFormat } from "./weights.ts";
import { ONE_THREAD_BYTES, type WorkerPool } from "./workers.ts";

/**
 * An inspection that was begun before anybody asked for it, with threads that end with it. What it finds, the format's own
 * errors included, waits for whoever asks, and who must see for himself that what was read is still what lies there.
 */
export class ReadAhead<T> {
  readonly #inspection: Promise<T>;
  #progress: (bytes: number) => void = () => {};

  constructor(workers: WorkerPool, inspect: (inspecting: Inspecting) => Promise<T>) {
    this.#inspection = inspect({
      workers,
      progress: (bytes) => this.#progress(bytes),
      signal: new AbortController().signal,
    }).finally(() => workers.close());
    this.#inspection.catch(() => {}); // Reported when it is asked for.
  }

  /** What the inspection finds, when it is done; `progress` is told of the rest of the way. */
  result(progress: (bytes: number) => void): Promise<T> {
    this.#progress = progress;
    return this.#inspection;
  }
}

/** What lies at the path, read ahead: a weight file or a directory. */
export type Ahead =
  | { readonly shape: "file"; readonly reading: ReadAhead<FileInspection> }
  | { readonly shape: "directory"; readonly reading: ReadAhead<DirectoryInspection> };

export function readFileAhead(path: string, format: WeightFormat, workers: WorkerPool): Ahead {
  const reading = new ReadAhead(workers, (inspecting) => inspectFileAt(path, { ...inspecting, format }));
  return { shape: "file", reading };
}

/** Threads are for weights: where there are few of them, however many files, they would only take memory. */
export function readDirectoryAhead(path: string, workers: WorkerPool): Ahead {
  const reading = new ReadAhead(workers, async (inspecting) => {
    const { DiskDirectory } = await import("../files/directory_view.ts");
    const { inspectDirectory, weightBytesIn } = await import("./inspect_directory.ts");
    const view = new DiskDirectory(path);
    if (weightBytesIn(view) > ONE_THREAD_BYTES) return await inspectDirectory(view, inspecting);
    workers.close();
    return await inspectDirectory(view, { ...inspecting, workers: null });
  });
  return { shape: "directory", reading };
}
