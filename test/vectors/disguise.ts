import { gguf, str } from "../make/gguf.ts";
import * as make from "../make/disguise.ts";
import { Random } from "../make/random.ts";
import { REAL_FILES } from "./real_files.ts";
import type { RuleId } from "../../src/model/mod.ts";

/** A file that lies about itself, under the name it lies with. */
export interface DisguiseVector {
  readonly why: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly rule: RuleId;
}

const { join, raw } = make;

/** The smallest model that is one: a name and a tensor of 4096 zeros. */
export const PLAIN_GGUF = gguf({
  kv: [["general.architecture", str("llama")]],
  tensors: [{ name: "t", type: "F32", dims: [1024] }],
});

export function safetensors(
  dataBytes: number,
  data: Uint8Array = new Uint8Array(dataBytes),
  more = "",
): Uint8Array {
  const header = `{${more}"w":{"dtype":"U8","shape":[${dataBytes}],"data_offsets":[0,${dataBytes}]}}`;
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return join(length, header, data);
}

const sixProtocols = ([0, 1, 2, 3, 4, 5] as const).map((protocol): DisguiseVector => ({
  why: `a pickle of protocol ${protocol}`,
  name: "model.gguf",
  bytes: make.pickle({ protocol, by: protocol >= 4 ? "STACK_GLOBAL" : "GLOBAL", framed: protocol >= 4 }),
  rule: "disguise/pickle",
}));

