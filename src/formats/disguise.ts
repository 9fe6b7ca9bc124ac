import { type Finding, finding, type Place, type RuleId } from "../model/mod.ts";
import type { Hidden } from "./embedded.ts";
import type { FileKind, Identity } from "./identity.ts";

/** Kinds whose bytes cannot do anything to what reads them as a model directory's side files. */
const INERT: readonly FileKind[] = [
  "empty",
  "gif",
  "gguf",
  "jpeg",
  "json",
  "png",
  "safetensors",
  "sentencepiece",
  "text",
  "unknown",
  "webp",
  "xml",
];
const WRITTEN: readonly FileKind[] = ["html", "json", "text", "xml"];

/** What a file with this extension may turn out to be. Extensions not listed may be anything inert. */
const EXPECTED: Readonly<Record<string, readonly FileKind[]>> = {
  gguf: ["gguf"],
  gif: ["gif"],
  jinja: [...WRITTEN, "empty"],
  jpeg: ["jpeg"],
  jpg: ["jpeg"],
  json: ["json"],
  jsonl: ["json"],
  md: [...WRITTEN, "empty"],
  model: ["sentencepiece", "json", "text"],
  pdf: ["pdf"],
  png: ["png"],
  safetensors: ["safetensors"],
  svg: ["html", "xml"],
  txt: [...WRITTEN, "empty"],
  webp: ["webp"],
  yaml: [...WRITTEN, "empty"],
  yml: [...WRITTEN, "empty"],
};

/**
 * A finding when the bytes are positively something else than the extension claims (`gguf`, `.json`, a whole file
 * name), named for what they are. `null` says only that nothing contradicts the claim: unknown bytes are left to the
 * strict parser of the claimed format, which refuses them.
 */
export function disguiseFinding(claimed: string, identity: Identity, place: Place = {}): Finding | null {
  if (identity.kind === "unknown") return null;
  const extension = extensionOf(claimed);
  const allowed = Object.hasOwn(EXPECTED, extension) ? EXPECTED[extension] : INERT;
  if (allowed?.includes(identity.kind)) return null;
  const claim = extension === "" ? "no format" : `.${extension}`;
  return finding(disguiseRule(identity.kind), `the name claims ${claim}, but this is ${identity.what}`, {
    offset: 0,
    ...place,
  });
}

/** A finding for something found in bytes that belong to something else, and where. */
export function hiddenFinding(
  hidden: Hidden,
  where: "padding" | "tail" | "tensor data",
  place: Place = {},
): Finding {
  const { identity, offset } = hidden;
  return finding(hiddenRule(identity.kind), `${identity.what} lies hidden in the ${where}`, {
    offset,
    ...place,
  });
}

/** A finding for a file that another reader takes for something else. */
export function polyglotFinding(first: Identity, other: Hidden, place: Place = {}): Finding {
  const { identity, offset } = other;
  return finding("disguise/polyglot", `${first.what} that is at the same time ${identity.what}`, {
    offset,
    ...place,
  });
}

/** Policy names by the bytes: the first is what a message says unless the policy lists only another. */
const NAMES_OF_KIND: Partial<Readonly<Record<FileKind, readonly string[]>>> = {
  ggml: ["ggml", "bin"],
  hdf5: ["hdf5", "h5"],
  "keras-zip": ["keras"],
  npy: ["npy"],
  npz: ["npz"],
  pickle: ["pickle", "pkl"],
  "pytorch-legacy": ["pt", "pth", "ckpt", "bin", "pytorch", "pickle"],
  "pytorch-tar": ["pt", "pth", "ckpt", "bin", "pytorch", "pickle"],
  "pytorch-zip": ["pt", "pth", "ckpt", "bin", "pytorch", "pickle"],
};

/** Other extensions under which a denied format goes. */
const NAMES_OF_EXTENSION: Readonly<Record<string, readonly string[]>> = {
  ckpt: ["ckpt", "pt"],
  dill: ["dill", "pickle"],
  h5: ["h5", "hdf5"],
  hdf5: ["hdf5", "h5"],
  joblib: ["joblib", "pickle"],
  p: ["pickle", "pkl"],
  pickle: ["pickle", "pkl"],
  pkl: ["pkl", "pickle"],
  pth: ["pth", "pt"],
};

/**
 * The name by which the policy denies this file, for `format "pickle" is denied by policy`: by what its bytes are,
 * else by its extension. `null` when the policy denies neither.
 */
export function formatDenied(
  identity: Identity,
  name: string,
  deniedFormats: readonly string[],
): string | null {
  const denied = new Set(deniedFormats.map((format) => format.toLowerCase().replace(/^\./, "")));
  const extension = extensionOf(name);
  const byName = Object.hasOwn(NAMES_OF_EXTENSION, extension) ? NAMES_OF_EXTENSION[extension] : [extension];
  const byBytes = NAMES_OF_KIND[identity.kind] ?? [identity.kind];
  return [...byBytes, ...(byName ?? [])].find((format) => denied.has(format)) ?? null;
}

/** `m.GGUF`, `.gguf` and `gguf` all claim `gguf`; a name without a dot claims nothing unless it is an extension. */
function extensionOf(claimed: string): string {
  const base = claimed.slice(claimed.lastIndexOf("/") + 1).toLowerCase();
  const dot = base.lastIndexOf(".");
  if (dot >= 0) return base.slice(dot + 1);
  return Object.hasOwn(EXPECTED, base) ? base : "";
}

function disguiseRule(kind: Exclude<FileKind, "unknown">): RuleId {
  return `disguise/${kind}`;
}

function hiddenRule(kind: FileKind): RuleId {
  switch (kind) {
    case "elf":
    case "java-class":
    case "llamafile":
    case "mach-o":
    case "pe":
    case "python-bytecode":
    case "script":
    case "wasm":
      return "disguise/hidden-program";
    case "pickle":
    case "pytorch-legacy":
    case "pytorch-tar":
    case "pytorch-zip":
      return "disguise/hidden-pickle";
    case "7z":
    case "bzip2":
    case "gzip":
    case "keras-zip":
    case "lz4":
    case "npz":
    case "rar":
    case "tar":
    case "xz":
    case "zip":
    case "zstd":
      return "disguise/hidden-archive";
    default:
      return "disguise/hidden-file";
  }
}
