import type { Evidence } from "../model/mod.ts";

/** Everything a file can turn out to be. `unknown` is the absence of an answer, never a clean bill. */
export const FILE_KINDS = [
  "bzip2",
  "elf",
  "empty",
  "ggml",
  "gguf",
  "gif",
  "git-lfs-pointer",
  "gzip",
  "hdf5",
  "html",
  "java-class",
  "jpeg",
  "json",
  "keras-zip",
  "llamafile",
  "lz4",
  "mach-o",
  "npy",
  "npz",
  "onnx",
  "pdf",
  "pe",
  "pickle",
  "png",
  "python-bytecode",
  "pytorch-legacy",
  "pytorch-tar",
  "pytorch-zip",
  "rar",
  "safetensors",
  "script",
  "sentencepiece",
  "7z",
  "tar",
  "text",
  "tflite",
  "unknown",
  "wasm",
  "webp",
  "xml",
  "xz",
  "zeros",
  "zip",
  "zstd",
] as const;
export type FileKind = typeof FILE_KINDS[number];

/** What some bytes really are. */
export interface Identity {
  readonly kind: FileKind;
  /** In words that fit "this is …", such as `a PyTorch checkpoint (ZIP with data.pkl)`. */
  readonly what: string;
  /** What the answer rests on, such as the globals a pickle imports. Plain JSON, bounded in size. */
  readonly evidence: Evidence;
}

export function identity(kind: FileKind, what: string, evidence: Evidence = {}): Identity {
  return { kind, what, evidence };
}
