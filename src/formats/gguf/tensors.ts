import { FormatError } from "../../model/errors.ts";
import { type Cursor, readExactly } from "../cursor.ts";
import { type GgmlType, ggmlType } from "../ggml_types.ts";
import type { ByteSource } from "../source.ts";
import type { TensorSpan } from "../tensor.ts";

/** Engines keep a name in 64 bytes with a NUL at the end. */
const MAX_NAME_BYTES = 63;
const MAX_RANK = 4;
const INT64_LIMIT = 2n ** 63n;
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Control and format characters: NUL ends a name in C, the others make two names look alike. */
const UNSEEN = /[\p{Cc}\p{Cf}]/u;

/** A tensor as the header describes it. `offset` is relative to the data section and not yet proved. */
interface TensorInfo {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly sizeBytes: bigint;
  readonly offset: bigint;
  /** Where the offset field lies in the file. */
  readonly offsetField: number;
}

/** Reads `count` tensor descriptions. Their sizes are exact; where they lie is proved by {@link placeTensors}. */
export function readTensorInfos(cursor: Cursor, count: number): readonly TensorInfo[] {
  const infos: TensorInfo[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    cursor.within(() => `tensor[${i}]`);
    const offset = cursor.offset;
    const name = readName(cursor);
    if (names.has(name)) {
      cursor.refuse("gguf/tensor-duplicate", `Tensor "${name}" occurs twice`, "name", {
        offset,
        tensor: name,
      });
    }
    names.add(name);
    cursor.within(() => `tensor[${i}] "${name}"`);
    infos.push(readInfo(cursor, name));
  }
  return infos;
}

function readName(cursor: Cursor): string {
  const offset = cursor.offset;
  const length = cursor.length(Number.MAX_SAFE_INTEGER, "name length");
  if (length === 0 || length > MAX_NAME_BYTES) {
    const message = `A tensor name has ${length} bytes, not 1 to ${MAX_NAME_BYTES}`;
    cursor.refuse("gguf/tensor-name", message, "name length", { offset });
  }
  const bytes = cursor.bytes(length, "name");
  let name: string;
  try {
    name = STRICT_UTF8.decode(bytes);
  } catch {
    cursor.refuse("gguf/tensor-name", "A tensor name is not valid UTF-8", "name", { offset });
  }
  if (UNSEEN.test(name)) {
    const message = `Tensor name ${JSON.stringify(name)} holds characters that are not seen`;
    cursor.refuse("gguf/tensor-name", message, "name", { offset });
  }
  return name;
}

function readInfo(cursor: Cursor, name: string): TensorInfo {
  const begin = cursor.offset;
  const rank = cursor.u32("number of dimensions");
  if (rank > MAX_RANK) {
    const message = `Tensor "${name}" has ${rank} dimensions, more than ${MAX_RANK}`;
    cursor.refuse("gguf/tensor-rank", message, "number of dimensions", { offset: begin, tensor: name });
  }
  const dimensions: bigint[] = [];
  for (let d = 0; d < rank; d++) dimensions.push(cursor.u64("dimension"));
  const typeOffset = cursor.offset;
  const typeId = cursor.u32("type");
  const type = ggmlType(typeId) ??
    cursor.refuse("gguf/tensor-type", `Tensor "${name}" has type ${typeId}, which does not exist`, "type", {
      offset: typeOffset,
      tensor: name,
    });
  const sizeBytes = exactSize(cursor, name, type, dimensions, begin + 4);
  const offsetField = cursor.offset;
  const offset = cursor.u64("data offset");
  return { name, type, shape: dimensions.map(Number), sizeBytes, offset, offsetField };
}

/**
 * Bytes of a tensor; refuses whatever does not fit in signed 64 bits, as engines count. A dimension of zero makes the
 * tensor empty, and the others must still fit: engines multiply them into strides.
 */
