import type { RuleId } from "../../model/rules/mod.ts";
import { baseName } from "./view.ts";

/** What a file is in a model directory. Each sort has its own proof of content. */
export type FileSort =
  | "safetensors"
  | "gguf"
  | "weight-index"
  /** Configuration: read as JSON, and looked through for what it asks the engine to do. */
  | "configuration"
  /** Vocabularies and merges as JSON: data, often large. */
  | "vocabulary-json"
  | "sentencepiece"
  /** Vocabularies as text: any characters but NUL. */
  | "vocabulary-text"
  | "document"
  | "template"
  | "recipe"
  | "picture"
  | "drawing"
  | "recording"
  | "paper"
  | "signature"
  | "empty-marker"
  | "download-note";

export type Claim =
  | { readonly sort: FileSort }
  | { readonly refused: RuleId; readonly what: string };

const EXTENSIONS: Readonly<Record<string, FileSort>> = {
  ...each("safetensors", "safetensors"),
  ...each("gguf", "gguf"),
  ...each("configuration", "json"),
  ...each("sentencepiece", "model", "spm"),
  ...each("vocabulary-text", "vocab", "merges", "tiktoken", "bpe", "codes"),
  ...each("document", "txt", "md", "markdown", "rst", "csv", "tsv", "jsonl", "bib", "cff"),
  ...each("template", "jinja", "jinja2"),
  ...each("picture", "png", "jpg", "jpeg", "jfif", "webp", "gif"),
  ...each("drawing", "svg"),
  ...each("recording", "mp4", "m4v", "mov", "webm", "wav", "mp3", "flac", "ogg", "m4a"),
  ...each("paper", "pdf"),
  ...each("signature", "sig", "sigstore", "asc", "minisig"),
};

type Refused = readonly [rule: RuleId, what: string];
const CHECKPOINT: Refused = ["directory/pickle-weights", "a PyTorch or pickle checkpoint"];
const TRAINING: Refused = ["directory/pickle-weights", "a pickle left behind by training"];
const KERAS: Refused = ["directory/other-framework", "a model for TensorFlow or Keras"];
const ONNX: Refused = ["directory/other-framework", "a model for ONNX Runtime"];
const OTHER: Refused = ["directory/other-framework", "a model for another framework"];
const SOURCE: Refused = ["directory/source-code", "program code"];
const SCRIPT: Refused = ["directory/source-code", "a script"];
const PROGRAM: Refused = ["directory/program", "a program or library"];
const ARCHIVE: Refused = ["directory/archive", "an archive"];
const YAML: Refused = ["directory/yaml", "a YAML file"];
const PARTIAL: Refused = ["directory/unfinished-download", "an unfinished download"];

