import { GGML_TYPES } from "../src/formats/ggml_types.ts";
import { type GgufFile, parseGguf } from "../src/formats/gguf.ts";
import type { ScalarType } from "../src/formats/gguf/value.ts";
import { type ByteSource, MemorySource } from "../src/formats/source.ts";
import { FormatError } from "../src/model/errors.ts";
import {
  arr,
  gguf,
  type GgufInput,
  type MetaEntry,
  type MetaValue,
  type TensorInput,
} from "../test/make/gguf.ts";
import type { Random } from "../test/make/random.ts";
import { type FuzzOptions, type FuzzResult, randomOfCase, runPrepared } from "./fuzz_cases.ts";

const WINDOW_BYTES = 256 * 1024;

/**
 * Makes GGUF files, breaks most of them, and parses them. Throws when an invariant breaks: only `FormatError`, bounded
 * time, no more bytes asked for than a few times the file, and in an accepted file every byte claimed exactly once.
 */
export function fuzzGguf(options: FuzzOptions): FuzzResult {
  return runPrepared(options, (random) => {
    const bytes = mutated(random);
    return () => parsesSoundly(bytes);
  });
}

/** The file of one case: the same for the same seed and number. */
export function mutatedGguf(seed: number, index: number): Uint8Array {
  return mutated(randomOfCase(seed, index));
}

function mutated(random: Random): Uint8Array {
  let bytes = gguf(randomInput(random));
  const mutations = random.oneIn(2) ? 0 : 1 + random.below(3);
  for (let i = 0; i < mutations; i++) bytes = mutate(random, bytes);
  return bytes;
}

function parsesSoundly(bytes: Uint8Array): boolean {
  const source = new CountingSource(bytes);
  let file: GgufFile;
  try {
    file = parseGguf(source);
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  } finally {
    source.check();
  }
  checkClaims(file, bytes);
  return true;
}

/** Watches how much a parser asks for: that bounds what it allocates. */
class CountingSource implements ByteSource {
  readonly #memory: MemorySource;
  #asked = 0;
  #largest = 0;

  constructor(bytes: Uint8Array) {
    this.#memory = new MemorySource(bytes);
  }

  get sizeBytes(): number {
    return this.#memory.sizeBytes;
  }

  read(offset: number, into: Uint8Array): number {
    this.#asked += into.byteLength;
    this.#largest = Math.max(this.#largest, into.byteLength);
    return this.#memory.read(offset, into);
  }

  check(): void {
    if (this.#largest > Math.max(WINDOW_BYTES, this.sizeBytes)) {
      throw new Error(`Asked for ${this.#largest} at once`);
    }
    if (this.#asked > 6 * this.sizeBytes + WINDOW_BYTES) {
      throw new Error(`Asked for ${this.#asked} bytes in all`);
    }
  }
}

/** Header, tensors and zero padding shorter than the alignment make up the whole file. */
function checkClaims(file: GgufFile, bytes: Uint8Array): void {
  let end = file.dataOffset;
  for (const { name, offset, sizeBytes } of file.tensors) {
    if ((offset - file.dataOffset) % file.alignment !== 0) throw new Error(`Tensor ${name} is misaligned`);
    checkPadding(bytes, end, offset, file.alignment);
    end = offset + sizeBytes;
  }
  checkPadding(bytes, end, bytes.byteLength, file.alignment);
  for (const value of file.metadata.values()) {
    const last = value.type === "ARRAY" ? value.offset + value.sizeBytes : value.offset;
    if (last > file.dataOffset) throw new Error("A value lies outside of the header");
  }
  const names = new Set(file.tensors.map(({ name }) => name));
  if (names.size !== file.tensors.length) throw new Error("A tensor name occurs twice");
}

function checkPadding(bytes: Uint8Array, from: number, to: number, alignment: number): void {
  if (to < from || to - from >= alignment) throw new Error(`Bytes ${from} to ${to} are not padding`);
  if (bytes.subarray(from, to).some((byte) => byte !== 0)) {
    throw new Error(`Bytes ${from} to ${to} are not zero`);
  }
}

