import type { ByteSource } from "./source.ts";
import { readUpTo, viewOf } from "./probe.ts";

/** One field of a protocol buffers message: where its payload lies, or its number when it is a varint. */
export interface ProtoField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: 0 | 1 | 2 | 5;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly value: bigint;
}

const MAX_VARINT_BYTES = 10;

/**
 * Reads the fields of the message in `[begin, end)` without descending: at most `limit` of them.
 * `null` when the bytes are no well-formed message. https://protobuf.dev/programming-guides/encoding/
 */
export function protoFields(
  source: ByteSource,
  begin: number,
  end: number,
  limit: number,
): ProtoField[] | null {
  const fields: ProtoField[] = [];
  let at = begin;
  while (at < end && fields.length < limit) {
    const field = protoField(source, at, end);
    if (field === null) return null;
    fields.push(field);
    at = field.offset + field.sizeBytes;
  }
  return fields;
}

function protoField(source: ByteSource, at: number, end: number): ProtoField | null {
  const bytes = readUpTo(source, at, 2 * MAX_VARINT_BYTES);
  const key = varint(bytes, 0);
  if (key === null || key.value < 8n || key.value > 0xffff_ffffn) return null;
  const number = Number(key.value >> 3n);
  const offset = at + key.end;
  const fits = (sizeBytes: number) => offset + sizeBytes <= end;
  switch (Number(key.value & 7n)) {
    case 0: {
      const value = varint(bytes, key.end);
      if (value === null || !fits(value.end - key.end)) return null;
      return { number, wire: 0, offset, sizeBytes: value.end - key.end, value: value.value };
    }
    case 1:
      return fits(8) ? { number, wire: 1, offset, sizeBytes: 8, value: 0n } : null;
    case 2: {
      const length = varint(bytes, key.end);
      if (length === null || length.value > BigInt(end - at - length.end)) return null;
      return { number, wire: 2, offset: at + length.end, sizeBytes: Number(length.value), value: 0n };
    }
    case 5:
      return fits(4) ? { number, wire: 5, offset, sizeBytes: 4, value: 0n } : null;
    default:
      return null;
  }
}

function varint(bytes: Uint8Array, begin: number): { value: bigint; end: number } | null {
  let value = 0n;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = bytes[begin + i];
    if (byte === undefined) return null;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, end: begin + i + 1 };
  }
  return null;
}

/** The four bytes of a fixed-width field as a float. */
export function protoFloat(source: ByteSource, field: ProtoField): number {
  const bytes = readUpTo(source, field.offset, 4);
  return bytes.byteLength === 4 ? viewOf(bytes).getFloat32(0, true) : Number.NaN;
}
