import { recogniseArchive, recogniseTar } from "./archive.ts";
import { recogniseExecutable } from "./executable.ts";
import { type Identity, identity } from "./identity.ts";
import { isHdf5At, recogniseWholeGguf } from "./model_files.ts";
import { importsAndCalls, type PickleReport, walkPickle } from "./pickle.ts";
import { latin1, Probe, readUpTo, RegionSource, viewOf } from "./probe.ts";
import type { ByteSource } from "./source.ts";
import { scriptInterpreter } from "./text.ts";
import { localEntryName, zipDirectoryAt, zipIdentity } from "./zip.ts";

/** Something hidden, and where it begins in the source it was found in. */
export interface Hidden {
  readonly offset: number;
  readonly identity: Identity;
}

/** What is looked for inside data: bytes that begin it, and the structure that must follow. */
export interface EmbeddedPattern {
  readonly name: EmbeddedName;
  /** For each byte of the magic the values it may have. At least three bytes, never two zeros in a row among those. */
  readonly magic: readonly (readonly number[])[];
  /** Proves or refutes the structure around the magic at `offset`, in bounded work. */
  readonly confirm: (source: ByteSource, offset: number) => Hidden | null;
}

export type EmbeddedName =
  | "7z"
  | "bzip2"
  | "elf"
  | "gguf"
  | "gzip"
  | "hdf5"
  | "mach-o"
  | "pe"
  | "pickle"
  | "rar"
  | "script"
  | "tar"
  | "xz"
  | "zip-end"
  | "zip-entry";

const CONFIRM_BYTES = 512;
const TAR_MAGIC_OFFSET = 257;
/** How far before its PE header the `MZ` of a program is looked for. */
const MAX_DOS_STUB_BYTES = 65_536;
/** A script is judged by so much from its `#!` on, and by what stands so far before it. */
export const MAX_SCRIPT_LINE_BYTES = 256;
export const SCRIPT_BEFORE_BYTES = 16;
const SCRIPT_TEXT_BYTES = 32;
/** Nothing in numbers runs this long as opcodes; a payload may not hide behind more. */
export const EMBEDDED_PICKLE_LIMITS = { maxOpcodes: 65_536, maxReadBytes: 1 << 20 };

/** Opcodes that can follow PROTO: those that need nothing on the stack. */
const PICKLE_OPENERS = [..."(]})cCBFGIJKLMNPSTUVX\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97"]
  .map((char) => char.charCodeAt(0));

export const EMBEDDED_PATTERNS: readonly EmbeddedPattern[] = [
  { name: "zip-entry", magic: bytes("PK\x03\x04"), confirm: zipEntry },
  { name: "zip-end", magic: bytes("PK\x05\x06"), confirm: zipEnd },
  { name: "elf", magic: bytes("\x7fELF"), confirm: at(recogniseExecutable) },
  { name: "pe", magic: bytes("PE\0\0"), confirm: windowsProgram },
  ...["\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"].map(
    (
      magic,
    ): EmbeddedPattern => ({ name: "mach-o", magic: bytes(magic), confirm: at(machO) }),
  ),
  { name: "7z", magic: bytes("7z\xbc\xaf\x27\x1c"), confirm: at(recogniseArchive) },
  { name: "rar", magic: bytes("Rar!\x1a\x07"), confirm: at(recogniseArchive) },
  { name: "gzip", magic: bytes("\x1f\x8b\x08"), confirm: at(recogniseArchive) },
  { name: "bzip2", magic: bytes("BZh"), confirm: at(recogniseArchive) },
  { name: "xz", magic: bytes("\xfd7zXZ\0"), confirm: at(recogniseArchive) },
  { name: "tar", magic: bytes("ustar"), confirm: at(recogniseTar, TAR_MAGIC_OFFSET) },
  { name: "gguf", magic: bytes("GGUF"), confirm: at(recogniseWholeGguf) },
  { name: "hdf5", magic: bytes("\x89HDF\r\n\x1a\n"), confirm: at(hdf5) },
  { name: "script", magic: [...bytes("#!"), [0x2f, 0x20]], confirm: script },
  { name: "pickle", magic: [[0x80], [2, 3, 4, 5], PICKLE_OPENERS], confirm: pickle },
];

