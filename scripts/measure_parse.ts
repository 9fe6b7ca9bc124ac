/**
 * Parses one file over and over in this process and prints what that took, for `bench_formats.ts`.
 * usage: deno run --allow-read --allow-write --allow-run scripts/measure_parse.ts FILE
 */
import { peakMemoryBytes } from "./process_cost.ts";
import { FileSource } from "../src/files/mod.ts";
import { parseGguf } from "../src/formats/gguf.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import type { ByteSource } from "../src/formats/source.ts";
import { FormatError } from "../src/model/mod.ts";

const WARM_ROUNDS = 9;

/** What this process saw. */
export interface Measured {
  readonly outcome: string;
  readonly sizeBytes: number;
  /** Bytes asked for by one parse: what it can have cost in time and memory. */
  readonly readBytes: number;
  /** With cold code. */
  readonly firstMs: number;
  /** Median of the parses after it. */
  readonly warmMs: number;
  /** Of memory, up to the end of the first parse: an examiner parses once. */
  readonly peakBytes: number;
}

function measure(path: string): Measured {
  const began = performance.now();
  const parsed = parse(path);
  const firstMs = performance.now() - began;
  const peakBytes = peakMemoryBytes();
  const later = Array.from({ length: WARM_ROUNDS }, () => {
    const start = performance.now();
    parse(path);
    return performance.now() - start;
  });
  const warmMs = later.sort((a, b) => a - b)[WARM_ROUNDS >> 1] ?? NaN;
  return { ...parsed, firstMs, warmMs, peakBytes };
}

function parse(path: string): Pick<Measured, "outcome" | "sizeBytes" | "readBytes"> {
  const file = new FileSource(path);
  let readBytes = 0;
  const source: ByteSource = {
    sizeBytes: file.sizeBytes,
    read(offset, into) {
      readBytes += into.byteLength;
      return file.read(offset, into);
    },
  };
  try {
    const outcome = outcomeOf(() => path.endsWith(".gguf") ? parseGguf(source) : parseSafetensors(source));
    return { outcome, sizeBytes: file.sizeBytes, readBytes };
  } finally {
    file.close();
  }
}

function outcomeOf(read: () => unknown): string {
  try {
    read();
    return "accepted";
  } catch (error) {
    if (error instanceof FormatError) return error.rule;
    throw error;
  }
}

if (import.meta.main) {
  const [path] = Deno.args;
  if (path === undefined) throw new RangeError("usage: measure_parse.ts FILE");
  console.log(JSON.stringify(measure(path)));
}