const REFUSED: Readonly<Record<string, Refused>> = {
  ...each(CHECKPOINT, "bin", "pt", "pth", "ckpt", "pkl", "pickle", "p", "joblib", "dill", "npy", "npz", "t7"),
  ...each(CHECKPOINT, "nemo", "mar", "distcp", "th", "skops", "mdl", "msc"),
  ...each(KERAS, "h5", "hdf5", "keras", "pb", "tfevents", "tflite", "litertlm", "task"),
  ...each(ONNX, "onnx", "onnx_data", "onnx_data_1", "ort"),
  ...each(
    OTHER,
    "msgpack",
    "ot",
    "mlmodel",
    "mlpackage",
    "xml",
    "engine",
    "plan",
    "param",
    "mnn",
    "rknn",
    "nn",
  ),
  ...each(OTHER, "ggml", "llamafile", "imatrix", "dat", "pdparams", "pdmodel", "pte", "cbm"),
  ...each(
    SOURCE,
    "py",
    "pyi",
    "pyx",
    "ipynb",
    "js",
    "mjs",
    "ts",
    "lua",
    "rb",
    "pl",
    "php",
    "r",
    "jl",
    "go",
    "rs",
  ),
  ...each(
    SOURCE,
    "c",
    "cc",
    "cpp",
    "h",
    "hpp",
    "cu",
    "cuh",
    "java",
    "kt",
    "cs",
    "swift",
    "html",
    "htm",
    "css",
  ),
  ...each(SCRIPT, "sh", "bash", "zsh", "fish", "ps1", "bat", "cmd", "vbs", "command", "desktop", "service"),
  ...each(PROGRAM, "so", "dll", "dylib", "exe", "com", "msi", "a", "o", "lib", "pyc", "pyo", "pyd", "wasm"),
  ...each(PROGRAM, "jar", "class", "node", "whl", "egg", "deb", "rpm", "apk", "appimage", "lnk", "scr", "ko"),
  ...each(ARCHIVE, "zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "lz4", "7z", "rar", "br", "iso", "img"),
  ...each(YAML, "yaml", "yml"),
  ...each(PARTIAL, "incomplete", "part", "partial", "crdownload", "download", "aria2", "tmp", "temp", "!ut"),
};

const WEIGHT_INDEX = /\.safetensors\.index(\.[\w-]{1,32})?\.json$/i;
const FOREIGN_INDEX = /\.(?:bin|pt|pth|h5|msgpack|ckpt)\.index(\.[\w-]{1,32})?\.json$/i;
const VOCABULARY_JSON =
  /^(?:(?:.*[-_.])?(?:tokenizer|vocab|tekken|merges)(?:[-_.][\w-]{1,32})?|added_tokens|unigram|bpe_vocab)\.json$/i;
const TOKENIZER_CONFIG = /config\.json$/i;
/** A SentencePiece file with a version behind its name, as Mistral's are. */
const VERSIONED_SENTENCEPIECE = /^tokenizer\.model\.v\d{1,3}m?\d?$/i;
const VOCABULARY_TEXT = /^(?:vocab|merges|bpe|dict|spiece|words|emoji)(?:[-_.][\w-]{1,32})?\.txt$/i;
const TRAINING_LEFTOVER =
  /^(?:training_args|optimizer|scheduler|scaler|random_states|rng_state|trainer)[\w-]*\.(?:bin|pt|pth|pkl)$/i;
const DOCUMENT =
  /^(?:model|data|code)?[-_ ]?(?:licen[cs]es?|notice|readme|copying|copyright|authors|contributors|citation|changelog|terms|eula|disclaimer|version|(?:acceptable[-_ ])?use[-_ ]?policy|third[-_ ]party[-_ ]?\w{0,20}|model[-_ ]?card|modelfile|security)(?:[-_. ][^/]{0,80})?$/i;
/** How a model was quantised or merged: text that no loader reads. */
const RECIPE = /^(?:recipe|mergekit(?:_moe)?_config)\.ya?ml$/i;
const HIDDEN_TEXT = new Set([".gitattributes", ".gitignore", ".hf-manifest.json"]);
const HIDDEN_EMPTY = new Set([".gitkeep", ".keep", ".nojekyll"]);
/** What `hf download --local-dir` leaves behind. https://huggingface.co/docs/huggingface_hub/guides/download */
const DOWNLOAD_NOTE =
  /^\.(?:cache\/)?huggingface\/(?:\.gitignore|CACHEDIR\.TAG|(?:download|upload)\/.+\.(?:metadata|lock))$/;
const DOWNLOAD_FOLDER =
  /^\.(?:cache|cache\/huggingface|huggingface)$|^\.(?:cache\/)?huggingface\/(?:download|upload)(?:\/|$)/;
const REPOSITORY_FOLDER = /(?:^|\/)\.(?:git|hg|svn)(?:\/|$)/i;

/** What a file is by its name and place; the content has to prove it. */
export function claimOf(path: string): Claim {
  return hiddenClaim(path) ?? namedClaim(baseName(path));
}

/** What is wrong with a folder's name; `null` for nothing. Its files are claimed one by one. */
export function folderRefusal(path: string): Claim | null {
  if (!isHidden(path) || DOWNLOAD_FOLDER.test(path)) return null;
  return hiddenRefusal(path);
}

function hiddenClaim(path: string): Claim | null {
  if (!isHidden(path)) return null;
  const name = baseName(path);
  if (DOWNLOAD_NOTE.test(path)) return { sort: "download-note" };
  if (DOWNLOAD_FOLDER.test(path) && /\.incomplete$/i.test(name)) return refused(PARTIAL);
  const isOnlyNameHidden = !isHidden(path.slice(0, -name.length));
  if (isOnlyNameHidden && HIDDEN_TEXT.has(name)) {
    return { sort: name.endsWith(".json") ? "configuration" : "document" };
  }
  if (isOnlyNameHidden && HIDDEN_EMPTY.has(name)) return { sort: "empty-marker" };
  return hiddenRefusal(path);
}

function hiddenRefusal(path: string): Claim {
  return REPOSITORY_FOLDER.test(path)
    ? refused(["directory/repository-folder", "part of a version control folder"])
    : refused(["directory/hidden-entry", "hidden"]);
}

function isHidden(path: string): boolean {
  return /(?:^|\/)\./.test(path);
}

function namedClaim(name: string): Claim {
  const extension = extensionOf(name);
  if (FOREIGN_INDEX.test(name)) {
    return refused(["directory/foreign-index", "the index of weights in another format"]);
  }
  if (WEIGHT_INDEX.test(name)) return { sort: "weight-index" };
  if (/\.sigstore\.json$/i.test(name)) return { sort: "signature" };
  if (VOCABULARY_JSON.test(name) && !TOKENIZER_CONFIG.test(name)) return { sort: "vocabulary-json" };
  if (VOCABULARY_TEXT.test(name)) return { sort: "vocabulary-text" };
  if (VERSIONED_SENTENCEPIECE.test(name)) return { sort: "sentencepiece" };
  if (RECIPE.test(name)) return { sort: "recipe" };
  if (TRAINING_LEFTOVER.test(name)) return refused(TRAINING);
  const sort = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  if (sort !== undefined) return { sort };
  const refusal = Object.hasOwn(REFUSED, extension) ? REFUSED[extension] : undefined;
  if (refusal !== undefined) return refused(refusal);
  if (DOCUMENT.test(name)) return { sort: "document" };
  return refused(["directory/unclaimed-file", "no part of a model by its name"]);
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

function refused([rule, what]: Refused): Claim {
  return { refused: rule, what };
}

function each<T>(value: T, ...extensions: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(extensions.map((extension) => [extension, value]));
}
