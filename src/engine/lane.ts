import { createHash, type Hash } from "node:crypto";
import { type TensorFormats } from "../measure/decode/mod.ts";
import { Meter, type MeteredTensor } from "../measure/meter.ts";
import type { Partial } from "../measure/partial.ts";
import { runBytes } from "../measure/layout.ts";
import { Kernels } from "../measure/wasm/mod.ts";
import { type Chunk, type Piece, planChunks, PlanCursor, type Region, StretchCursor } from "./plan.ts";
import type { SharedPass } from "./shared.ts";

/** A tensor of a pass: its place and type. */
export interface PassTensor {
  readonly type: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Bytes that are hashed as one, whatever lies in them. */
export type Stretch = Pick<Region, "offset" | "sizeBytes">;

/** What the threads of one pass need to know. */
export interface PassInput {
  /** In file order. */
  readonly tensors: readonly PassTensor[];
  readonly sizeBytes: number;
  /** Hashed in the place of tensors, header and padding. */
  readonly stretches: readonly Stretch[] | null;
  /** `null` when no statistics are wanted. */
  readonly kernels: WebAssembly.Module | null;
  /** Whether the kernels can search, and shall. */
  readonly searches: boolean;
}

/** The digest of a region (a tensor, the header or the padding), or of the stretch of that index. */
export interface RegionDigest {
  readonly region: number;
  readonly sha256: string;
}

/** What a thread found out since it last told. */
export interface Report {
  readonly digests: readonly RegionDigest[];
  readonly parts: readonly Partial[];
}

/** Cut length of a region whose type has no runs: any. */
const ANYWHERE = 1;

export function regionsOf(input: PassInput, formats: TensorFormats): Region[] {
  return input.tensors.map(({ type, offset, sizeBytes }) => {
    const format = formats.get(type);
    const cutBytes = format === undefined || input.kernels === null ? ANYWHERE : runBytes(format);
    return { offset, sizeBytes, cutBytes };
  });
}

/** Hashes regions, or the stretches that stand for them, chunk after chunk. */
export class RegionHasher {
  readonly #cursor: PlanCursor;
  readonly #hashed: readonly Stretch[];
  readonly #cut: (chunk: Chunk) => Iterable<Piece>;
  readonly #hashes = new Map<number, Hash>();
  #digests: RegionDigest[] = [];
  #next = 0;

  constructor(private readonly pass: SharedPass, input: PassInput, formats: TensorFormats) {
    const regions = regionsOf(input, formats);
    this.#cursor = new PlanCursor(planChunks(regions, input.sizeBytes, pass.chunkBytes));
    const stretches = input.stretches === null ? null : new StretchCursor(input.stretches);
    this.#hashed = input.stretches ?? regions;
    this.#cut = (chunk) => stretches?.piecesOf(chunk) ?? chunk.pieces;
  }

  /** Hashes the next chunk if it was read; `false` when there is nothing to do now. */
  step(): boolean {
    if (this.#next >= this.pass.read) return false;
    const chunk = this.#cursor.at(this.#next++);
    if (chunk !== null) this.#hash(chunk);
    this.pass.chunkHashed();
    return true;
  }

  #hash(chunk: Chunk): void {
    for (const { region, at, offset, length } of this.#cut(chunk)) {
      const hash = this.#hashes.get(region) ?? createHash("sha256");
      hash.update(this.pass.view(chunk.index, at, length));
      const sizeBytes = this.#hashed[region]?.sizeBytes;
      if (offset + length === sizeBytes) {
        this.#hashes.delete(region);
        this.#digests.push({ region, sha256: hash.digest("hex") });
      } else {
        this.#hashes.set(region, hash);
      }
    }
  }

  /** The digests since the last call. */
  take(): RegionDigest[] {
    const digests = this.#digests;
    this.#digests = [];
    return digests;
  }

  /** The digests of header and padding, after the last chunk. */
  finish(): void {
    for (const [region, hash] of this.#hashes) this.#digests.push({ region, sha256: hash.digest("hex") });
    this.#hashes.clear();
  }
}

/** Measures and searches whichever chunks are free to be measured. */
export class ChunkMeter {
  readonly #cursor: PlanCursor;
  readonly #meter: Meter | null;
  readonly #search: ((from: number, to: number, places: number) => void) | null;
  readonly #tensors: readonly (MeteredTensor | null)[];
  #parts: Partial[] = [];

  constructor(private readonly pass: SharedPass, input: PassInput, formats: TensorFormats, thread: number) {
    this.#cursor = new PlanCursor(planChunks(regionsOf(input, formats), input.sizeBytes, pass.chunkBytes));
    const kernels = input.kernels === null ? null : new Kernels(input.kernels, pass.memory);
    this.#meter = kernels === null ? null : new Meter(pass.memory, kernels, pass.meterAddress(thread));
    this.#search = kernels !== null && input.searches ? kernels.get("search") : null;
    this.#tensors = input.tensors.map(({ type, sizeBytes }, index) => {
      const format = formats.get(type);
      return format === undefined ? null : { index, type, format, sizeBytes };
    });
  }

  /** Measures one chunk if one is waiting; `false` when there is nothing to do now. */
  step(): boolean {
    const claimed = this.pass.claim();
    if (claimed === null) return false;
    const chunk = this.#cursor.at(claimed);
    if (chunk !== null && this.#meter !== null) this.#measure(chunk, this.#meter);
    this.pass.chunkMeasured(claimed);
    return true;
  }

  #measure(chunk: Chunk, meter: Meter): void {
    const address = this.pass.slotAddress(chunk.index);
    this.#search?.(address, address + chunk.length, this.pass.placesAddress(chunk.index));
    for (const { region, at, offset, length } of chunk.pieces) {
      const tensor = this.#tensors[region];
      if (tensor === undefined || tensor === null) continue;
      const done = meter.measure(tensor, offset, address + at, length);
      if (done !== null) this.#parts.push(done);
    }
  }

  /** The parts that were completed since the last call. */
  take(): Partial[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  finish(): void {
    const rest = this.#meter?.flush() ?? null;
    if (rest !== null) this.#parts.push(rest);
  }
}
