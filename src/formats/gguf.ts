import { FormatError } from "../model/errors.ts";
import type { Finding } from "../model/finding.ts";
import { Cursor } from "./cursor.ts";
import { contentFindings } from "./gguf/content.ts";
import { checkKeyTypes, integerOf, textOf } from "./gguf/keys.ts";
import { kindOf, splitOf } from "./gguf/kind.ts";
import {
  DEFAULT_ALIGNMENT,
  GGUF_CURSOR_RULES,
  MAX_ALIGNMENT,
  MAX_KEYS,
  MAX_TENSORS,
  MIN_ALIGNMENT,
} from "./gguf/limits.ts";
import { checkHeaderSize, readMetadata } from "./gguf/metadata.ts";
import { placeTensors, readTensorInfos } from "./gguf/tensors.ts";
import { chatTemplatesOf } from "./gguf/templates.ts";
import type { GgufFile, Metadata } from "./gguf/value.ts";
import type { ByteSource } from "./source.ts";

export { arrayTexts } from "./gguf/arrays.ts";
export { arrayOf, integerOf, textOf } from "./gguf/keys.ts";
export { checkSplitSet, type Shard } from "./gguf/splits.ts";
export type * from "./gguf/value.ts";

const MAGIC = [0x47, 0x47, 0x55, 0x46];
/** Fewest bytes of a key-value pair: key length, type, one byte of value. */
const MIN_KEY_BYTES = 13;
/** Fewest bytes of a tensor description: name length, rank, type, offset. */
const MIN_TENSOR_BYTES = 24;
const MAX_FINDINGS = 256;

/**
 * Reads the header of a GGUF file of version 2 or 3 and proves that every byte of the file is claimed exactly once.
 * Of the tensor data only the padding is read. Structure that is wrong throws `FormatError`; content that is wrong
 * within a sound structure comes back as `findings`.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function parseGguf(source: ByteSource): GgufFile {
  const cursor = new Cursor(source, GGUF_CURSOR_RULES);
  const version = readVersion(cursor);
  const tensorCount = cursor.count(MAX_TENSORS, MIN_TENSOR_BYTES, "tensor count");
  const keyCount = cursor.count(MAX_KEYS, MIN_KEY_BYTES, "key count");
  const { metadata, findings } = readMetadata(cursor, keyCount);
  checkKeyTypes(metadata);
  const alignment = alignmentOf(metadata);
  const infos = readTensorInfos(cursor, tensorCount);
  checkHeaderSize(cursor);
  const { tensors, dataOffset } = placeTensors(source, infos, cursor.offset, alignment);
  const split = splitOf(metadata);
  const kind = kindOf(metadata, tensors, split);
  return {
    version,
    metadata,
    tensors,
    alignment,
    dataOffset,
    kind,
    architecture: textOf(metadata, "general.architecture"),
    split,
    chatTemplates: chatTemplatesOf(source, metadata),
    findings: bounded([...findings, ...contentFindings(source, { metadata, tensors, kind, split })]),
  };
}

/** A file with hundreds of oddities is refused for that, so that a report never leaves one out. */
function bounded(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= MAX_FINDINGS) return findings;
  throw new FormatError("gguf/count", `The content has ${findings.length} faults, more than ${MAX_FINDINGS}`);
}

function readVersion(cursor: Cursor): 2 | 3 {
  const magic = cursor.bytes(MAGIC.length, "magic");
  if (!MAGIC.every((byte, i) => magic[i] === byte)) {
    cursor.refuse("gguf/magic", "The file does not begin with GGUF", "magic", { offset: 0 });
  }
  const version = cursor.u32("version");
  if (version === 2 || version === 3) return version;
  // A version number never needs its upper half, so an empty lower half means swapped bytes.
  if (version !== 0 && version % 0x1_0000 === 0) {
    cursor.refuse("gguf/big-endian", "The file is big-endian", "version", { offset: 4 });
  }
  cursor.refuse("gguf/version", `GGUF version ${version} is not 2 or 3`, "version", { offset: 4 });
}

function alignmentOf(metadata: Metadata): number {
  const alignment = integerOf(metadata, "general.alignment");
  if (alignment === null) return DEFAULT_ALIGNMENT;
  const isPowerOfTwo = (alignment & (alignment - 1n)) === 0n;
  if (isPowerOfTwo && alignment >= BigInt(MIN_ALIGNMENT) && alignment <= BigInt(MAX_ALIGNMENT)) {
    return Number(alignment);
  }
  const message = `Alignment ${alignment} is not a power of two from ${MIN_ALIGNMENT} to ${MAX_ALIGNMENT}`;
  throw new FormatError("gguf/alignment", message, { field: "general.alignment" });
}
