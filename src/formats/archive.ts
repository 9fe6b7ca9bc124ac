import { crc32, inflateRawSync } from "node:zlib";
import { type Identity, identity } from "./identity.ts";
import { latin1, type Probe, viewOf } from "./probe.ts";
import { recogniseZip } from "./zip.ts";

const TAR_BLOCK_BYTES = 512;
const MAX_TAR_ENTRIES_READ = 16;
/** What is inflated of a gzip file to see that it is one. */
const INFLATED_WINDOW_BYTES = 4096;
const MAX_GZIP_NAME_BYTES = 1024;
const MAX_INFLATED_BYTES = 1 << 22;

/** Archives and compressed files, by structure: checksums of headers where the format has them. */
export function recogniseArchive(probe: Probe): Identity | null {
  return recogniseZip(probe) ?? sevenZip(probe) ?? rar(probe) ?? gzip(probe) ?? bzip2(probe) ?? xz(probe) ??
    zstd(probe) ?? lz4(probe) ?? recogniseTar(probe);
}

/** Signature, then a CRC-32 over the 20 bytes that lead to the real header. */
function sevenZip(probe: Probe): Identity | null {
  const header = probe.at(0, 32);
  if (!probe.has(0, "7z\xbc\xaf\x27\x1c") || header.byteLength < 32) return null;
  const genuine = crc32(header.subarray(12, 32)) === viewOf(header).getUint32(8, true);
  return genuine ? identity("7z", "a 7z archive") : null;
}

/** Version 4 ends its signature with 00, version 5 with 01 00; a header of type 0x73 or 1 to 5 follows. */
function rar(probe: Probe): Identity | null {
  if (!probe.has(0, "Rar!\x1a\x07")) return null;
  const old = probe.has(6, "\0") && probe.has(9, "\x73");
  const current = probe.has(6, "\x01\0") && probe.sizeBytes >= 16;
  return old || current ? identity("rar", "a RAR archive") : null;
}

/** Header of RFC 1952, and a body that inflates: beyond the window, or to its end with the right CRC-32 after it. */
function gzip(probe: Probe): Identity | null {
  const header = probe.at(0, 10);
  if (!probe.has(0, "\x1f\x8b\x08") || header.byteLength < 10) return null;
  const [flags, system] = [header[3] ?? 0xff, header[9] ?? 0];
  if ((flags & 0xe0) !== 0 || (system > 13 && system !== 255)) return null;
  const body = gzipBodyOffset(probe, flags);
  return body !== null && inflates(probe.at(body, INFLATED_WINDOW_BYTES))
    ? identity("gzip", "a gzip-compressed file")
    : null;
}

/** After the fixed header: an extra field, a name, a comment and a checksum, each if its flag says so. */
function gzipBodyOffset(probe: Probe, flags: number): number | null {
  let at = 10;
  if ((flags & 4) !== 0) {
    const length = probe.at(at, 2);
    if (length.byteLength < 2) return null;
    at += 2 + viewOf(length).getUint16(0, true);
  }
  for (const textFlag of [8, 16]) {
    if ((flags & textFlag) === 0) continue;
    const end = probe.at(at, MAX_GZIP_NAME_BYTES).indexOf(0);
    if (end < 0) return null;
    at += end + 1;
  }
  return at + ((flags & 2) !== 0 ? 2 : 0);
}

/** Whether zlib takes the window as deflate data. Its errors are answers: two of them say "so far, yes". */
function inflates(window: Uint8Array): boolean {
  try {
    const data = inflateRawSync(window, { maxOutputLength: MAX_INFLATED_BYTES });
    const trailer = new Uint8Array(8);
    viewOf(trailer).setUint32(0, crc32(data), true);
    viewOf(trailer).setUint32(4, data.byteLength, true);
    return latin1(window).includes(latin1(trailer));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    return code === "Z_BUF_ERROR" && window.byteLength > 0 || code === "ERR_BUFFER_TOO_LARGE";
  }
}

