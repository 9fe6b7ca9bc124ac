import { isUtf8 } from "node:buffer";
import { FormatError } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import type { ByteSource } from "../source.ts";

/** Tab, line feed, vertical tab, form feed, carriage return and escape are found in documents. */
const TEXT_CONTROLS = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);

/**
 * Proves that a file is text from its first to its last byte. Not being UTF-8 is noted, for the caller to weigh.
 * A vocabulary may list any character but NUL.
 */
export function proveText(bytes: Uint8Array, sort: "document" | "vocabulary"): Finding | null {
  const wrong = bytes.findIndex((byte) =>
    sort === "vocabulary" ? byte === 0 : (byte < 0x20 && !TEXT_CONTROLS.has(byte)) || byte === 0x7f
  );
  if (wrong >= 0) {
    const byte = (bytes[wrong] ?? 0).toString(16).padStart(2, "0");
    throw new FormatError("directory/text-form", `byte 0x${byte} at ${wrong} is no text`, { offset: wrong });
  }
  return isUtf8(bytes) ? null : finding("directory/text-encoding", "text that is not UTF-8");
}

/** The text of a file that programs read: it must be UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  const note = proveText(bytes, "document");
  if (note !== null) throw new FormatError("directory/text-form", note.message);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** All bytes of a file that must be small. */
export function wholeFile(source: ByteSource, maxBytes: number): Uint8Array {
  if (source.sizeBytes > maxBytes) {
    const message = `${source.sizeBytes} bytes, at most ${maxBytes} are expected of such a file`;
    throw new FormatError("directory/side-file-size", message);
  }
  const bytes = new Uint8Array(source.sizeBytes);
  return bytes.subarray(0, source.read(0, bytes));
}
