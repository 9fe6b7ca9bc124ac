import fs from "node:fs";
import { gguf } from "./gguf.ts";
import { llamaMetadata } from "./gguf/llama.ts";
import { Random } from "./random.ts";

/** Half-precision values of a clean model, as bytes: a block that is written over and over from varying offsets. */
const BLOCK_BYTES = 16 * 1024 * 1024;
const COLUMNS = 4096;

/**
 * Writes a well-formed F16 GGUF of about `sizeBytes` to disk without holding more than a block of it: one matrix a
 * layer, Gaussian weights. For benchmarks; no engine would run it.
 */
export function writeF16Model(path: string, sizeBytes: number): void {
  const rowBytes = COLUMNS * 2;
  const layers = 16;
  const rows = Math.floor(sizeBytes / layers / rowBytes);
  const shape = {
    architecture: "llama",
    contextLength: 2048,
    embeddingLength: COLUMNS,
    layers,
    feedForwardLength: rows,
    heads: 32,
    vocabulary: 32_000,
  };
  const tensors = Array.from({ length: layers }, (_, i) => ({
    name: `blk.${i}.ffn_up.weight`,
    type: "F16" as const,
    dims: [COLUMNS, rows],
    data: new Uint8Array(0),
  }));
  // The builder places tensors by their data; without data the offsets are given.
  const placed = tensors.map((tensor, i) => ({ ...tensor, offset: i * rows * rowBytes }));
  const header = gguf({ kv: llamaMetadata("large", shape), tensors: placed });
  const fd = fs.openSync(path, "w");
  try {
    fs.writeSync(fd, header);
    const block = gaussianHalves(BLOCK_BYTES / 2);
    for (let left = layers * rows * rowBytes; left > 0;) {
      const part = block.subarray(0, Math.min(left, block.byteLength));
      left -= fs.writeSync(fd, part);
    }
  } finally {
    fs.closeSync(fd);
  }
}

function gaussianHalves(count: number): Uint8Array {
  const random = new Random(7);
  const table = new Float16Array(4096).map(() => random.gauss(0.02));
  const halves = new Float16Array(count);
  for (let i = 0; i < count; i++) halves[i] = table[random.u32() & 4095] ?? 0;
  return new Uint8Array(halves.buffer);
}