/** Whole files under a false name. */
export const DISGUISES: readonly DisguiseVector[] = [
  ...sixProtocols,
  {
    why: "a pickle that calls by INST",
    name: "config.json",
    bytes: make.pickle({ protocol: 0, by: "INST" }),
    rule: "disguise/pickle",
  },
  {
    why: "a pickle that names its import through the memo",
    name: "weights.dat",
    bytes: make.pickle({ protocol: 4, by: "memo" }),
    rule: "disguise/pickle",
  },
  {
    why: "a pickle whose import is spelled in escapes",
    name: "tokenizer.model",
    bytes: make.pickle({ protocol: 4, by: "escaped" }),
    rule: "disguise/pickle",
  },
  {
    why: "a pickle broken after the call, which has done its work by then",
    name: "model.safetensors",
    bytes: join(make.pickle({ protocol: 2, ending: "none" }), "\xff\xff\xff"),
    rule: "disguise/pickle",
  },
  {
    why: "a pickle of protocol 0 broken after the call",
    name: "notes.txt",
    bytes: join(make.pickle({ protocol: 0, ending: "none" }), "\xff\xff\xff"),
    rule: "disguise/pickle",
  },
  {
    why: "a pickle with more after STOP",
    name: "config.json.bak",
    bytes: join(make.pickle({ protocol: 3 }), new Uint8Array(5000).fill(7)),
    rule: "disguise/pickle",
  },
  {
    why: "a pickle with a hundred kilobytes of opcodes before its import",
    name: "model.gguf",
    bytes: make.pickle({ protocol: 4, before: "N0".repeat(50_000) }),
    rule: "disguise/pickle",
  },
  {
    why: "a PyTorch ZIP",
    name: "diffusion_pytorch_model.safetensors",
    bytes: make.pytorchZip(),
    rule: "disguise/pytorch-zip",
  },
  {
    why: "a PyTorch ZIP behind bytes that are nothing",
    name: "model.gguf",
    bytes: make.pytorchZip({ prefix: raw("\x7fELF\0\0\0\0") }),
    rule: "disguise/pytorch-zip",
  },
  {
    why: "a ZIP with wrong checksums and flags, and names that disagree",
    name: "model.gguf",
    bytes: make.zip([{ name: "archive/data.pkl", localName: "a", crc: 1, flags: 1, data: raw("x") }]),
    rule: "disguise/pytorch-zip",
  },
  {
    why: "a PyTorch checkpoint from before 1.6",
    name: "model.gguf",
    bytes: join(
      "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
      "\x80\x02M\xe9\x03.",
      make.pickle({ protocol: 2 }),
    ),
    rule: "disguise/pytorch-legacy",
  },
  {
    why: "a PyTorch tar",
    name: "model.gguf",
    bytes: make.tar(["sys_info", "pickle", "storages"]),
    rule: "disguise/pytorch-tar",
  },
  {
    why: "a ZIP with the model inside",
    name: "model.gguf",
    bytes: make.zip([{ name: "model.gguf", data: PLAIN_GGUF }]),
    rule: "disguise/zip",
  },
  {
    why: "a Keras model",
    name: "model.safetensors",
    bytes: make.zip([{ name: "config.json" }, { name: "metadata.json" }, { name: "model.weights.h5" }]),
    rule: "disguise/keras-zip",
  },
  {
    why: "NumPy arrays in a ZIP",
    name: "model.gguf",
    bytes: make.zip([{ name: "w.npy", data: make.npy() }]),
    rule: "disguise/npz",
  },
  { why: "a NumPy array of objects", name: "model.safetensors", bytes: make.npy("|O"), rule: "disguise/npy" },
  { why: "a 7z archive", name: "model.gguf", bytes: make.sevenZip(), rule: "disguise/7z" },
  { why: "a gzip file", name: "model.gguf", bytes: make.gzip(PLAIN_GGUF), rule: "disguise/gzip" },
  { why: "a tar archive", name: "model.gguf", bytes: make.tar(["model.gguf"]), rule: "disguise/tar" },
  {
    why: "a tar archive without its magic",
    name: "model.gguf",
    bytes: make.tar(["model.gguf"], "v7"),
    rule: "disguise/tar",
  },
  { why: "a Linux program", name: "model.gguf", bytes: make.elf(), rule: "disguise/elf" },
  {
    why: "a Linux program of 32 bits, big-endian",
    name: "model.json",
    bytes: make.elf({ bits: 32, order: "big" }),
    rule: "disguise/elf",
  },
  { why: "a Windows program", name: "model.gguf", bytes: make.pe(), rule: "disguise/pe" },
  { why: "a macOS program", name: "model.gguf", bytes: make.machO(), rule: "disguise/mach-o" },
  { why: "a universal macOS program", name: "model.gguf", bytes: make.fatMachO(), rule: "disguise/mach-o" },
  { why: "a Java class", name: "model.gguf", bytes: make.javaClass(), rule: "disguise/java-class" },
  {
    why: "a WebAssembly module",
    name: "model.gguf",
    bytes: raw("\0asm\x01\0\0\0\x01\0"),
    rule: "disguise/wasm",
  },
  { why: "a shell script", name: "README.md", bytes: make.SCRIPT, rule: "disguise/script" },
  { why: "a llamafile", name: "model.gguf", bytes: make.llamafile(PLAIN_GGUF), rule: "disguise/llamafile" },
  {
    why: "a Linux program with a model behind it",
    name: "model.gguf",
    bytes: join(make.elf(), PLAIN_GGUF),
    rule: "disguise/llamafile",
  },
  { why: "an HDF5 file", name: "model.safetensors", bytes: make.hdf5(), rule: "disguise/hdf5" },
  { why: "an ONNX model", name: "model.gguf", bytes: make.onnx(), rule: "disguise/onnx" },
  { why: "a TensorFlow Lite model", name: "model.gguf", bytes: make.tflite(), rule: "disguise/tflite" },
  { why: "a GGUF file", name: "model.safetensors", bytes: PLAIN_GGUF, rule: "disguise/gguf" },
  { why: "a safetensors file", name: "model.gguf", bytes: safetensors(64), rule: "disguise/safetensors" },
  {
    why: "a model of the formats before GGUF",
    name: "model.gguf",
    bytes: join("tjgg\x03\0\0\0", new Uint8Array(64)),
    rule: "disguise/ggml",
  },
  {
    why: "a web page",
    name: "model.gguf",
    bytes: raw("\n<!-- x -->\n<!DOCTYPE html><html><title>Sign in</title></html>"),
    rule: "disguise/html",
  },
  {
    why: "a JSON error",
    name: "model.safetensors",
    bytes: raw('{"error":"Invalid username or password."}'),
    rule: "disguise/json",
  },
  {
    why: "an XML error of an object store",
    name: "model.gguf",
    bytes: raw('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
    rule: "disguise/xml",
  },
  { why: "a line of text", name: "model.gguf", bytes: raw("Entry not found"), rule: "disguise/text" },
  {
    why: "a Git LFS pointer",
    name: "model.safetensors",
    bytes: make.lfsPointer(),
    rule: "disguise/git-lfs-pointer",
  },
  { why: "no bytes at all", name: "model.gguf", bytes: new Uint8Array(0), rule: "disguise/empty" },
  { why: "a preallocated file", name: "model.gguf", bytes: new Uint8Array(10_000), rule: "disguise/zeros" },
  { why: "a PDF document", name: "model.gguf", bytes: raw("%PDF-1.7\n"), rule: "disguise/pdf" },
  {
    why: "a PNG image",
    name: "model.safetensors",
    bytes: raw("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"),
    rule: "disguise/png",
  },
];

/** More kinds, each under a name that claims a GGUF model. */
const OTHERS: readonly [why: string, bytes: Uint8Array, rule: RuleId][] = [
  ["a RAR archive", join("Rar!\x1a\x07\x01\0", new Uint8Array(32)), "disguise/rar"],
  ["an LZ4 file", raw("\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0"), "disguise/lz4"],
  ["a SentencePiece tokenizer", make.sentencepiece(), "disguise/sentencepiece"],
  ["a GIF image", raw("GIF89a\x01\0\x01\0\0\0\0;"), "disguise/gif"],
  ["a JPEG image", raw("\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb"), "disguise/jpeg"],
  ["a WebP image", raw("RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0"), "disguise/webp"],
];
const ofTools = (["bzip2", "xz", "zstd", "python-bytecode"] as const).map((kind) => {
  const bytes = REAL_FILES.find((file) => file.kind === kind)?.bytes ?? new Uint8Array(0);
  return [`${kind} as its tool writes it`, bytes, `disguise/${kind}`] as const;
});
export const OTHER_DISGUISES: readonly DisguiseVector[] = [...OTHERS, ...ofTools].map((
  [why, bytes, rule],
) => ({
  why,
  name: "model.gguf",
  bytes,
  rule,
}));

/** The length of a safetensors header as opcode BINUNICODE, whose string swallows the header up to the pickle. */
function pickleInSafetensors(): Uint8Array {
  const payload = make.pickle({ protocol: 4, by: "STACK_GLOBAL" });
  const headerBytes = 0x58 + (0x40 << 8);
  const jump = 0x40 - 3;
  const start = '{"__metadata__":{"a":"';
  const swallowed = start + "b".repeat(jump - start.length);
  const padding = "c".repeat(headerBytes - jump - payload.byteLength - 3);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(headerBytes), true);
  return join(length, swallowed, payload, padding, '"}}');
}

