import { type Identity, identity } from "./identity.ts";
import { HEAD_BYTES, latin1, type Probe, viewOf } from "./probe.ts";
import { protoFields, protoFloat } from "./protobuf.ts";

/** Largest header a safetensors file may have. https://github.com/huggingface/safetensors */
const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000n;
const MAX_NPY_HEADER_BYTES = 65_536;
const MAX_ONNX_FIELDS = 4096;
const HDF5_MAGIC = "\x89HDF\r\n\x1a\n";

/**
 * Model formats by their headers. GGUF and safetensors are taken at their word here (magic, a plausible header
 * length): their own parsers prove or refute them.
 */
export function recogniseModelFile(probe: Probe): Identity | null {
  return gguf(probe) ?? ggml(probe) ?? safetensors(probe) ?? hdf5(probe) ?? npy(probe) ?? tflite(probe) ??
    onnx(probe) ?? sentencepiece(probe);
}

function gguf(probe: Probe): Identity | null {
  return probe.has(0, "GGUF") ? identity("gguf", "a GGUF file") : null;
}

/** GGUF inside something else: here chance must be excluded, so version and counts have to be plausible too. */
export function recogniseWholeGguf(probe: Probe): Identity | null {
  if (!probe.has(0, "GGUF") || probe.sizeBytes < 24) return null;
  const view = viewOf(probe.at(0, 24));
  const version = view.getUint32(4, true);
  const plausible = version >= 1 && version <= 3 && view.getBigUint64(8, true) < 1n << 24n &&
    view.getBigUint64(16, true) < 1n << 24n;
  return plausible ? identity("gguf", "a GGUF file", { version }) : null;
}

/** The formats before GGUF: a u32 magic, spelled backwards on disk, and a small version. */
function ggml(probe: Probe): Identity | null {
  if (!["lmgg", "fmgg", "tjgg", "algg"].some((magic) => probe.has(0, magic)) || probe.sizeBytes < 32) {
    return null;
  }
  return identity("ggml", "a model in an old GGML format, from before GGUF");
}

function safetensors(probe: Probe): Identity | null {
  const start = probe.at(0, 8);
  if (start.byteLength < 8) return null;
  const headerBytes = viewOf(start).getBigUint64(0, true);
  const fits = headerBytes >= 2n && headerBytes <= MAX_SAFETENSORS_HEADER_BYTES &&
    headerBytes <= BigInt(probe.sizeBytes - 8);
  if (!fits || !/^\s*\{\s*["}]/.test(latin1(probe.at(8, HEAD_BYTES - 8)))) return null;
  return identity("safetensors", "a safetensors file", { header_bytes: Number(headerBytes) });
}

function hdf5(probe: Probe): Identity | null {
  return isHdf5At(probe, 0) ? identity("hdf5", "an HDF5 file, as Keras writes its models") : null;
}

/**
 * A superblock at `offset`: signature, version 0 to 3, field widths of 2 to 8 bytes. HDF5 readers look for it at 0,
 * 512, 1024 and so on. https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
 */
export function isHdf5At(probe: Probe, offset: number): boolean {
  if (!probe.has(offset, HDF5_MAGIC)) return false;
  const rest = probe.at(offset + 8, 8);
  const version = rest[0] ?? 255;
  const widthAt = version < 2 ? 5 : 1;
  const widths = [rest[widthAt] ?? 0, rest[widthAt + 1] ?? 0];
  return version <= 3 && widths.every((width) => width === 2 || width === 4 || width === 8);
}

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function npy(probe: Probe): Identity | null {
  const start = probe.at(0, 12);
  if (!probe.has(0, "\x93NUMPY") || start.byteLength < 12) return null;
  const major = start[6] ?? 0;
  const view = viewOf(start);
  const [headerBytes, at] = major === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (major < 1 || major > 3 || headerBytes > MAX_NPY_HEADER_BYTES) return null;
  const header = latin1(probe.at(at, headerBytes));
  if (!/^\{\s*['"]/.test(header)) return null;
  const objects = /['"]\|?O\d*['"]/.test(header);
  return identity("npy", objects ? "a NumPy array of Python objects (it holds a pickle)" : "a NumPy array", {
    holds_pickle: objects,
  });
}

/** A FlatBuffer with the identifier `TFL3` whose root table has a table of fields in range. */
function tflite(probe: Probe): Identity | null {
  const start = probe.at(0, 8);
  if (start.byteLength < 8 || !probe.has(4, "TFL3")) return null;
  const root = viewOf(start).getUint32(0, true);
  const rootBytes = probe.at(root, 4);
  if (root < 8 || rootBytes.byteLength < 4) return null;
  const vtable = root - viewOf(rootBytes).getInt32(0, true);
  const vtableBytes = probe.at(vtable, 4);
  if (vtable < 4 || vtableBytes.byteLength < 4) return null;
  const size = viewOf(vtableBytes).getUint16(0, true);
  return size >= 4 && size % 2 === 0 ? identity("tflite", "a TensorFlow Lite model") : null;
}

/** A ModelProto: IR version, a graph, and no field the schema does not know. */
function onnx(probe: Probe): Identity | null {
  const { source, sizeBytes } = probe;
  if (probe.head[0] !== 0x08) return null;
  const fields = protoFields(source, 0, sizeBytes, MAX_ONNX_FIELDS);
  if (fields === null) return null;
  const known = fields.every((f) => f.wire === (f.number === 1 || f.number === 5 ? 0 : 2) && f.number <= 32);
  const version = fields.find((f) => f.number === 1)?.value ?? 0n;
  const graph = fields.some((f) => f.number === 7);
  if (!known || !graph || version < 1n || version > 64n) return null;
  return identity("onnx", "an ONNX model", { ir_version: Number(version) });
}

/** A SentencePiece ModelProto begins with its pieces: each a text, a finite score and perhaps a type. */
function sentencepiece(probe: Probe): Identity | null {
  const { source, sizeBytes } = probe;
  if (probe.head[0] !== 0x0a) return null;
  const pieces = protoFields(source, 0, sizeBytes, 3);
  if (pieces === null || pieces.length < 3) return null;
  const genuine = pieces.every((piece) => {
    const end = piece.offset + piece.sizeBytes;
    const fields = piece.number === 1 && piece.wire === 2 ? protoFields(source, piece.offset, end, 8) : null;
    const [text, score] = fields ?? [];
    return text?.number === 1 && text.wire === 2 && score?.number === 2 && score.wire === 5 &&
      Number.isFinite(protoFloat(source, score));
  });
  return genuine ? identity("sentencepiece", "a SentencePiece tokenizer") : null;
}
