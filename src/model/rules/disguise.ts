import { type Rule, rules } from "./rule.ts";

const RUNS_CODE = "Loading it runs whatever code it names, with the rights of the program that loads it.";
const USE_SAFETENSORS =
  "Ask the publisher for a safetensors or GGUF file; do not open this one to convert it on a machine that matters.";
const runsCode: Rule = { severity: "critical", why: RUNS_CODE, whatToDo: USE_SAFETENSORS };

const program: Rule = {
  severity: "critical",
  why: "It is a program under the name of a data file; nobody ships a model that way by accident.",
  whatToDo: "Do not run it. Delete it, and look at where it came from: the source may be compromised.",
};
const archive: Rule = {
  severity: "critical",
  why: "What is packed inside would reach the engine without having been examined.",
  whatToDo: "Unpack it yourself on a machine made for that, and drop the model file it holds instead.",
};
const otherModel: Rule = {
  severity: "critical",
  why:
    "The name claims one model format and the bytes are another, so no reader of the name can be right about it.",
  whatToDo:
    "Give the file the extension of what it is; formats other than GGUF and safetensors must be converted first.",
};
const failedDownload: Rule = {
  severity: "critical",
  why: "These are not weights: a download or copy stored something else, often an error or login page.",
  whatToDo:
    "Look at the file's first lines, then fetch the model again, logged in if the publisher requires it.",
};
const media: Rule = {
  severity: "critical",
  why: "It is not the file its name claims, and files that lie about themselves carry payloads.",
  whatToDo: "Check the upload; drop the model file itself.",
};

/** The bytes are something else than the name says, or something is hidden in them. One rule for each disguise. */
export const DISGUISE_RULES = rules({
  "disguise/pickle": runsCode,
  "disguise/pytorch-legacy": runsCode,
  "disguise/pytorch-tar": runsCode,
  "disguise/pytorch-zip": runsCode,
  "disguise/keras-zip": runsCode,
  "disguise/npy": {
    severity: "critical",
    why:
      "A NumPy array is no model format the engine reads, and one of objects holds a pickle that runs code.",
    whatToDo: USE_SAFETENSORS,
  },
  "disguise/npz": {
    severity: "critical",
    why: "NumPy archives can hold arrays of objects, which are pickles that run code when loaded.",
    whatToDo: USE_SAFETENSORS,
  },
  "disguise/elf": program,
  "disguise/java-class": program,
  "disguise/mach-o": program,
  "disguise/pe": program,
  "disguise/python-bytecode": program,
  "disguise/script": program,
  "disguise/wasm": program,
  "disguise/llamafile": {
    severity: "critical",
    why: "A llamafile is a program with a model inside; running it runs the program.",
    whatToDo: "Fetch the plain GGUF from the publisher, or extract it with unzip and drop that.",
  },
  "disguise/7z": archive,
  "disguise/bzip2": archive,
  "disguise/gzip": archive,
  "disguise/lz4": archive,
  "disguise/rar": archive,
  "disguise/tar": archive,
  "disguise/xz": archive,
  "disguise/zip": archive,
  "disguise/zstd": archive,
  "disguise/ggml": {
    severity: "critical",
    why:
      "Formats from before GGUF have no checks against hostile sizes, and today's engines do not read them.",
    whatToDo: "Fetch the GGUF edition of the model.",
  },
  "disguise/gguf": otherModel,
  "disguise/hdf5": otherModel,
  "disguise/onnx": otherModel,
  "disguise/safetensors": otherModel,
  "disguise/sentencepiece": otherModel,
  "disguise/tflite": otherModel,
  "disguise/git-lfs-pointer": {
    severity: "critical",
    why:
      "This is a note of where the weights are kept, not the weights: the repository was cloned without Git LFS.",
    whatToDo:
      "In the clone run: git lfs pull. Then drop the real file, which has the size the pointer names.",
  },
  "disguise/html": failedDownload,
  "disguise/json": failedDownload,
  "disguise/text": failedDownload,
  "disguise/xml": failedDownload,
  "disguise/empty": {
    severity: "critical",
    why: "There are no bytes at all, so whatever should be here is missing.",
    whatToDo: "Fetch the file again and compare its size with the publisher's.",
  },
  "disguise/zeros": {
    severity: "critical",
    why: "The file was set aside but never written: usually a download that stopped.",
    whatToDo: "Fetch the file again and compare its SHA-256 with the publisher's.",
  },
  "disguise/gif": media,
  "disguise/jpeg": media,
  "disguise/pdf": media,
  "disguise/png": media,
  "disguise/webp": media,
  "disguise/polyglot": {
    severity: "critical",
    why:
      "The same bytes are a good model to one program and something else to another, which is how payloads travel.",
    whatToDo:
      "Do not open it with anything else. Fetch the model from its original publisher and compare digests.",
  },
  "disguise/hidden-archive": {
    severity: "critical",
    why: "An archive lies where only weights or padding belong; something else is meant to unpack it.",
    whatToDo:
      "Fetch the model from its original publisher, compare digests, and report where this copy came from.",
  },
  "disguise/hidden-file": {
    severity: "critical",
    why: "Another file lies where only weights or padding belong.",
    whatToDo:
      "Fetch the model from its original publisher, compare digests, and report where this copy came from.",
  },
  "disguise/hidden-pickle": {
    severity: "critical",
    why:
      "A pickle that imports code lies where only weights or padding belong; something else is meant to load it.",
    whatToDo:
      "Fetch the model from its original publisher, compare digests, and report where this copy came from.",
  },
  "disguise/hidden-program": {
    severity: "critical",
    why: "A program lies where only weights or padding belong; something else is meant to run it.",
    whatToDo:
      "Fetch the model from its original publisher, compare digests, and report where this copy came from.",
  },
  "disguise/candidate-flood": {
    severity: "critical",
    why:
      "Bytes made to look like thousands of programs at once exist to exhaust or blind whatever examines them.",
    whatToDo: "Fetch the model from its original publisher and compare digests.",
  },
  "disguise/denied-format": {
    severity: "critical",
    why: "The policy denies this format because loading it can run code.",
    whatToDo: "Ask the publisher for a GGUF or safetensors version of the model.",
  },
  "disguise/format-not-allowed": {
    severity: "critical",
    why: "Only formats that can be examined completely are taken in.",
    whatToDo: "Use a GGUF or safetensors file, or allow the format in the policy (models.allowed_formats).",
  },
});
