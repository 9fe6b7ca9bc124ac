import { FormatError, type Place } from "../model/errors.ts";
import { type Finding, finding } from "../model/finding.ts";
import type { RuleId } from "../model/rules/mod.ts";
import { readExactly } from "./cursor.ts";
import { type HeaderIndex, readHeader } from "./safetensors/header.ts";
import type { ByteSource } from "./source.ts";
import type { TensorSpan } from "./tensor.ts";

/** A safetensors file of which every byte is accounted for. */
export interface SafetensorsFile {
  /** In the order their bytes lie in the file. */
  readonly tensors: readonly TensorSpan[];
  /** The texts of `__metadata__`; empty when there is none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Length of the JSON header with its padding. */
  readonly headerBytes: number;
  /** File offset of the first byte of tensor data. */
  readonly dataOffset: number;
  /** What a person should look at although the file is well-formed. */
  readonly findings: readonly Finding[];
}

/** The limit of every loader: `MAX_HEADER_SIZE` in safetensors/src/tensor.rs. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Above this, `__metadata__` is worth a look. Training metadata of adapters is often over 100 KiB. */
export const LARGE_METADATA_BYTES = 1024 * 1024;
/** Above this, tensors without a value are worth a look. */
export const MANY_EMPTY_TENSORS = 65_536;

const LENGTH_BYTES = 8;

/**
 * Reads the header and proves that the tensors cover the data section exactly: sorted by offset, each begins where the
 * one before ends, and the last ends with the file. Tensor data is not read. Throws only `FormatError`; memory is
 * bounded whatever the header says.
 * https://github.com/huggingface/safetensors#format
 */
export function parseSafetensors(source: ByteSource): SafetensorsFile {
  const headerBytes = readHeaderLength(source);
  const dataOffset = LENGTH_BYTES + headerBytes;
  const index = readHeader({ source, offset: LENGTH_BYTES, sizeBytes: headerBytes }, dataOffset);
  const tensors = inFileOrder(index.tensors);
  claimEveryByte(tensors, dataOffset, source.sizeBytes);
  const findings = [...paddingFindings(source, index, dataOffset), ...contentFindings(index)];
  return { tensors, metadata: index.metadata, headerBytes, dataOffset, findings };
}

function readHeaderLength(source: ByteSource): number {
  if (source.sizeBytes < LENGTH_BYTES) {
    refuse("safetensors/too-short", `the file has ${source.sizeBytes} bytes, fewer than 8`, { offset: 0 });
  }
  const bytes = new Uint8Array(LENGTH_BYTES);
  readExactly(source, 0, bytes);
  const length = new DataView(bytes.buffer).getBigUint64(0, true);
  const place = { offset: 0, field: "header length" };
  const left = source.sizeBytes - LENGTH_BYTES;
  if (length > BigInt(left)) {
    refuse("safetensors/header-length", `the header claims ${length} bytes where ${left} are left`, place);
  }
  if (length > BigInt(MAX_HEADER_BYTES)) {
    refuse("safetensors/header-limit", `the header has ${length} bytes, above ${MAX_HEADER_BYTES}`, place);
  }
  return Number(length);
}

/** By offset; of two at one offset the one that ends first, so that tensors without bytes come before their neighbour. */
function inFileOrder(tensors: TensorSpan[]): readonly TensorSpan[] {
  return tensors.sort((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
}

function claimEveryByte(tensors: readonly TensorSpan[], dataOffset: number, sizeBytes: number): void {
  let next = dataOffset;
  for (const tensor of tensors) {
    if (tensor.offset !== next) {
      const what = tensor.offset > next
        ? `${tensor.offset - next} bytes before it belong to no tensor`
        : `its first ${next - tensor.offset} bytes belong to another tensor too`;
      const place = { offset: Math.min(next, tensor.offset), field: "data_offsets", tensor: tensor.name };
      refuse("safetensors/hole-or-overlap", `tensor ${JSON.stringify(tensor.name)}: ${what}`, place);
    }
    next = tensor.offset + tensor.sizeBytes;
  }
  if (next !== sizeBytes) {
    refuse("safetensors/unclaimed-bytes", `${sizeBytes - next} bytes after the last tensor`, {
      offset: next,
    });
  }
}

function* paddingFindings(source: ByteSource, index: HeaderIndex, dataOffset: number): Iterable<Finding> {
  const leading = index.beginOffset - LENGTH_BYTES;
  if (leading > 0) {
    const message = `${leading} bytes of white space come before the header's "{"`;
    yield finding("safetensors/header-start", message, { offset: LENGTH_BYTES });
  }
  // At most 1 MiB: the JSON reader refuses longer runs of white space.
  const padding = new Uint8Array(dataOffset - index.endOffset);
  readExactly(source, index.endOffset, padding);
  const odd = padding.findIndex((byte) => byte !== 0x20);
  if (odd >= 0) {
    const message = "the header is padded with tabs or line ends where only spaces belong";
    yield finding("safetensors/header-padding", message, { offset: index.endOffset + odd });
  }
}

function* contentFindings(index: HeaderIndex): Iterable<Finding> {
  if (index.metadataBytes > LARGE_METADATA_BYTES) {
    const message = `__metadata__ holds ${index.metadataBytes} bytes of text, above ${LARGE_METADATA_BYTES}`;
    yield finding("safetensors/large-metadata", message, { field: "__metadata__" });
  }
  const empty = index.tensors.reduce((count, tensor) => tensor.sizeBytes === 0 ? count + 1 : count, 0);
  if (empty > MANY_EMPTY_TENSORS) {
    yield finding("safetensors/empty-tensors", `${empty} tensors have no value, above ${MANY_EMPTY_TENSORS}`);
  }
}

function refuse(rule: RuleId, message: string, place: Place): never {
  throw new FormatError(rule, message, place);
}