function exactSize(
  cursor: Cursor,
  name: string,
  type: GgmlType,
  dimensions: bigint[],
  offset: number,
): bigint {
  const refuse = (rule: "gguf/tensor-dimension" | "gguf/tensor-size" | "gguf/tensor-block", what: string) =>
    cursor.refuse(rule, `Tensor "${name}" of ${type.name} [${dimensions}] ${what}`, "dimensions", {
      offset,
      tensor: name,
    });
  let elements = 1n;
  for (const dimension of dimensions) {
    if (dimension >= INT64_LIMIT) refuse("gguf/tensor-dimension", "has a dimension beyond 63 bits");
    elements *= dimension === 0n ? 1n : dimension;
  }
  if (elements >= INT64_LIMIT) refuse("gguf/tensor-size", "has more elements than 63 bits can count");
  const row = dimensions[0] ?? 1n;
  if (row % BigInt(type.blockElements) !== 0n) {
    refuse("gguf/tensor-block", `has rows that are not whole blocks of ${type.blockElements}`);
  }
  const sizeBytes = elements / BigInt(type.blockElements) * BigInt(type.blockBytes);
  if (sizeBytes >= INT64_LIMIT) refuse("gguf/tensor-size", "has more bytes than 63 bits can count");
  if (dimensions.some((dimension) => dimension > BigInt(Number.MAX_SAFE_INTEGER))) {
    refuse("gguf/tensor-dimension", "has a dimension beyond 53 bits");
  }
  return dimensions.includes(0n) ? 0n : sizeBytes;
}

/** Rounds up to a multiple of `alignment`, a power of two. */
function align(offset: bigint, alignment: bigint): bigint {
  return (offset + alignment - 1n) / alignment * alignment;
}

export interface PlacedTensors {
  readonly tensors: readonly TensorSpan[];
  readonly dataOffset: number;
}

/**
 * Proves that header, tensors and zero padding fill the file without gap, overlap or tail: each tensor begins where
 * the one before it, rounded up to the alignment, ends. The last tensor may lack its padding.
 */
export function placeTensors(
  source: ByteSource,
  infos: readonly TensorInfo[],
  headerEnd: number,
  alignment: number,
): PlacedTensors {
  const zeros = new ZeroCheck(source, alignment);
  const step = BigInt(alignment);
  const fileEnd = BigInt(source.sizeBytes);
  const padded = align(BigInt(headerEnd), step);
  const dataOffset = infos.length === 0 ? headerEnd : Number(padded);
  const tensors: TensorSpan[] = [];
  let end = BigInt(headerEnd);
  for (const info of infos) {
    const begin = align(end, step);
    checkOffset(info, begin - padded, step);
    if (begin + info.sizeBytes > fileEnd) refuseOutOfBounds(info, begin, fileEnd);
    zeros.check(Number(end), Number(begin));
    end = begin + info.sizeBytes;
    const { name, type, shape } = info;
    tensors.push({ name, type: type.name, shape, offset: Number(begin), sizeBytes: Number(info.sizeBytes) });
  }
  if (fileEnd > align(end, step)) {
    const message = `${fileEnd - end} bytes follow the end of the last tensor, and nothing claims them`;
    throw new FormatError("gguf/unclaimed-bytes", message, { offset: Number(end), field: "end of data" });
  }
  zeros.check(Number(end), source.sizeBytes);
  return { tensors, dataOffset };
}

function checkOffset(info: TensorInfo, expected: bigint, alignment: bigint): void {
  if (info.offset === expected) return;
  const place = { offset: info.offsetField, field: `tensor "${info.name}" data offset`, tensor: info.name };
  const says = `Tensor "${info.name}" has offset ${info.offset} where ${expected} is due`;
  if (info.offset % alignment !== 0n) {
    throw new FormatError("gguf/tensor-misaligned", `${says}: not a multiple of ${alignment}`, place);
  }
  if (info.offset < expected) {
    throw new FormatError("gguf/tensor-overlap", `${says}: it shares bytes with an earlier tensor`, place);
  }
  throw new FormatError(
    "gguf/tensor-gap",
    `${says}: ${info.offset - expected} bytes belong to no tensor`,
    place,
  );
}

function refuseOutOfBounds(info: TensorInfo, begin: bigint, fileEnd: bigint): never {
  const message =
    `Tensor "${info.name}" needs ${info.sizeBytes} bytes from byte ${begin} on, and the file ends at ${fileEnd}`;
  const place = { offset: info.offsetField, field: `tensor "${info.name}" data`, tensor: info.name };
  throw new FormatError("gguf/tensor-bounds", message, place);
}

/** Reads padding, which is shorter than the alignment, and refuses it unless it is zero. */
class ZeroCheck {
  readonly #buffer: Uint8Array;

  constructor(private readonly source: ByteSource, alignment: number) {
    this.#buffer = new Uint8Array(alignment);
  }

  check(from: number, to: number): void {
    if (from === to) return;
    const padding = this.#buffer.subarray(0, to - from);
    readExactly(this.source, from, padding);
    const at = padding.findIndex((byte) => byte !== 0);
    if (at < 0) return;
    const message = `Padding at byte ${from + at} is not zero`;
    throw new FormatError("gguf/padding", message, { offset: from + at, field: "padding" });
  }
}