/** `BZh`, a block size digit, and the first block's magic (pi) or the end's (its square root). */
function bzip2(probe: Probe): Identity | null {
  const level = (probe.at(3, 1)[0] ?? 0) - 0x30;
  const genuine = probe.has(0, "BZh") && level >= 1 && level <= 9 &&
    (probe.has(4, "1AY&SY") || probe.has(4, "\x17rE8P\x90"));
  return genuine ? identity("bzip2", "a bzip2-compressed file") : null;
}

/** Signature, stream flags, and their CRC-32. */
function xz(probe: Probe): Identity | null {
  const header = probe.at(0, 12);
  if (!probe.has(0, "\xfd7zXZ\0") || header.byteLength < 12) return null;
  const genuine = crc32(header.subarray(6, 8)) === viewOf(header).getUint32(8, true);
  return genuine ? identity("xz", "an xz-compressed file") : null;
}

/** Frame header of RFC 8878 with its reserved bit clear, then a block of a kind and size that exist. */
function zstd(probe: Probe): Identity | null {
  const header = probe.at(0, 18);
  const descriptor = header[4];
  if (!probe.has(0, "\x28\xb5\x2f\xfd") || descriptor === undefined || (descriptor & 8) !== 0) return null;
  const single = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const at = 5 + (single ? 0 : 1) + dictionaryBytes + contentBytes;
  const block = probe.at(at, 3);
  if (block.byteLength < 3) return null;
  const word = (block[0] ?? 0) | ((block[1] ?? 0) << 8) | ((block[2] ?? 0) << 16);
  const genuine = ((word >> 1) & 3) !== 3 && word >> 3 <= 131_072;
  return genuine ? identity("zstd", "a Zstandard-compressed file") : null;
}

/** Frame version 1, reserved bits clear, a block size that exists. */
function lz4(probe: Probe): Identity | null {
  const header = probe.at(0, 7);
  if (!probe.has(0, "\x04\x22\x4d\x18") || header.byteLength < 7) return null;
  const [flags, block] = [header[4] ?? 0, header[5] ?? 0];
  const genuine = flags >> 6 === 1 && (flags & 2) === 0 && (block & 0x8f) === 0 && block >> 4 >= 4;
  return genuine ? identity("lz4", "an LZ4-compressed file") : null;
}

/** A tar header whose checksum is right: that is what its readers go by, with or without `ustar`. */
export function recogniseTar(probe: Probe): Identity | null {
  const names: string[] = [];
  let at = 0;
  while (names.length < MAX_TAR_ENTRIES_READ) {
    const entry = tarEntry(probe.at(at, TAR_BLOCK_BYTES));
    if (entry === null) break;
    names.push(entry.name);
    at += TAR_BLOCK_BYTES * (1 + Math.ceil(entry.sizeBytes / TAR_BLOCK_BYTES));
  }
  if (names.length === 0) return null;
  const pytorch = names.includes("sys_info") && names.includes("pickle");
  return pytorch
    ? identity("pytorch-tar", "an old PyTorch checkpoint (tar with a pickle)", { names })
    : identity("tar", "a tar archive", { names });
}

function tarEntry(block: Uint8Array): { name: string; sizeBytes: number } | null {
  if (block.byteLength < TAR_BLOCK_BYTES || block[0] === 0) return null;
  const stated = octal(block.subarray(148, 156));
  const sizeBytes = octal(block.subarray(124, 136));
  let sum = 8 * 0x20;
  for (let i = 0; i < TAR_BLOCK_BYTES; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  if (stated === null || sizeBytes === null || stated !== sum) return null;
  return { name: latin1(block.subarray(0, 100)).split("\0", 1)[0] ?? "", sizeBytes };
}

/** A number in octal digits, ended by NUL or a space. Sizes above 8 GiB are written otherwise and count as zero. */
function octal(field: Uint8Array): number | null {
  if ((field[0] ?? 0) >= 0x80) return 0;
  const match = /^ *([0-7]+)[ \0]*$/.exec(latin1(field));
  return match === null ? null : Number.parseInt(match[1] ?? "", 8);
}