function bytes(magic: string): number[][] {
  return [...magic].map((char) => [char.charCodeAt(0)]);
}

/** Confirms by a recogniser of whole files, at the place where the file would begin. */
function at(recognise: (probe: Probe) => Identity | null, magicOffset = 0): EmbeddedPattern["confirm"] {
  return (source, offset) => {
    const begin = offset - magicOffset;
    if (begin < 0) return null;
    const found = recognise(new Probe(new RegionSource(source, begin, source.sizeBytes), CONFIRM_BYTES));
    return found === null ? null : { offset: begin, identity: found };
  };
}

/** One local header proves little about what the ZIP is; its directory, if there is one, is found by `zip-end`. */
function zipEntry(source: ByteSource, offset: number): Hidden | null {
  const name = localEntryName(new Probe(new RegionSource(source, offset, source.sizeBytes), CONFIRM_BYTES));
  return name === null ? null : { offset, identity: zipIdentity([name], 1) };
}

function zipEnd(source: ByteSource, offset: number): Hidden | null {
  const directory = zipDirectoryAt(source, offset);
  if (directory === null) return null;
  return { offset: directory.beginOffset, identity: zipIdentity(directory.names, directory.entries) };
}

/** Java classes share the magic of fat Mach-O files, but their own structure is too loose to find in numbers. */
function machO(probe: Probe): Identity | null {
  const found = recogniseExecutable(probe);
  return found?.kind === "mach-o" ? found : null;
}

function hdf5(probe: Probe): Identity | null {
  return isHdf5At(probe, 0) ? identity("hdf5", "an HDF5 file") : null;
}

/** From the PE header back to the `MZ` that points at it. */
function windowsProgram(source: ByteSource, offset: number): Hidden | null {
  const begin = Math.max(0, offset - MAX_DOS_STUB_BYTES);
  const stub = readUpTo(source, begin, offset - begin);
  const view = viewOf(stub);
  for (let mz = stub.lastIndexOf(0x4d); mz >= 0; mz = mz === 0 ? -1 : stub.lastIndexOf(0x4d, mz - 1)) {
    const points = stub[mz + 1] === 0x5a && mz + 64 <= stub.byteLength &&
      view.getUint32(mz + 0x3c, true) === offset - begin - mz;
    if (!points) continue;
    const program = at(recogniseExecutable)(source, begin + mz);
    if (program !== null) return program;
  }
  return null;
}

/** A first line that a kernel would run and text after it, where no text stands before: vocabularies quote such lines. */
function script(source: ByteSource, offset: number): Hidden | null {
  const text = latin1(readUpTo(source, offset, MAX_SCRIPT_LINE_BYTES));
  const interpreter = scriptInterpreter(text);
  if (interpreter === null || !interpreter.includes("bin/")) return null;
  const body = text.slice(text.indexOf("\n") + 1).slice(0, SCRIPT_TEXT_BYTES);
  const before = latin1(
    readUpTo(source, Math.max(0, offset - SCRIPT_BEFORE_BYTES), Math.min(SCRIPT_BEFORE_BYTES, offset)),
  );
  if (!/^[\t\r\n\x20-\x7e]*$/.test(body) || (before !== "" && /^[\t\r\n\x20-\x7e]+$/.test(before))) {
    return null;
  }
  return { offset, identity: identity("script", `a script run by ${interpreter}`, { interpreter }) };
}

function pickle(source: ByteSource, offset: number): Hidden | null {
  return hiddenPickle(walkPickle(source, offset, EMBEDDED_PICKLE_LIMITS), offset);
}

/** In data only a pickle that imports something counts: random bytes that merely run to STOP occur by chance. */
export function hiddenPickle(report: PickleReport, offset: number): Hidden | null {
  if (!importsAndCalls(report)) return null;
  const { protocol, globals, calls, end } = report;
  const what = `a Python pickle that would import ${globals.slice(0, 3).join(", ")}`;
  return { offset, identity: identity("pickle", what, { protocol, globals, calls, end }) };
}