/** Files that are the model they claim to be and something else as well. */
export const POLYGLOTS: readonly DisguiseVector[] = [
  {
    why: "a GGUF file with a ZIP behind it",
    name: "model.gguf",
    bytes: join(PLAIN_GGUF, make.pytorchZip()),
    rule: "disguise/polyglot",
  },
  {
    why: "a GGUF file with a ZIP in its last tensor, every byte claimed",
    name: "model.gguf",
    bytes: overwriteEnd(PLAIN_GGUF, make.pytorchZip()),
    rule: "disguise/polyglot",
  },
  {
    why: "a ZIP whose end is followed by other bytes",
    name: "model.gguf",
    bytes: join(PLAIN_GGUF, make.pytorchZip(), new Uint8Array(999)),
    rule: "disguise/polyglot",
  },
  {
    why: "an HDF5 file after a user block",
    name: "model.gguf",
    bytes: make.overwrite(PLAIN_GGUF, 1024, make.hdf5()),
    rule: "disguise/polyglot",
  },
  {
    why: "a tar header over a GGUF file",
    name: "model.gguf",
    bytes: tarOver(PLAIN_GGUF),
    rule: "disguise/polyglot",
  },
  {
    why: "a pickle inside the header of a safetensors file",
    name: "model.safetensors",
    bytes: pickleInSafetensors(),
    rule: "disguise/polyglot",
  },
];

function overwriteEnd(base: Uint8Array, payload: Uint8Array): Uint8Array {
  return make.overwrite(base, base.byteLength - payload.byteLength, payload);
}

function tarOver(base: Uint8Array): Uint8Array {
  const bytes = make.overwrite(base, 100, make.tar([""]).subarray(100, 512));
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  return make.overwrite(bytes, 148, raw(`${sum.toString(8).padStart(6, "0")}\0 `));
}

/** What may lie hidden among weights: what is hidden, its bytes, the rule it is found by. */
export const PAYLOADS: readonly [why: string, bytes: Uint8Array, rule: RuleId][] = [
  ["a ZIP", make.zip([{ name: "payload.bin", data: raw("inert") }]), "disguise/hidden-archive"],
  ["a PyTorch ZIP", make.pytorchZip(), "disguise/hidden-pickle"],
  ["the directory of a ZIP whose entries lie elsewhere", zipEndOnly(), "disguise/hidden-archive"],
  ["a 7z archive", make.sevenZip(), "disguise/hidden-archive"],
  ["a gzip file", make.gzip(new Random(5).bytes(9000)), "disguise/hidden-archive"],
  ["a short gzip file", make.gzip(raw("hello")), "disguise/hidden-archive"],
  ["a tar archive", make.tar(["payload"]), "disguise/hidden-archive"],
  ["a Linux program", make.elf(), "disguise/hidden-program"],
  ["a shared library", make.elf({ type: 3 }), "disguise/hidden-program"],
  ["a Windows program", make.pe(), "disguise/hidden-program"],
  ["a Windows program with a long stub", make.pe(5000), "disguise/hidden-program"],
  ["a macOS program", make.machO(), "disguise/hidden-program"],
  ["a universal macOS program", make.fatMachO(), "disguise/hidden-program"],
  ["a script", join("\0", make.SCRIPT), "disguise/hidden-program"],
  ["a pickle of protocol 2", make.pickle({ protocol: 2 }), "disguise/hidden-pickle"],
  [
    "a pickle of protocol 4",
    make.pickle({ protocol: 4, by: "STACK_GLOBAL", framed: true }),
    "disguise/hidden-pickle",
  ],
  ["a pickle of protocol 5 by the memo", make.pickle({ protocol: 5, by: "memo" }), "disguise/hidden-pickle"],
  ["a pickle that never stops", make.pickle({ protocol: 3, ending: "none" }), "disguise/hidden-pickle"],
  [
    "a pickle with two PROTO",
    make.pickle({ protocol: 2, before: "N\x80\x02", after: "0" }),
    "disguise/hidden-pickle",
  ],
  ["another GGUF file", PLAIN_GGUF, "disguise/hidden-file"],
  ["an HDF5 file", make.hdf5(), "disguise/hidden-file"],
];

function zipEndOnly(): Uint8Array {
  const whole = make.zip([{ name: "payload.bin", data: raw("inert") }]);
  return make.overwrite(whole, 0, new Uint8Array(30));
}