const KEYS = [
  "general.architecture",
  "general.alignment",
  "general.type",
  "llama.block_count",
  "llama.attention.head_count",
  "llama.vocab_size",
  "tokenizer.ggml.tokens",
  "tokenizer.ggml.scores",
  "tokenizer.ggml.token_type",
  "tokenizer.ggml.eos_token_id",
  "tokenizer.chat_template",
  "tokenizer.chat_template.tool_use",
  "tokenizer.chat_templates",
  "split.no",
  "split.count",
  "x",
];
const FALSE_KEYS = ["X", "x.\u200b", "", "a\0b", "general.architecture"];
const TEXTS = [
  "llama",
  "clip",
  "adapter",
  "",
  "a\0b",
  "<0x41>",
  "<0x-1>",
  "{{ messages }}",
  "\u00e9",
  "long".repeat(40),
];
const NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  8,
  16,
  32,
  64,
  127,
  128,
  255,
  256,
  4096,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
];
const WIDE = [
  0n,
  1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n,
  2n ** 61n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const SCALARS: readonly ScalarType[] = [
  "UINT8",
  "INT8",
  "UINT16",
  "INT16",
  "UINT32",
  "INT32",
  "FLOAT32",
  "BOOL",
  "STRING",
  "UINT64",
  "INT64",
  "FLOAT64",
];

/** A file that is mostly right: now and then a field is left to chance. */
function randomInput(random: Random): GgufInput {
  const kv = new Map<string, MetaEntry>([["general.architecture", ["general.architecture", text("llama")]]]);
  for (let i = random.below(6); i > 0; i--) {
    const key = random.pick(random.oneIn(50) ? FALSE_KEYS : KEYS);
    kv.set(random.oneIn(50) ? `${key}${i}` : key, [key, likelyValue(random, key)]);
  }
  const tensors = Array.from({ length: random.below(5) }, (_, i) => randomTensor(random, i));
  return {
    version: random.oneIn(20) ? random.pick(NUMBERS) : random.pick([2, 3]),
    kv: [...kv.values()],
    tensors,
    alignment: random.oneIn(4) ? random.pick([8, 16, 64, 256]) : 32,
    ...(random.oneIn(40) ? { padding: random.below(256) } : {}),
    ...(random.oneIn(40) ? { tail: random.bytes(random.below(70)) } : {}),
    ...(random.oneIn(5) ? { lastTensor: "bare" as const } : {}),
    ...(random.oneIn(60) ? { kvCount: random.pick(WIDE) } : {}),
    ...(random.oneIn(60) ? { tensorCount: random.pick(WIDE) } : {}),
  };
}

const text = (value: string): MetaValue => ({ type: "STRING", value });

function likelyValue(random: Random, key: string): MetaValue {
  if (random.oneIn(12)) return randomValue(random);
  switch (key) {
    case "general.alignment":
      return { type: "UINT32", value: 32 };
    case "tokenizer.ggml.tokens":
    case "tokenizer.chat_templates":
      return arr("STRING", ["<0x41>", "b", "c"]);
    case "tokenizer.ggml.scores":
      return arr("FLOAT32", [0, -1, -2]);
    case "tokenizer.ggml.token_type":
      return arr("INT32", [6, 1, random.pick([1, 6])]);
    case "general.architecture":
    case "general.type":
    case "x":
    case "tokenizer.chat_template":
    case "tokenizer.chat_template.tool_use":
      return text(random.oneIn(30) ? "a\0b" : random.pick(TEXTS));
    default:
      return { type: random.pick(["UINT32", "INT32", "UINT16"] as const), value: random.below(4) };
  }
}

function randomValue(random: Random): MetaValue {
  if (random.oneIn(20)) return { typeId: random.pick(NUMBERS), bytes: random.bytes(random.below(40)) };
  const type = random.pick(SCALARS);
  const item = () =>
    type === "STRING" ? random.pick(TEXTS) : type === "BOOL" ? random.below(2) : random.pick(NUMBERS);
  if (random.oneIn(2)) return { type, value: item() };
  const items = Array.from({ length: random.below(6) }, item);
  const count = random.oneIn(10) ? { count: random.pick(WIDE) } : {};
  return { type: "ARRAY", elementType: random.oneIn(30) ? "ARRAY" : type, items, ...count };
}

function randomTensor(random: Random, index: number): TensorInput {
  const type = random.pick(GGML_TYPES);
  const dims = Array.from({ length: random.below(4) }, () => random.below(4));
  const row = type.blockElements * (random.below(2) + 1);
  const wide = random.oneIn(40);
  return {
    name: random.oneIn(40) ? random.pick(["w0", "a\0", "n".repeat(64), ""]) : `w${index}`,
    type: random.oneIn(40) ? random.pick(NUMBERS) : type.id,
    dims: wide ? [random.pick(WIDE), random.pick(WIDE)] : [row, ...dims],
    data: random.bytes(
      wide ? 32 : dims.reduce((size, dim) => size * dim, row / type.blockElements * type.blockBytes),
    ),
    ...(random.oneIn(40) ? { offset: random.pick(WIDE) } : {}),
    ...(random.oneIn(60) ? { rank: random.pick(NUMBERS) } : {}),
  };
}

/** One change of the bytes themselves. Most hit the header, where the structure is. */
function mutate(random: Random, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.byteLength < 16) return bytes;
  const at = random.below(random.oneIn(4) ? bytes.byteLength - 8 : Math.min(bytes.byteLength - 8, 400));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (random.below(8)) {
    case 0:
      view.setUint8(at, view.getUint8(at) ^ (1 << random.below(8)));
      return bytes;
    case 1:
      view.setUint8(at, random.u32());
      return bytes;
    case 2:
      view.setUint32(at, random.pick(NUMBERS), true);
      return bytes;
    case 3:
      view.setBigUint64(at, random.pick(WIDE), true);
      return bytes;
    case 4:
      return bytes.slice(0, at);
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16)));
    case 6:
      return joined(bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at));
    default:
      return joined(bytes.subarray(0, at), bytes.subarray(random.below(at + 1)));
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
