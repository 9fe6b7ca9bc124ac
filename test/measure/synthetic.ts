import type { BlockFormat } from "../../src/measure/decode/block.ts";
import { tensorFormats } from "../../src/measure/decode/mod.ts";
import { bytesOf } from "../../src/measure/layout.ts";

/** Uniform in [0, 1). */
export type Random = () => number;

/** A small generator with a seed, so that every run makes the same weights. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Weights as trained ones look: near-normal, a few large. */
export function heavyTailed(random: Random): number {
  return gauss(random) / Math.sqrt(0.25 + 0.75 * random());
}

export function randomBytes(length: number, random: Random): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, length);
}

/** The half float nearest to a value, as bits. */
export function halfBits(value: number): number {
  return new Uint16Array(new Float16Array([value]).buffer)[0] ?? 0;
}

type Encoder = (values: Float64Array) => Uint8Array;

const ENCODERS: Readonly<Record<string, Encoder>> = {
  F64: (values) => new Uint8Array(values.slice().buffer),
  F32: (values) => new Uint8Array(Float32Array.from(values).buffer),
  F16: (values) => new Uint8Array(Float16Array.from(values).buffer),
  BF16: (values) => {
    const words = new Uint32Array(Float32Array.from(values).buffer);
    return new Uint8Array(Uint16Array.from(words, (word) => (word + 0x8000) >>> 16).buffer);
  },
};

/**
 * Bytes of `count` values of standard deviation 0.02. Block formats get the codes of normal values and scales that
 * vary by a factor of two, written straight into the block.
 */
export function syntheticTensor(
  type: string,
  count: number,
  random: Random,
  draw: (random: Random) => number = gauss,
): Uint8Array {
  const encoder = ENCODERS[type];
  if (encoder !== undefined) return encoder(Float64Array.from({ length: count }, () => 0.02 * draw(random)));
  const format = tensorFormats().get(type);
  if (format === undefined) throw new RangeError(`Cannot make ${type}`);
  if (format.kind !== "block") return randomBytes(bytesOf(format, count), random).map((byte) => byte & 0x3f);
  return syntheticBlocks(format.block, count, random, draw);
}

/** Bytes whose nibbles are as uneven as those of quantised normal weights, under plausible scales. */
function syntheticBlocks(
  block: BlockFormat,
  count: number,
  random: Random,
  draw: (random: Random) => number,
) {
  const bytes = new Uint8Array(count / block.elements * block.bytes);
  const nibble = () => Math.max(0, Math.min(15, Math.round(7.5 + 3 * draw(random))));
  const byteOf = block.codeRange[1] > 100
    ? () => Math.max(-127, Math.min(127, Math.round(45 * draw(random)))) & 255
    : () => nibble() | (nibble() << 4);
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteOf();
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += block.bytes) {
    for (const field of block.scale.at) {
      if (block.scale.kind === "f16") view.setUint16(at + field, halfBits(0.002 * (1 + random())), true);
      else if (block.scale.kind === "f32") view.setFloat32(at + field, 0.0002 * (1 + random()), true);
      else bytes[at + field] = block.scale.kind === "e8m0" ? 118 + 2 * random() : 0x28 + 8 * random();
    }
  }
  return bytes;
}
