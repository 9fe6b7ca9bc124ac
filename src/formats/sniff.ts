import { recogniseArchive, recogniseTar } from "./archive.ts";
import { type Hidden, hiddenIn } from "./embedded.ts";
import { recogniseExecutable } from "./executable.ts";
import { type Identity, identity } from "./identity.ts";
import { recogniseMedia } from "./media.ts";
import { isHdf5At, recogniseModelFile } from "./model_files.ts";
import { importsAndCalls, recognisePickle, walkPickle } from "./pickle.ts";
import { HEAD_BYTES, Probe, RegionSource } from "./probe.ts";
import type { ByteSource } from "./source.ts";
import { recogniseText } from "./text.ts";
import { findZip, zipHoldsModel, zipIdentity } from "./zip.ts";

export type { FileKind, Identity } from "./identity.ts";

/** How far into a program a model is looked for, to call it a llamafile. */
const LLAMAFILE_SEARCH_BYTES = 32 << 20;

/**
 * What a file really is, whatever its name says: one answer, from its first bytes and the structure they lead to.
 * Reads a few kilobytes; of a pickle as much as its opcodes take, of a program 32 MiB. `unknown` when nothing fits.
 * Throws `FormatError` only for a program stuffed with false models (`disguise/candidate-flood`).
 */
export function identify(source: ByteSource): Identity {
  if (source.sizeBytes === 0) return identity("empty", "an empty file");
  const probe = new Probe(source);
  return recogniseModelFile(probe) ?? llamafile(probe, recogniseExecutable(probe)) ??
    recogniseArchive(probe) ??
    recogniseMedia(probe) ?? recognisePickle(probe) ?? llamafile(probe, recogniseText(probe)) ??
    zipBehindPrefix(probe) ?? zeros(probe) ?? identity("unknown", "no file format known here");
}

/** A program or script that carries a model: `what` it was otherwise stays in the evidence. */
function llamafile(probe: Probe, program: Identity | null): Identity | null {
  if (program === null || !["elf", "mach-o", "pe", "script"].includes(program.kind)) return program;
  const zip = findZip(probe.source);
  const carries = zip !== null && zipHoldsModel(zip) ||
    hiddenIn(new RegionSource(probe.source, 0, LLAMAFILE_SEARCH_BYTES), ["gguf"]) !== null;
  if (!carries) return program;
  return identity("llamafile", "a program with a model inside (llamafile)", { program: program.what });
}

/** ZIP readers start at the end, so bytes in front do not hide it from them. */
function zipBehindPrefix(probe: Probe): Identity | null {
  const zip = findZip(probe.source);
  return zip === null ? null : zipIdentity(zip.names, zip.entries);
}

function zeros(probe: Probe): Identity | null {
  if (probe.head.some((byte) => byte !== 0)) return null;
  const what =
    `nothing but zero bytes in its first ${probe.head.byteLength}, as an unfinished download leaves them`;
  return identity("zeros", what);
}

/**
 * What else the same file would be to another reader: one that starts at the end (ZIP), looks at later offsets (HDF5),
 * checks only a checksum (tar), or runs the first bytes as opcodes (pickle). A well-formed model is none of these.
 */
export function otherFaces(source: ByteSource, first: Identity): Hidden[] {
  const probe = new Probe(source);
  const faces: Hidden[] = [];
  const zip = first.kind.includes("zip") || first.kind === "npz" ? null : findZip(source);
  if (zip !== null) faces.push({ offset: zip.beginOffset, identity: zipIdentity(zip.names, zip.entries) });
  if (
    !first.kind.includes("pickle") && !first.kind.startsWith("pytorch") && importsAndCalls(walkPickle(source))
  ) {
    const pickle = recognisePickle(probe);
    if (pickle !== null) faces.push({ offset: 0, identity: pickle });
  }
  const tar = first.kind.includes("tar") ? null : recogniseTar(probe);
  if (tar !== null) faces.push({ offset: 0, identity: tar });
  for (let offset = 512; offset < source.sizeBytes; offset *= 2) {
    if (isHdf5At(probe, offset)) {
      faces.push({ offset, identity: identity("hdf5", "an HDF5 file after a user block") });
    }
  }
  return faces;
}

/**
 * What lies in bytes that nothing claims (a tail, padding, a gap between tensors): named by its start, else by its
 * end, else by what is found inside. `null` when it is nothing known. Linear in the region. Throws `FormatError`
 * (`disguise/candidate-flood`) for a region made to be endless work.
 */
export function scanRegion(source: ByteSource, begin: number, end: number): Hidden | null {
  const region = new RegionSource(source, begin, end);
  if (region.sizeBytes === 0) return null;
  const whole = identify(region);
  const named = whole.kind !== "unknown" && whole.kind !== "zeros";
  if (named && whole.kind !== "text") {
    return { offset: begin + (findZip(region)?.beginOffset ?? 0), identity: whole };
  }
  const inside = region.sizeBytes > HEAD_BYTES || whole.kind !== "text" ? hiddenIn(region) : null;
  if (inside !== null) return { offset: begin + inside.offset, identity: inside.identity };
  return named ? { offset: begin, identity: whole } : null;
}
