import type { RuleId } from "../../src/model/rules/mod.ts";

/** Rules by which we refuse files that the `safetensors` package (0.8.0) loads, and why we are right to. */
export const WE_REFUSE: ReadonlyMap<string, string> = new Map<RuleId, string>([
  [
    "json/duplicate-key",
    "it keeps the last of two equal keys; loaders that keep the first see another model",
  ],
  ["json/long-string", "it takes any text a header can hold; no metadata needs one of 16 MiB"],
  ["json/unsafe-integer", "it counts in 64 bits; loaders that count in doubles round"],
  ["json/whitespace-run", "it takes padding of any length; 1 MiB aligns any page, and more can carry data"],
  [
    "safetensors/dtype",
    `it takes {"U8":null} for "U8", by accident of how it is built; other loaders do not`,
  ],
  ["safetensors/index-size", "it has no limits; more than 20 MiB of names and texts exhausts small loaders"],
  ["safetensors/metadata-form", "it takes null for no metadata; the format says a map from text to text"],
  ["safetensors/shape", "it has no limit to the rank; NumPy and PyTorch hold 64 dimensions"],
  [
    "safetensors/size-overflow",
    "it multiplies in 64 bits; what overflows 2^53 bits exists only as an empty tensor",
  ],
  [
    "safetensors/tensor-entry",
    "it skips fields it does not know, where data hides, and takes a list for an entry",
  ],
  ["safetensors/tensor-name", "it takes any text; loaders in C end a name at NUL, logs break at line ends"],
  ["safetensors/too-many-tensors", "it has no limits; more than 150,000 exhaust small loaders"],
]);
