import type { RuleId } from "../../src/model/rules/mod.ts";

/**
 * Rules by which we refuse files that the safetensors library (0.8.0) loads, each with the reason why being stricter
 * is right. A refusal by any other rule must be one of theirs too.
 */
export const STRICTER_THAN_SAFETENSORS: Partial<Readonly<Record<RuleId, string>>> = {
  "json/duplicate-key":
    "The library keeps the last of two equal keys; other loaders keep the first, so what was checked need not be what is loaded.",
  "json/unsafe-integer":
    "The library reads 64-bit dimensions of tensors without values; loaders whose numbers are doubles round them. No model has one.",
  "json/whitespace-run":
    "The library accepts padding of any length; more than 1 MiB is no alignment, and tabs and line ends in it can carry data.",
  "json/long-string":
    "The library reads metadata up to the header's limit of 100 MB into memory. One text of 16 MiB describes no model.",
  "json/too-deep":
    "The library skips what lies in fields it does not know, up to 128 levels. A tensor has no such field.",
  "json/number-form": "The library skips numbers in fields it does not know. A tensor has no such field.",
  "safetensors/metadata-form":
    "The library takes null for no metadata. The format says: a map from text to text; no exporter writes null.",
  "safetensors/tensor-entry":
    "The library ignores fields it does not know, where data can hide, and takes a list of three values for an entry, which no other loader does.",
  "safetensors/dtype":
    'The library takes {"U8":null} for "U8", an accident of how it is built, which no other loader does.',
  "safetensors/tensor-name":
    "The library accepts control characters in names; loaders written in C end the name at a NUL, and logs break at line ends.",
  "safetensors/shape":
    "The library sets no limit to the rank; neither NumPy nor PyTorch can hold more than 64 dimensions.",
  "safetensors/size-overflow":
    "The library multiplies in 64 bits; beyond 2^53 bits no file can hold the tensor, unless a zero follows that makes it empty.",
  "safetensors/too-many-tensors":
    "The library reads as many as the header holds; more than 150,000 in one file would not fit the memory of the examiner.",
  "safetensors/index-size":
    "The library reads names, shapes and metadata up to 100 MB; more than 20 MiB would not fit the memory of the examiner.",
};
