import { tensorFormats } from "../measure/decode/mod.ts";
import { ChunkMeter, type PassInput, RegionHasher, type Report } from "./lane.ts";
import { SharedPass } from "./shared.ts";

/** What the first thread asks of a worker. */
export interface WorkerJob {
  readonly memory: WebAssembly.Memory;
  readonly chunkBytes: number;
  readonly threads: number;
  /** Number of this worker's work area; the first thread has 0. */
  readonly thread: number;
  /** Exactly one thread hashes regions. */
  readonly hashes: boolean;
  readonly input: PassInput;
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "report"; readonly report: Report }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };

const WAIT_MS = 100;

/** The large arrays of a report are handed over instead of copied. */
function buffersOf({ parts }: Report): ArrayBuffer[] {
  const lists = parts.flatMap((part) => [part.codes, part.second]);
  return lists.flatMap(({ codes, counts }) => [codes.buffer, counts.buffer]).filter((buffer) =>
    buffer.byteLength > 0
  );
}

type Tell = (message: WorkerMessage, transfer?: ArrayBuffer[]) => void;

function runJob(job: WorkerJob, tell: Tell): void {
  const pass = new SharedPass(job.memory, job.chunkBytes, job.threads);
  const formats = tensorFormats();
  const meter = new ChunkMeter(pass, job.input, formats, job.thread);
  const hasher = job.hashes ? new RegionHasher(pass, job.input, formats) : null;
  const report = () => {
    const digests = hasher?.take() ?? [];
    const parts = meter.take();
    if (digests.length + parts.length === 0) return;
    tell({ kind: "report", report: { digests, parts } }, buffersOf({ digests, parts }));
  };
  while (!pass.stopped) {
    const events = pass.events;
    if (hasher?.step() || meter.step()) report();
    else if (pass.allClaimed && (hasher === null || pass.hashed >= pass.total)) break;
    else pass.wait(events, WAIT_MS);
  }
  hasher?.finish();
  meter.finish();
  report();
  tell({ kind: "done" });
}

declare const self: DedicatedWorkerLike;

/** The part of a worker's global object that is used here. */
interface DedicatedWorkerLike {
  onmessage: ((event: MessageEvent<WorkerJob>) => void) | null;
  postMessage(message: WorkerMessage, transfer: ArrayBuffer[]): void;
}

self.onmessage = ({ data }) => {
  try {
    runJob(data, (message, transfer = []) => self.postMessage(message, transfer));
  } catch (error) {
    self.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) }, []);
  }
};
self.postMessage({ kind: "ready" }, []);
