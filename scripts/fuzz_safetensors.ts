import assert from "node:assert/strict";
import { parseSafetensors, type SafetensorsFile } from "../src/formats/safetensors.ts";
import { DTYPE_BITS } from "../src/formats/safetensors/dtypes.ts";
import { type ByteSource, MemorySource } from "../src/formats/source.ts";
import { FormatError } from "../src/model/errors.ts";
import type { Random } from "../test/make/random.ts";
import { rawHeader, safetensors, type TensorSpec } from "../test/make/safetensors.ts";
import { type FuzzOptions, type FuzzResult, randomOfCase, runCases } from "./fuzz_cases.ts";
import { mutateText } from "./fuzz_json.ts";

/**
 * Makes safetensors files, breaks most of them, and parses them. Throws when an invariant breaks: only `FormatError`,
 * bounded time, each byte of the header asked for at most twice and no byte of the data, and in an accepted file every
 * byte is claimed exactly once by the tensors that the platform's JSON parser finds in the header.
 */
export function fuzzSafetensors(options: FuzzOptions): FuzzResult {
  return runCases(options, (random) => parsesSoundly(mutatedSafetensors(random)));
}

/** The file of one case, for other readers to try. */
export function safetensorsOfCase(seed: number, index: number): Uint8Array {
  return mutatedSafetensors(randomOfCase(seed, index));
}

function parsesSoundly(bytes: Uint8Array): boolean {
  const source = new CountingSource(bytes);
  let file: SafetensorsFile;
  try {
    file = parseSafetensors(source);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { offset } = error.place;
    assert.ok(
      offset !== undefined && offset >= 0 && offset <= bytes.byteLength,
      "the offset lies in the file",
    );
    return false;
  } finally {
    source.check();
  }
  checkClaims(file, bytes);
  return true;
}

/** Watches how much a parser asks for: that bounds what it allocates. */
class CountingSource implements ByteSource {
  readonly #memory: MemorySource;
  readonly #headerEnd: number;
  #asked = 0;
  #last = 0;

  constructor(bytes: Uint8Array) {
    this.#memory = new MemorySource(bytes);
    const length = bytes.byteLength < 8
      ? 0n
      : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    this.#headerEnd = 8 + Number(length);
  }

  get sizeBytes(): number {
    return this.#memory.sizeBytes;
  }

  read(offset: number, into: Uint8Array): number {
    this.#asked += into.byteLength;
    this.#last = Math.max(this.#last, offset + into.byteLength);
    return this.#memory.read(offset, into);
  }

  check(): void {
    assert.ok(this.#last <= this.#headerEnd, `Asked for byte ${this.#last} behind the header`);
    assert.ok(this.#asked <= 2 * this.sizeBytes, `Asked for ${this.#asked} bytes in all`);
  }
}

function checkClaims(file: SafetensorsFile, bytes: Uint8Array): void {
  let next = 8 + file.headerBytes;
  assert.equal(file.dataOffset, next);
  for (const { name, type, shape, offset, sizeBytes } of file.tensors) {
    assert.equal(offset, next, `tensor ${name} begins where the one before ends`);
    const bits = shape.reduce((product, n) => product * BigInt(n), BigInt(DTYPE_BITS.get(type) ?? 0));
    assert.equal(bits, 8n * BigInt(sizeBytes), `tensor ${name} has the size of its shape`);
    next += sizeBytes;
  }
  assert.equal(next, bytes.byteLength);
  const { __metadata__, ...entries } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, file.dataOffset)),
  );
  assert.deepEqual(Object.fromEntries(file.metadata), __metadata__ ?? {});
  const found = file.tensors.map(({ name, type, shape, offset, sizeBytes }) => {
    const begin = offset - file.dataOffset;
    return [name, { dtype: type, shape, data_offsets: [begin, begin + sizeBytes] }] as const;
  });
  assert.deepEqual(Object.fromEntries(found), entries);
}

const NAMES = ["w", "model.layers.0.mlp.weight", "a b", "é", "constructor", ""];
const WIDE = [0, 1, 8, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e20, -1, 0.5, 1e300];
const PADDINGS = ["", "", " ", "       ", "\n", "\t", "\0", "x"];

/** A file that is mostly right: now and then a field is left to chance, then bytes are changed. */
function mutatedSafetensors(random: Random): Uint8Array {
  const specs = Array.from({ length: random.below(5) }, (_, i) => randomTensor(random, i));
  const bytes = safetensors(Object.fromEntries(specs), {
    ...(random.oneIn(2) ? { metadata: { format: "pt", [random.pick(NAMES)]: random.pick(NAMES) } } : {}),
    ...(random.oneIn(30) ? { tail: random.bytes(random.below(40)) } : {}),
    padding: random.pick(PADDINGS),
    leading: random.oneIn(10) ? random.pick(PADDINGS) : "",
  });
  if (random.oneIn(2)) return bytes;
  const dataOffset = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  if (random.oneIn(4)) return mutateText(random, bytes.slice());
  let header = bytes.slice(8, dataOffset);
  for (let i = 1 + random.below(3); i > 0; i--) header = mutateHeader(random, header);
  return rawHeader(header, bytes.subarray(dataOffset));
}

function randomTensor(random: Random, index: number): [name: string, spec: TensorSpec] {
  const shape = Array.from({ length: random.below(4) }, () => random.below(5));
  const spec = { dtype: random.pick([...DTYPE_BITS.keys()]), shape: [...shape, 2 * random.below(4)] };
  return [`${random.pick(NAMES)}${index}`, random.oneIn(60) ? { ...spec, span: [random.below(9), 9] } : spec];
}

/** A change of the header's text: of any byte, or of one number or word for another. */
function mutateHeader(random: Random, header: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (random.oneIn(3)) return mutateText(random, header);
  const text = new TextDecoder().decode(header);
  const tokens = text.split(/([0-9]+|"[^"]*"|[{}[\],:])/);
  const at = random.below(tokens.length);
  const other = random.oneIn(2) ? random.pick(tokens) : `${random.pick(WIDE)}`;
  return new TextEncoder().encode(tokens.with(at, other).join(""));
}
