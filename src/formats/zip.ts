import type { Evidence } from "../model/mod.ts";
import { type Identity, identity } from "./identity.ts";
import { latin1, type Probe, readUpTo, viewOf } from "./probe.ts";
import type { ByteSource } from "./source.ts";

const END_BYTES = 22;
const END64_LOCATOR_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
/** Entries whose names are read, to say what kind of ZIP it is. It is refused whatever they say. */
const MAX_NAMES_READ = 1024;
const MAX_NAME_BYTES_READ = 1 << 20;
const MAX_NAMES_TOLD = 16;
const MAX_NAME_TOLD = 200;
const METHODS = new Set([0, 1, 6, 8, 9, 12, 14, 19, 20, 93, 94, 95, 96, 97, 98, 99]);

/** A ZIP as its end names it, wherever it begins. */
export interface ZipDirectory {
  /** Offset of the end of central directory record. */
  readonly endOffset: number;
  /** First byte of the ZIP proper: more than zero when something stands before it. */
  readonly beginOffset: number;
  readonly entries: number;
  readonly names: readonly string[];
}

/**
 * Finds a ZIP the way its readers do: by the record at the end, whatever stands before it. The directory must lie
 * where the record says. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT 4.3.16
 */
export function findZip(source: ByteSource): ZipDirectory | null {
  const tailStart = Math.max(0, source.sizeBytes - END_BYTES - MAX_COMMENT_BYTES);
  const tail = readUpTo(source, tailStart, END_BYTES + MAX_COMMENT_BYTES);
  const text = latin1(tail);
  let at = text.lastIndexOf("PK\x05\x06");
  while (at >= 0) {
    const directory = zipDirectoryAt(source, tailStart + at);
    if (directory !== null) return directory;
    at = at === 0 ? -1 : text.lastIndexOf("PK\x05\x06", at - 1);
  }
  return null;
}

/** The directory that an end record at `endOffset` describes; `null` when its numbers do not meet. */
export function zipDirectoryAt(source: ByteSource, endOffset: number): ZipDirectory | null {
  const end = readUpTo(source, endOffset, END_BYTES);
  if (end.byteLength < END_BYTES || !latin1(end).startsWith("PK\x05\x06")) return null;
  const view = viewOf(end);
  const narrow = {
    entries: view.getUint16(10, true),
    sizeBytes: view.getUint32(12, true),
    offset: view.getUint32(16, true),
    directoryEnd: endOffset,
  };
  const wide = narrow.offset === 0xffff_ffff || narrow.sizeBytes === 0xffff_ffff || narrow.entries === 0xffff;
  const stated = (wide ? zip64End(source, endOffset) : null) ?? narrow;
  const start = stated.directoryEnd - stated.sizeBytes;
  if (stated.entries === 0 || stated.sizeBytes < CENTRAL_BYTES || start < 0) return null;
  const names = centralNames(source, start, stated.directoryEnd);
  if (names === null) return null;
  return { endOffset, beginOffset: Math.max(0, start - stated.offset), entries: stated.entries, names };
}

/** The 64-bit end record: its locator stands right before the end record, itself right before the locator. */
function zip64End(source: ByteSource, endOffset: number) {
  const at = endOffset - END64_LOCATOR_BYTES - 56;
  const bytes = readUpTo(source, at, 56);
  if (bytes.byteLength < 56 || !latin1(bytes).startsWith("PK\x06\x06")) return null;
  const view = viewOf(bytes);
  const [entries, sizeBytes, offset] = [32, 40, 48].map((field) => Number(view.getBigUint64(field, true)));
  if (entries === undefined || sizeBytes === undefined || offset === undefined) return null;
  return Number.isSafeInteger(sizeBytes) && Number.isSafeInteger(offset)
    ? { entries, sizeBytes, offset, directoryEnd: at }
    : null;
}

function centralNames(source: ByteSource, begin: number, end: number): string[] | null {
  const names: string[] = [];
  let nameBytes = 0;
  let at = begin;
  while (at < end && names.length < MAX_NAMES_READ && nameBytes < MAX_NAME_BYTES_READ) {
    const header = readUpTo(source, at, CENTRAL_BYTES);
    if (header.byteLength < CENTRAL_BYTES || !latin1(header).startsWith("PK\x01\x02")) break;
    const view = viewOf(header);
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(field, true));
    names.push(latin1(readUpTo(source, at + CENTRAL_BYTES, name ?? 0)));
    nameBytes += name ?? 0;
    at += CENTRAL_BYTES + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return names.length === 0 ? null : names;
}

/** A local file header at the start: version, flags, method and name all such as writers make them. */
export function localEntryName(probe: Probe): string | null {
  const header = probe.at(0, LOCAL_BYTES);
  if (!probe.has(0, "PK\x03\x04") || header.byteLength < LOCAL_BYTES) return null;
  const view = viewOf(header);
  const [version, flags, method, nameBytes] = [
    view.getUint8(4),
    view.getUint16(6, true),
    view.getUint16(8, true),
    view.getUint16(26, true),
  ];
  if (version > 63 || (flags & 0xd780) !== 0 || !METHODS.has(method) || nameBytes === 0) return null;
  const name = latin1(probe.at(LOCAL_BYTES, nameBytes));
  // deno-lint-ignore no-control-regex
  return name.length === nameBytes && !/[\x00-\x1f]/.test(name) ? name : null;
}

/** A ZIP from its first byte on, named by what its entries make it. */
export function recogniseZip(probe: Probe): Identity | null {
  if (!probe.has(0, "PK\x03\x04") && !probe.has(0, "PK\x05\x06")) return null;
  const directory = findZip(probe.source);
  const first = localEntryName(probe);
  if (directory !== null) return zipIdentity(directory.names, directory.entries);
  if (first !== null) return zipIdentity([first], 1);
  const empty = probe.has(0, "PK\x05\x06") && probe.sizeBytes < END_BYTES + MAX_COMMENT_BYTES;
  return empty ? identity("zip", "an empty ZIP archive") : null;
}

/** What a ZIP with these entries is for. */
export function zipIdentity(names: readonly string[], entries: number): Identity {
  const evidence: Evidence = {
    entries,
    names: names.slice(0, MAX_NAMES_TOLD).map((n) => n.slice(0, MAX_NAME_TOLD)),
  };
  const ends = (suffix: string) => names.some((name) => name.toLowerCase().endsWith(suffix));
  if (ends("/data.pkl") || names.includes("data.pkl")) {
    return identity("pytorch-zip", "a PyTorch checkpoint (ZIP with data.pkl)", evidence);
  }
  if (ends(".weights.h5") || names.includes("metadata.json") && names.includes("config.json")) {
    return identity(
      "keras-zip",
      "a Keras model (ZIP with weights and a configuration that can hold code)",
      evidence,
    );
  }
  if (ends(".pkl") || ends(".pickle")) return identity("zip", "a ZIP archive with a pickle in it", evidence);
  if (ends(".npy")) return identity("npz", "NumPy arrays in a ZIP (.npz)", evidence);
  if (ends(".gguf") || ends(".safetensors")) {
    return identity("zip", "a ZIP archive with a model in it", evidence);
  }
  return identity("zip", "a ZIP archive", evidence);
}

/** Whether the ZIP carries a model, as a llamafile does. */
export function zipHoldsModel(directory: ZipDirectory): boolean {
  return directory.names.some((name) => name.toLowerCase().endsWith(".gguf"));
}
