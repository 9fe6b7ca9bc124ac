import type { Sha256Sink } from "../formats/directory_hash.ts";
import type { ByteSource } from "../formats/source.ts";
import type { TensorSpan } from "../formats/tensor.ts";
import { type TensorFormats, tensorFormats } from "../measure/decode/mod.ts";
import { runBytes } from "../measure/layout.ts";
import { addPartial, emptyPartial, type Partial } from "../measure/partial.ts";
import { deriveStatistics, type TensorStatistics, ValueTables } from "../measure/statistics.ts";
import { compileKernels, type Magic } from "../measure/wasm/mod.ts";
import { createHash } from "node:crypto";
import {
  ChunkMeter,
  type PassInput,
  type RegionDigest,
  RegionHasher,
  regionsOf,
  type Report,
  type Stretch,
} from "./lane.ts";
import { type Chunk, HEAD, PADDING, planChunks, PlanCursor } from "./plan.ts";
import { SharedPass, SLOTS, USUAL_CHUNK_BYTES } from "./shared.ts";
import { ONE_THREAD_BYTES, type WorkerPool } from "./workers.ts";

/** Sees the bytes of the file, chunk after chunk, in order; chunks and lists of places are reused afterwards. */
export interface ChunkObserver {
  /** What begins at the places that the observer wants to be shown. */
  readonly magics: readonly Magic[];
  /**
   * `places`, counted from the start of the chunk and rising: everywhere in it a magic may begin, by its first four
   * bytes. A magic across the seam of two chunks is not among them. `null` when nobody has searched, or there are too
   * many to list.
   */
  feed(chunk: Uint8Array, offset: number, places: Uint32Array | null): void;
}

export interface PassRequest {
  readonly source: ByteSource;
  /** As the parser proved them: in bounds, overlapping nothing. In any order. */
  readonly spans: readonly TensorSpan[];
  readonly want: "digests" | "digests-and-statistics";
  /** Told of each tensor when the last of it was measured; in no particular order. */
  readonly onTensor: (tensor: MeasuredTensor) => void;
  readonly onProgress?: (bytes: number) => void;
  readonly observer?: ChunkObserver;
  readonly signal?: AbortSignal;
  /** Largest read in bytes. Results do not depend on it. */
  readonly chunkBytes?: number;
}

export interface MeasuredTensor {
  readonly span: TensorSpan;
  readonly sha256: string;
  /** `null` when none were wanted. */
  readonly statistics: TensorStatistics | null;
}

export interface MeasuredFile {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Of the bytes before the first tensor: the header. */
  readonly headSha256: string;
  /** Of all bytes between and after tensors, in order. */
  readonly paddingSha256: string;
}

export interface StretchesRequest extends Omit<PassRequest, "want" | "onTensor"> {
  /** In file order, overlapping nothing; empty ones too. */
  readonly stretches: readonly Stretch[];
  /** Takes all bytes, in order. */
  readonly whole: Sha256Sink;
  readonly onTensor: (tensor: Omit<MeasuredTensor, "sha256">) => void;
}

/** How long the first thread works before timers, messages and signals get their turn. */
const TURN_MS = 30;
const WAIT_MS = 10;

/** By a timer: the runtime looks at its input only when it has nothing else to do. */
const nextTurn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/**
 * Reads a file once and gives its digest, the digest of every tensor, and statistics of every value. `workers` share
 * the work when the file is large enough; without them all is done by the calling thread, with the same results.
 *
 * Throws `RangeError` for spans that overlap, lie outside the file or have an unknown type, and `Error` when the file
 * ends early or a worker fails; neither says anything about the model.
 */
export async function measureFile(request: PassRequest, workers: WorkerPool | null): Promise<MeasuredFile> {
  const whole = createHash("sha256");
  const { sizeBytes, results } = await runPass({ ...request, whole, stretches: null }, workers);
  return {
    sizeBytes,
    sha256: whole.digest("hex"),
    headSha256: results.sha256Of(HEAD),
    paddingSha256: results.sha256Of(PADDING),
  };
}

/**
 * As {@link measureFile}, with digests of stretches in the place of those of tensors, header and padding: each digest
 * more of every byte would cost as much again. Gives the digest of each stretch.
 */
export async function measureStretches(
  request: StretchesRequest,
  workers: WorkerPool | null,
): Promise<readonly string[]> {
  const { results } = await runPass({ ...request, want: "digests-and-statistics" }, workers);
  return request.stretches.map((_, index) => results.sha256Of(index));
}

/** What one pass is asked for: digests of tensors, or of stretches. */
type AnyRequest = PassRequest & Pick<StretchesRequest, "whole"> & {
  readonly stretches: readonly Stretch[] | null;
};

