import type { Anchor } from "./anchor.ts";
import { MAX_LINE_BYTES, type Reader, readLine } from "./entry.ts";
import { fileState, type Line, readLines } from "./files.ts";

export interface Break {
  readonly file: string;
  /** Counted from 1 at the offset the walk of the file began at. */
  readonly line: number;
  /** Completes the sentence "line 3 …". */
  readonly why: string;
  /** Byte offset where the broken line starts, and where it ends. */
  readonly start: number;
  readonly end: number;
}

/** Follows a chain from file to file and stops at the first break. */
export class ChainWalk {
  #entries: number;
  #lastHash: string;
  #lineNumber = 0;

  /** `from` says after which entry the walk begins; without it, at the start of the chain. */
  constructor(
    private readonly reader: Reader,
    private readonly anchor: Anchor | null,
    from: { readonly entries: number; readonly lastHash: string } = { entries: 0, lastHash: "" },
  ) {
    this.#entries = from.entries;
    this.#lastHash = from.lastHash;
  }

  /** Sound entries so far. */
  get entries(): number {
    return this.#entries;
  }

  get lastHash(): string {
    return this.#lastHash;
  }

  /** Sound lines so far in the file at hand. */
  get lineNumber(): number {
    return this.#lineNumber;
  }

  /** How many entries the anchor knows that were not met. */
  get missing(): number {
    return Math.max(0, (this.anchor?.entries ?? 0) - this.#entries);
  }

  /** Follows one more file from byte `offset` on; `null` when all of it holds. */
  async file(path: string, offset = 0): Promise<Break | null> {
    this.#lineNumber = 0;
    if ((await fileState(path))?.regular === false) {
      return { file: path, line: 1, why: "is not in a regular file", start: 0, end: 0 };
    }
    let start = offset;
    for await (const batch of readLines(path, offset)) {
      for (const line of batch) {
        const why = this.#step(line);
        if (why !== null) return { file: path, line: this.#lineNumber + 1, why, start, end: line.end };
        this.#lineNumber++;
        start = line.end;
      }
    }
    return null;
  }

  #step(line: Line): string | null {
    if (line.text.length > MAX_LINE_BYTES) return "is longer than any entry";
    if (!line.complete) return "has no end: writing it was interrupted, and the next start repairs it";
    const reading = readLine(line.text, this.reader);
    if (reading.kind === "bad") return reading.why;
    const { prev_hash, entry_hash } = reading.entry;
    if (prev_hash !== this.#lastHash) return "does not follow the entry before it";
    if (this.anchor?.entries === this.#entries + 1 && this.anchor.lastHash !== entry_hash) {
      return "is not the entry that the anchor knows";
    }
    this.#entries++;
    this.#lastHash = entry_hash;
    return null;
  }
}
