import { rules } from "./rule.ts";

const DAMAGED =
  "Get the file again and compare its SHA-256 with the publisher's; if it still fails, it is broken at the source.";
const REEXPORT =
  "Ask the publisher for a file written by a current exporter, or convert the model again from its source.";

/** Refusals and findings of the GGUF parser. */
export const GGUF_RULES = rules({
  "gguf/magic": {
    severity: "critical",
    why:
      "The file does not begin with the four bytes GGUF, so no engine that checks would load it as a model.",
    whatToDo: "Find out what the file really is; a renamed file of another kind is a common disguise.",
  },
  "gguf/version": {
    severity: "critical",
    why: "Only versions 2 and 3 of the format are understood; an unknown layout cannot be proved safe.",
    whatToDo: REEXPORT,
  },
  "gguf/big-endian": {
    severity: "critical",
    why: "The file is in big-endian byte order, which the engines on this platform do not load.",
    whatToDo:
      "Get the little-endian file of the same model, or convert it with the tool that comes with the engine.",
  },
  "gguf/truncated": {
    severity: "critical",
    why:
      "A field claims more bytes than the file holds: a cut-off download, or a length made up to overrun a reader.",
    whatToDo: DAMAGED,
  },
  "gguf/count": {
    severity: "critical",
    why:
      "A count is far above what any model needs; such counts are used to exhaust memory or overflow a size.",
    whatToDo: DAMAGED,
  },
  "gguf/length": {
    severity: "critical",
    why:
      "A length is far above what the field needs; such lengths are used to exhaust memory or blind a scanner.",
    whatToDo: DAMAGED,
  },
  "gguf/metadata-size": {
    severity: "critical",
    why: "The metadata as a whole is larger than any model needs, and could carry anything.",
    whatToDo: REEXPORT,
  },
  "gguf/key-form": {
    severity: "critical",
    why:
      "A key breaks the format's rule for keys; look-alike keys hide a value from one reader and show it to another.",
    whatToDo: REEXPORT,
  },
  "gguf/key-duplicate": {
    severity: "critical",
    why: "A key occurs twice, so two readers can take two different values from the same file.",
    whatToDo: REEXPORT,
  },
  "gguf/key-type": {
    severity: "critical",
    why:
      "A well-known key has a value of another type; engines that do not check read past the end of such values.",
    whatToDo: REEXPORT,
  },
  "gguf/value-type": {
    severity: "critical",
    why: "A value has a type number that the format does not define.",
    whatToDo: DAMAGED,
  },
  "gguf/bool": {
    severity: "critical",
    why: "A boolean is neither 0 nor 1, which readers understand differently.",
    whatToDo: REEXPORT,
  },
  "gguf/array-nested": {
    severity: "critical",
    why: "An array holds arrays; no engine needs it, and nesting has been used to overflow readers' stacks.",
    whatToDo: REEXPORT,
  },
  "gguf/alignment": {
    severity: "critical",
    why:
      "The alignment is not a power of two from 8 to 65,536; a large one opens gaps in which data can be hidden.",
    whatToDo: REEXPORT,
  },
  "gguf/text-nul": {
    severity: "critical",
    why: "A text holds a NUL byte: one reader sees only what is before it, another sees all of it.",
    whatToDo: REEXPORT,
  },
  "gguf/text-encoding": {
    severity: "info",
    why:
      "A text is not valid UTF-8, as the format asks; mostly a path or a name written by an older exporter.",
    whatToDo: "Nothing, unless the text is shown somewhere that depends on it.",
  },
  "gguf/template-encoding": {
    severity: "critical",
    why:
      "A chat template or an identifier is not valid UTF-8, so what was examined may not be what an engine runs.",
    whatToDo: REEXPORT,
  },
  "gguf/template-size": {
    severity: "critical",
    why: "A chat template is larger than 1 MiB; real ones are a few thousand characters.",
    whatToDo: "Read the template, and ask the publisher why it is so large.",
  },
  "gguf/tensor-name": {
    severity: "critical",
    why: "A tensor name is empty, longer than engines hold, not text, or holds invisible characters.",
    whatToDo: REEXPORT,
  },
  "gguf/tensor-duplicate": {
    severity: "critical",
    why: "A tensor name occurs twice, so two readers can load different weights under it.",
    whatToDo: REEXPORT,
  },
  "gguf/tensor-rank": {
    severity: "critical",
    why: "A tensor has more than four dimensions, which engines have no room for.",
    whatToDo: DAMAGED,
  },
  "gguf/tensor-dimension": {
    severity: "critical",
    why: "A dimension of a tensor is negative or beyond what a reader can count.",
    whatToDo: DAMAGED,
  },
  "gguf/tensor-type": {
    severity: "critical",
    why: "A tensor has a type that was removed from the format or never defined.",
    whatToDo: REEXPORT,
  },
  "gguf/tensor-block": {
    severity: "critical",
    why: "The rows of a quantised tensor are not whole blocks, so readers disagree about its size.",
    whatToDo: REEXPORT,
  },
  "gguf/tensor-size": {
    severity: "critical",
    why: "The size of a tensor overflows 64 bits; engines have been exploited with sizes that wrap around.",
    whatToDo: DAMAGED,
  },
  "gguf/tensor-bounds": {
    severity: "critical",
    why: "A tensor reaches past the end of the file: a cut-off download, or an attempt to read other memory.",
    whatToDo: DAMAGED,
  },
  "gguf/tensor-overlap": {
    severity: "critical",
    why: "Two tensors claim the same bytes, so bytes that were examined as one thing are loaded as another.",
    whatToDo: REEXPORT,
  },
  "gguf/tensor-gap": {
    severity: "critical",
    why: "There are bytes between two tensors that belong to neither: room for hidden data.",
    whatToDo: REEXPORT,
  },
  "gguf/tensor-misaligned": {
    severity: "critical",
    why: "A tensor does not begin at a multiple of the alignment, which engines rely on.",
    whatToDo: REEXPORT,
  },
  "gguf/padding": {
    severity: "critical",
    why: "Padding must be zero bytes; anything else there is hidden data that engines never look at.",
    whatToDo: "Treat the file as carrying a payload until the publisher explains it.",
  },
  "gguf/unclaimed-bytes": {
    severity: "critical",
    why: "Bytes follow the last tensor that no field of the file claims: room for an archive or a program.",
    whatToDo: "Treat the file as carrying a payload until the publisher explains it.",
  },
  "gguf/tokenizer-length": {
    severity: "critical",
    why:
      "Token list, scores and token types differ in length; engines index one by the other without looking.",
    whatToDo: REEXPORT,
  },
  "gguf/token-id": {
    severity: "critical",
    why:
      "The begin or end token is outside the vocabulary: replies would never end, or memory be read out of bounds.",
    whatToDo: REEXPORT,
  },
  "gguf/special-token-id": {
    severity: "info",
    why:
      "A helper token is outside the vocabulary; engines ignore it, some finetunes were published that way.",
    whatToDo: "Nothing, unless the model pads or separates its input.",
  },
  "gguf/byte-token": {
    severity: "critical",
    why:
      "A token marked as a raw byte is not of the form <0xHH>; engines have crashed while decoding such tokens.",
    whatToDo: REEXPORT,
  },
  "gguf/token-length": {
    severity: "suspicious",
    why: "A token is longer than 32 KiB; an engine has overflowed a buffer on such a token (CVE-2025-49847).",
    whatToDo: "Look at the token; no tokenizer learns one of that length.",
  },
  "gguf/hyperparameter": {
    severity: "critical",
    why: "A number that engines divide or allocate by is zero or absurdly large.",
    whatToDo: REEXPORT,
  },
  "gguf/block-index": {
    severity: "suspicious",
    why:
      "A tensor belongs to a layer beyond the layer count, so no engine loads it: weights that are only carried.",
    whatToDo: REEXPORT,
  },
  "gguf/vocabulary-rows": {
    severity: "suspicious",
    why: "There are more tokens than rows in the embedding, so some tokens would be looked up outside of it.",
    whatToDo: REEXPORT,
  },
  "gguf/zero-dimension": {
    severity: "suspicious",
    why: "A tensor has no elements; older engines divide by that zero.",
    whatToDo: REEXPORT,
  },
  "gguf/intermediate-type": {
    severity: "suspicious",
    why: "A tensor has a type that engines use only during computation and never store.",
    whatToDo: REEXPORT,
  },
  "gguf/projector-shape": {
    severity: "suspicious",
    why: "The patch size of the vision projector is zero, and engines divide by it.",
    whatToDo: REEXPORT,
  },
  "gguf/not-a-model": {
    severity: "suspicious",
    why:
      "The file is an adapter, a control vector or quantisation data: it changes or measures a model and is not one.",
    whatToDo: "Accept it for this digest if it is meant to be used beside a model that was examined.",
  },
  "gguf/architecture-missing": {
    severity: "info",
    why: "The file does not say which architecture it is, so a language model engine will not load it.",
    whatToDo: "Nothing, if it is meant for an image or speech engine.",
  },
  "gguf/split-name": {
    severity: "critical",
    why: "A shard of a split model is not named NAME-00001-of-0000N.gguf, by which engines find the others.",
    whatToDo: "Restore the publisher's file names, all in one directory.",
  },
  "gguf/split-missing": {
    severity: "critical",
    why: "A split model is not complete, so what would run is not what was examined.",
    whatToDo: "Get every shard and submit them together in one directory.",
  },
  "gguf/split-number": {
    severity: "critical",
    why: "A shard's number does not agree with its name or with the other shards.",
    whatToDo: "Get the shards again from one source; shards of different models may have been mixed.",
  },
  "gguf/split-count": {
    severity: "critical",
    why: "The shards do not agree on how many they are or how many tensors they hold together.",
    whatToDo: "Get the shards again from one source; shards of different models may have been mixed.",
  },
  "gguf/split-tensor-duplicate": {
    severity: "critical",
    why: "Two shards hold a tensor of the same name, so readers can load different weights under it.",
    whatToDo: "Get the shards again from one source.",
  },
});
