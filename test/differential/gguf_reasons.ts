import type { RuleId } from "../../src/model/rules/mod.ts";

/** Rules by which we refuse files that the `gguf` package reads, and why we are right to. */
export const WE_REFUSE: ReadonlyMap<string, string> = new Map<RuleId, string>([
  ["gguf/alignment", "it takes any power of two; a large one opens gaps, a small one is against the format"],
  ["gguf/big-endian", "it swaps bytes; the engines on this platform do not"],
  ["gguf/bool", "it takes any byte as true; the format calls anything but 0 and 1 invalid"],
  ["gguf/count", "it has no limits"],
  ["gguf/key-form", "it takes any text as a key; the format does not"],
  ["gguf/key-type", "it knows no keys; engines read past the end of values of another type"],
  ["gguf/length", "it slices past the end of the file and takes what is there"],
  ["gguf/metadata-size", "it has no limits"],
  ["gguf/padding", "it never looks at padding; the format says zero bytes, and anything else is hidden data"],
  ["gguf/split-count", "it does not know splits"],
  ["gguf/split-number", "it does not know splits"],
  ["gguf/template-encoding", "it decodes texts only when asked to"],
  ["gguf/template-size", "it has no limits"],
  [
    "gguf/tensor-bounds",
    "it slices past the end of the file: nothing is missed of a tensor without elements",
  ],
  ["gguf/tensor-dimension", "it multiplies in 64 bits and wraps"],
  ["gguf/tensor-gap", "it takes any offset; bytes between tensors belong to nobody"],
  ["gguf/tensor-misaligned", "it takes any offset; engines rely on the alignment"],
  ["gguf/tensor-name", "it takes any text; engines hold 63 bytes and end at NUL"],
  ["gguf/tensor-overlap", "it takes any offset; two tensors must not share bytes"],
  ["gguf/tensor-rank", "it takes any rank; engines hold four dimensions"],
  ["gguf/tensor-size", "it multiplies in 64 bits and wraps"],
  ["gguf/text-nul", "it returns all of a text of which an engine sees the part before the NUL"],
  ["gguf/tokenizer-length", "it does not know the tokenizer"],
  ["gguf/truncated", "it slices past the end of the file and takes what is there"],
  ["gguf/unclaimed-bytes", "it never looks behind the last tensor"],
  ["gguf/value-type", "an empty array of a type that does not exist is never looked at"],
]);

/** Answers of the `gguf` package to files that we accept, and why they are no reason to refuse. */
export const WE_ACCEPT: readonly { readonly theirs: RegExp; readonly why: string }[] = [
  { theirs: /uint32\(42\) is not a valid GGMLQuantizationType/, why: "its release is older than type Q2_0" },
  {
    theirs: /^ValueError: cannot reshape array/,
    why: "it counts 40 bytes for a block of Q8_1; ggml.h has 36",
  },
  {
    theirs: /^Killed/,
    why: "a vocabulary of 150,000 tokens takes it more than two seconds or two gigabytes",
  },
];

/** Types whose size the package has wrong, so that sizes are not compared. */
export const OTHER_SIZE: ReadonlySet<string> = new Set(["Q8_1"]);
