import { METER_BYTES } from "../measure/meter.ts";
import { FREE_ADDRESS, MOST_PLACES, PLACES_BYTES, SEARCH_STEP_BYTES } from "../measure/wasm/mod.ts";
import { PAGE_BYTES } from "./workers.ts";

/**
 * Chunks that may be in memory at once: so many that the other thread's processor has forgotten a chunk before its place
 * is written again. At most as many as there are counters for.
 */
export const SLOTS = 32;

/** Reads of this size are the fastest, and the largest run of a 4-byte type fits. */
export const USUAL_CHUNK_BYTES = 256 * 1024;

/** Counters in the first bytes of the shared memory, by index of a 32-bit word. */
const WORD = {
  /** Chunks that were read. */
  read: 0,
  /** Chunks whose regions were hashed. */
  hashed: 1,
  /** Chunks that some thread has taken for measuring. */
  claimed: 2,
  /** Chunks in the whole file; 0 until the reader knows. */
  total: 3,
  /** Goes up whenever anything happened, to wait on. */
  events: 4,
  /** Set when the pass is given up. */
  stopped: 5,
  /** Threads that sleep, or are about to. */
  waiting: 6,
  /** From here on, one for each slot: index of the chunk measured last, plus one. */
  measured: 8,
} as const;

/**
 * The memory that the threads of one pass share: counters, the constants of the kernels, a work area for each
 * thread, a ring of chunks, and for each of them the places that a search found in it.
 */
export class SharedPass {
  readonly #words: Int32Array;
  readonly bytes: Uint8Array;

  constructor(readonly memory: WebAssembly.Memory, readonly chunkBytes: number, readonly threads: number) {
    this.#words = new Int32Array(memory.buffer, 0, 64);
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** `kept`: the memory of a pass of the same size that came to its end. */
  static create(chunkBytes: number, threads: number, kept: WebAssembly.Memory | null): SharedPass {
    const pages = SharedPass.pages(chunkBytes, threads);
    const memory = kept ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const pass = new SharedPass(memory, chunkBytes, threads);
    pass.#words.fill(0);
    return pass;
  }

  static pages(chunkBytes: number, threads: number): number {
    const slotBytes = SLOTS * chunkBytes + SEARCH_STEP_BYTES + SLOTS * PLACES_BYTES;
    return Math.ceil((FREE_ADDRESS + threads * METER_BYTES + slotBytes) / PAGE_BYTES);
  }

  meterAddress(thread: number): number {
    return FREE_ADDRESS + thread * METER_BYTES;
  }

  slotAddress(chunk: number): number {
    return FREE_ADDRESS + this.threads * METER_BYTES + (chunk % SLOTS) * this.chunkBytes;
  }

  /** Where the places found in a chunk are listed. */
  placesAddress(chunk: number): number {
    return this.slotAddress(0) + SLOTS * this.chunkBytes + SEARCH_STEP_BYTES + (chunk % SLOTS) * PLACES_BYTES;
  }

  /** The places found in a chunk, `null` when there are more than were listed. */
  places(chunk: number): Uint32Array | null {
    const address = this.placesAddress(chunk);
    const [count = 0] = new Uint32Array(this.memory.buffer, address, 1);
    return count > MOST_PLACES ? null : new Uint32Array(this.memory.buffer, address + 4, count);
  }

  view(chunk: number, at: number, length: number): Uint8Array {
    const address = this.slotAddress(chunk) + at;
    return this.bytes.subarray(address, address + length);
  }

  get read(): number {
    return Atomics.load(this.#words, WORD.read);
  }

  get hashed(): number {
    return Atomics.load(this.#words, WORD.hashed);
  }

  get total(): number {
    return Atomics.load(this.#words, WORD.total);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, WORD.stopped) !== 0;
  }

  /** Whether the slot of that chunk is free to be read into. */
  isFree(chunk: number): boolean {
    if (chunk < SLOTS) return true;
    const before = chunk - SLOTS;
    return this.hashed > before &&
      Atomics.load(this.#words, WORD.measured + chunk % SLOTS) === before + 1;
  }

  chunkRead(): void {
    Atomics.add(this.#words, WORD.read, 1);
    this.#signal();
  }

  chunkHashed(): void {
    Atomics.add(this.#words, WORD.hashed, 1);
    this.#signal();
  }

  chunkMeasured(chunk: number): void {
    Atomics.store(this.#words, WORD.measured + chunk % SLOTS, chunk + 1);
    this.#signal();
  }

  setTotal(chunks: number): void {
    Atomics.store(this.#words, WORD.total, chunks);
    this.#signal();
  }

  stop(): void {
    Atomics.store(this.#words, WORD.stopped, 1);
    this.#signal();
  }

  /** Takes the next chunk that was read and nobody has measured yet; `null` when there is none now. */
  claim(): number | null {
    for (;;) {
      const next = Atomics.load(this.#words, WORD.claimed);
      if (next >= this.read) return null;
      if (Atomics.compareExchange(this.#words, WORD.claimed, next, next + 1) === next) return next;
    }
  }

  /** Whether every chunk of the file was taken for measuring. */
  get allClaimed(): boolean {
    return this.total > 0 && Atomics.load(this.#words, WORD.claimed) >= this.total;
  }

  get events(): number {
    return Atomics.load(this.#words, WORD.events);
  }

  /** Sleeps until something happens after `events` was read, at most `milliseconds`. */
  wait(events: number, milliseconds: number): void {
    Atomics.add(this.#words, WORD.waiting, 1);
    Atomics.wait(this.#words, WORD.events, events, milliseconds);
    Atomics.sub(this.#words, WORD.waiting, 1);
  }

  /** Wakes nobody when nobody sleeps, which is cheaper; whoever lies down just now sees that the event was counted. */
  #signal(): void {
    Atomics.add(this.#words, WORD.events, 1);
    if (Atomics.load(this.#words, WORD.waiting) > 0) Atomics.notify(this.#words, WORD.events);
  }
}
