import { FormatError } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import type { ByteSource } from "../source.ts";

const CHUNK_BYTES = 64 * 1024;
/** Tab, line feed, vertical tab, form feed, carriage return and escape are found in documents. */
const TEXT_CONTROLS = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);

/** Which bytes below U+0020 a text may have: vocabularies list characters of every sort, but never NUL. */
export type TextSort = "document" | "vocabulary";

/**
 * Proves that a file is text from its first to its last byte. A document that is not UTF-8 is noted; a vocabulary must
 * be UTF-8, because its words are compared byte by byte.
 */
export function proveText(source: ByteSource, sort: TextSort): Finding | null {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, source.sizeBytes));
  let isUtf8 = true;
  for (let offset = 0; offset < source.sizeBytes; offset += buffer.byteLength) {
    const chunk = buffer.subarray(0, source.read(offset, buffer));
    refuseControls(chunk, offset, sort);
    isUtf8 = isUtf8 && decodes(decoder, chunk);
  }
  if (isUtf8) return null;
  const message = "text that is not UTF-8";
  if (sort === "vocabulary") throw new FormatError("directory/text-form", `${message}, in a vocabulary`);
  return finding("directory/text-encoding", message);
}

function refuseControls(chunk: Uint8Array, offset: number, sort: TextSort): void {
  for (let i = 0; i < chunk.byteLength; i++) {
    const byte = chunk[i] ?? 0;
    if (byte >= 0x20 && byte !== 0x7f) continue;
    if (sort === "vocabulary" ? byte !== 0 : TEXT_CONTROLS.has(byte)) continue;
    const message = `byte 0x${byte.toString(16).padStart(2, "0")} at ${offset + i} is no text`;
    throw new FormatError("directory/text-form", message, { offset: offset + i });
  }
}

/** The decoder throws at the first byte that is not UTF-8; that answer is what is asked for. */
function decodes(decoder: TextDecoder, chunk: Uint8Array): boolean {
  try {
    decoder.decode(chunk, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** The whole text of a small file; `null` when it is not UTF-8. The caller has checked the size. */
export function wholeText(source: ByteSource): string | null {
  const bytes = wholeFile(source);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return text.includes("\ufffd") && !bytes.some((byte) => byte === 0xef) ? null : text;
}

/** All bytes of a small file. The caller has checked the size. */
export function wholeFile(source: ByteSource): Uint8Array {
  const bytes = new Uint8Array(source.sizeBytes);
  return bytes.subarray(0, source.read(0, bytes));
}
