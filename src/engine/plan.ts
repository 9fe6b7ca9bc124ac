/** A region of the file that is hashed as one: a tensor, the header before the first, or everything between them. */
export interface Region {
  readonly offset: number;
  readonly sizeBytes: number;
  /** Where the region may be cut: a multiple of so many bytes from its start. */
  readonly cutBytes: number;
}

/** Part of a region in a chunk. `region` is its index, or one of the two below. */
export interface Piece {
  readonly region: number;
  /** From the start of the chunk. */
  readonly at: number;
  /** From the start of the region. */
  readonly offset: number;
  readonly length: number;
}

/** Bytes before the first tensor. */
export const HEAD = -1;
/** Bytes between and after tensors. */
export const PADDING = -2;

/** One read. */
export interface Chunk {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  readonly pieces: readonly Piece[];
}

/** The regions of the whole file in order, gaps included; empty tensors left out. */
function* allRegions(
  regions: readonly Region[],
  sizeBytes: number,
): Generator<Region & { readonly index: number }> {
  let next = 0;
  let gap = HEAD;
  for (const [index, region] of regions.entries()) {
    if (region.offset < next) {
      throw new RangeError(`Cannot plan: region ${index} begins before its predecessor ends`);
    }
    if (region.offset > next) {
      yield { index: gap, offset: next, sizeBytes: region.offset - next, cutBytes: 1 };
    }
    gap = PADDING;
    if (region.sizeBytes > 0) yield { ...region, index };
    next = region.offset + region.sizeBytes;
  }
  if (next > sizeBytes) throw new RangeError("Cannot plan: a region ends after the file");
  if (next < sizeBytes) yield { index: gap, offset: next, sizeBytes: sizeBytes - next, cutBytes: 1 };
}

/**
 * Cuts a file into reads of at most `chunkBytes`, from the first byte to the last. `regions` are in file order and do
 * not overlap (else `RangeError`); no cut length is above `chunkBytes`.
 */
export function* planChunks(
  regions: readonly Region[],
  sizeBytes: number,
  chunkBytes: number,
): Generator<Chunk, void> {
  let pieces: Piece[] = [];
  let [index, start, length] = [0, 0, 0];
  for (const region of allRegions(regions, sizeBytes)) {
    for (let offset = 0; offset < region.sizeBytes;) {
      const rest = region.sizeBytes - offset;
      const room = chunkBytes - length;
      const part = rest <= room ? rest : room - room % region.cutBytes;
      if (part > 0) pieces.push({ region: region.index, at: length, offset, length: part });
      offset += part;
      length += part;
      if (part === rest && length < chunkBytes) continue;
      yield { index: index++, offset: start, length, pieces };
      pieces = [];
      start += length;
      length = 0;
    }
  }
  if (length > 0) yield { index, offset: start, length, pieces };
}

/** Walks a plan to the chunk of a given index; indices must rise. */
export class PlanCursor {
  #current: Chunk | null = null;

  constructor(private readonly plan: Iterator<Chunk, void>) {}

  /** The chunk of that index, `null` when the plan ends before it. */
  at(index: number): Chunk | null {
    while (this.#current === null || this.#current.index < index) {
      const next = this.plan.next();
      if (next.done) return null;
      this.#current = next.value;
    }
    return this.#current;
  }
}

/** Cuts the chunks of a plan, which come in order, by stretches that are in file order and do not overlap. */
export class StretchCursor {
  #next = 0;

  constructor(private readonly stretches: readonly Pick<Region, "offset" | "sizeBytes">[]) {}

  /** The parts of stretches in a chunk; `region` is the index of the stretch. */
  *piecesOf({ offset: start, length }: Chunk): Generator<Piece> {
    const end = start + length;
    for (; this.#next < this.stretches.length; this.#next++) {
      const stretch = this.stretches[this.#next];
      if (stretch === undefined || stretch.offset >= end) return;
      const from = Math.max(start, stretch.offset);
      const to = Math.min(end, stretch.offset + stretch.sizeBytes);
      if (to > from) {
        yield { region: this.#next, at: from - start, offset: from - stretch.offset, length: to - from };
      }
      if (stretch.offset + stretch.sizeBytes > end) return;
    }
  }
}