async function runPass(request: AnyRequest, workers: WorkerPool | null) {
  const pass = new Pass(request, workers);
  try {
    return await pass.run();
  } finally {
    pass.end();
  }
}

function checkTypes(spans: readonly TensorSpan[], formats: TensorFormats): void {
  for (const { name, type } of spans) {
    if (!formats.has(type)) {
      throw new RangeError(`Cannot measure tensor ${JSON.stringify(name)}: type ${type}`);
    }
  }
}

class Pass {
  readonly #spans: readonly TensorSpan[];
  readonly #formats = tensorFormats();
  readonly #input: PassInput;
  readonly #shared: SharedPass;
  readonly #cursor: PlanCursor;
  readonly #meter: ChunkMeter;
  readonly #results: Results;
  readonly #workers: WorkerPool | null;
  #hasher: RegionHasher | null = null;
  #bytes = 0;
  #read = 0;
  #readAll = false;
  /** By slot: the chunk that is in it. */
  readonly #inMemory: Chunk[] = [];
  #observed = 0;

  constructor(private readonly request: AnyRequest, workers: WorkerPool | null) {
    const { source, spans, want } = request;
    this.#spans = [...spans].sort((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
    checkTypes(spans, this.#formats);
    this.#workers = workers?.state === "absent" || source.sizeBytes <= ONE_THREAD_BYTES ? null : workers;
    const threads = 1 + (this.#workers?.size ?? 0);
    const types = new Set(spans.map((span) => span.type));
    const chunkBytes = chunkSize(request, this.#formats, types);
    const magics = request.observer?.magics ?? [];
    const kernels = want === "digests"
      ? null
      : compileKernels(types, magics, SharedPass.pages(chunkBytes, threads));
    this.#input = {
      tensors: this.#spans.map(({ type, offset, sizeBytes }) => ({ type, offset, sizeBytes })),
      sizeBytes: source.sizeBytes,
      stretches: request.stretches,
      kernels,
      searches: kernels !== null && magics.length > 0,
    };
    const kept = this.#workers?.takeMemory(SharedPass.pages(chunkBytes, threads)) ?? null;
    this.#shared = SharedPass.create(chunkBytes, threads, kept);
    const regions = regionsOf(this.#input, this.#formats);
    this.#cursor = new PlanCursor(planChunks(regions, source.sizeBytes, chunkBytes));
    this.#meter = new ChunkMeter(this.#shared, this.#input, this.#formats, 0);
    this.#results = new Results(this.#spans, request, this.#formats);
    if (this.#workers === null) this.#hashHere();
  }

  #hashHere(): void {
    this.#hasher = new RegionHasher(this.#shared, this.#input, this.#formats);
  }

  async run(): Promise<{ readonly sizeBytes: number; readonly results: Results }> {
    this.#workers?.start(this.#shared, this.#input, (report) => this.#results.take(report));
    await this.#work();
    this.#hasher?.finish();
    this.#meter.finish();
    this.#report();
    await this.#workers?.done();
    this.#watchWorkers();
    while (this.#observed < this.#read) this.#observe();
    this.#results.finish();
    this.request.onProgress?.(this.#bytes);
    this.request.signal?.throwIfAborted(); // Whoever asked to stop gets no result, however late it was asked.
    this.#workers?.keep(this.#shared.memory);
    return { sizeBytes: this.#bytes, results: this.#results };
  }

  end(): void {
    this.#shared.stop();
  }

  async #work(): Promise<void> {
    let turnEnds = performance.now() + TURN_MS;
    while (!this.#finished()) {
      const events = this.#shared.events;
      const worked = this.#readChunk() || this.#hasher?.step() || this.#meter.step();
      if (worked) this.#report();
      else this.#shared.wait(events, WAIT_MS);
      if (performance.now() < turnEnds) continue;
      this.request.onProgress?.(this.#bytes);
      await nextTurn();
      this.request.signal?.throwIfAborted();
      this.#watchWorkers();
      turnEnds = performance.now() + TURN_MS;
    }
  }

  /** A worker that never began leaves its work to this thread; one that failed ends the pass. */
  #watchWorkers(): void {
    if (this.#workers === null || this.#hasher !== null) return;
    if (this.#workers.state === "failed") throw new Error(`Cannot measure: ${this.#workers.failure}`);
    if (this.#workers.state === "absent") this.#hashHere();
  }

  #finished(): boolean {
    if (!this.#readAll || !this.#shared.allClaimed) return this.#readAll && this.#shared.total === 0;
    return this.#hasher === null || this.#shared.hashed >= this.#shared.total;
  }

  #readChunk(): boolean {
    if (this.#readAll || !this.#shared.isFree(this.#read)) return false;
    const chunk = this.#cursor.at(this.#read);
    if (chunk === null) {
      this.#readAll = true;
      this.#shared.setTotal(this.#read);
      return true;
    }
    if (this.#read >= SLOTS) this.#observe();
    this.#inMemory[chunk.index % SLOTS] = chunk;
    const view = this.#shared.view(chunk.index, 0, chunk.length);
    this.#fill(view, chunk.offset);
    this.#read++;
    this.#shared.chunkRead();
    this.request.whole.update(view);
    this.#bytes += chunk.length;
    return true;
  }

  /** Shows the observer the next chunk, once it was measured and before its memory is needed again. */
  #observe(): void {
    const chunk = this.#inMemory[this.#observed++ % SLOTS];
    const { observer } = this.request;
    if (chunk === undefined || observer === undefined) return;
    const places = this.#input.searches ? this.#shared.places(chunk.index) : null;
    observer.feed(this.#shared.view(chunk.index, 0, chunk.length), chunk.offset, places);
  }

  #fill(view: Uint8Array, offset: number): void {
    for (let filled = 0; filled < view.byteLength;) {
      const length = this.request.source.read(offset + filled, view.subarray(filled));
      if (length === 0) throw new Error(`Cannot measure: the file ends at byte ${offset + filled}`);
      filled += length;
    }
  }

  #report(): void {
    const digests = this.#hasher?.take() ?? [];
    const parts = this.#meter.take();
    if (digests.length + parts.length > 0) this.#results.take({ digests, parts });
  }
}

/** No run of any type may be larger than a chunk. */
function chunkSize(request: PassRequest, formats: TensorFormats, types: ReadonlySet<string>): number {
  let size = request.chunkBytes ?? USUAL_CHUNK_BYTES;
  for (const type of types) {
    const format = formats.get(type);
    if (format !== undefined) size = Math.max(size, runBytes(format));
  }
  return Math.ceil(size / 4096) * 4096;
}

const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Puts together what the threads found, and tells of each tensor as soon as all of it is there. */
class Results {
  readonly #parts = new Map<number, Partial>();
  readonly #tensorDigests = new Map<number, string>();
  /** Of whatever is no tensor. */
  readonly #otherDigests = new Map<number, string>();
  readonly #tables = new ValueTables();
  #told = 0;

  constructor(
    private readonly spans: readonly TensorSpan[],
    private readonly request: Pick<AnyRequest, "want" | "stretches" | "onTensor">,
    private readonly formats: TensorFormats,
  ) {
    for (const [index, span] of spans.entries()) {
      if (span.sizeBytes > 0) continue;
      if (request.stretches === null) this.#tensorDigests.set(index, EMPTY_SHA256);
      this.#tellIfComplete(index);
    }
  }

  take({ digests, parts }: Report): void {
    for (const part of parts) this.#part(part);
    for (const digest of digests) this.#digest(digest);
  }

  #part(part: Partial): void {
    const known = this.#parts.get(part.tensor);
    if (known === undefined) this.#parts.set(part.tensor, part);
    else addPartial(known, part);
    this.#tellIfComplete(part.tensor);
  }

  #digest({ region, sha256 }: RegionDigest): void {
    if (region < 0 || this.request.stretches !== null) {
      this.#otherDigests.set(region, sha256);
      return;
    }
    this.#tensorDigests.set(region, sha256);
    this.#tellIfComplete(region);
  }

  #tellIfComplete(index: number): void {
    const span = this.spans[index];
    // A request for stretches is told of tensors without their digests.
    const sha256 = this.request.stretches === null ? this.#tensorDigests.get(index) : "";
    if (span === undefined || sha256 === undefined) return;
    if (this.request.want === "digests") return this.#tell({ span, sha256, statistics: null }, index);
    const part = this.#parts.get(index) ?? emptyPartial(index);
    const format = this.formats.get(span.type);
    if (part.bytes < span.sizeBytes || format === undefined) return;
    this.#tell({ span, sha256, statistics: deriveStatistics(format, part, this.#tables) }, index);
  }

  #tell(tensor: MeasuredTensor, index: number): void {
    this.#parts.delete(index);
    this.#tensorDigests.delete(index);
    this.#told++;
    this.request.onTensor(tensor);
  }

  /** After the last report. Throws when something is missing: then some part of the file was not measured. */
  finish(): void {
    const missing = this.spans.length - this.#told;
    if (missing > 0) throw new Error(`Cannot measure: ${missing} tensors are incomplete`);
    for (const [index, { sizeBytes }] of (this.request.stretches ?? []).entries()) {
      if (sizeBytes > 0 && !this.#otherDigests.has(index)) {
        throw new Error(`Cannot measure: stretch ${index} is incomplete`);
      }
    }
  }

  /** Of the header, the padding or a stretch. */
  sha256Of(region: number): string {
    return this.#otherDigests.get(region) ?? EMPTY_SHA256;
  }
}
