import { rules } from "./rule.ts";

const FETCH_AGAIN = "Fetch the file again and compare its size and digest with the publisher's.";
const SAVE_AGAIN =
  "Fetch the file again; if it is the same, ask the publisher to save it with the safetensors library.";
const LOOK_FIRST = "Look at the header before trusting the file, and ask the publisher what the data is for.";

/** The safetensors parser. https://github.com/huggingface/safetensors#format */
export const SAFETENSORS_RULES = rules({
  "safetensors/too-short": {
    severity: "critical",
    why: "A file of fewer than eight bytes has no room for the length of a header.",
    whatToDo: FETCH_AGAIN,
  },
  "safetensors/header-length": {
    severity: "critical",
    why:
      "The header claims more bytes than the file has: an interrupted download, another format, or an attack on the reader.",
    whatToDo: FETCH_AGAIN,
  },
  "safetensors/header-limit": {
    severity: "critical",
    why: "Loaders refuse headers above 100,000,000 bytes, because parsing them exhausts memory.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/header-not-object": {
    severity: "critical",
    why: "The header must be one JSON object that names the tensors; without it nothing can be loaded.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/metadata-form": {
    severity: "critical",
    why: "__metadata__ must map texts to texts; loaders fail on anything else or ignore what it hides.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/tensor-name": {
    severity: "critical",
    why:
      "A control character in a name ends the name for some loaders and not for others, and forges log lines.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/tensor-entry": {
    severity: "critical",
    why:
      "A tensor is described by dtype, shape and data_offsets; a missing field breaks loaders, an extra one carries data they ignore.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/dtype": {
    severity: "critical",
    why: "The size of a tensor of unknown type cannot be known, so neither can what its bytes are.",
    whatToDo:
      "If the type is new, update ai-quarantine; otherwise ask the publisher to save the file with the safetensors library.",
  },
  "safetensors/shape": {
    severity: "critical",
    why:
      "A shape must be a list of whole numbers, none below zero; anything else is read differently by each loader.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/data-offsets": {
    severity: "critical",
    why:
      "The offsets must be a begin and an end that does not come before it; loaders that trust them read foreign memory.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/out-of-bounds": {
    severity: "critical",
    why:
      "A tensor ends behind the end of the file: an incomplete download, or an attempt to read foreign memory.",
    whatToDo: FETCH_AGAIN,
  },
  "safetensors/size-overflow": {
    severity: "critical",
    why:
      "The dimensions multiply to more than any file can hold; loaders whose numbers wrap allocate too little and write beyond it.",
    whatToDo: "Treat the file as hostile.",
  },
  "safetensors/partial-byte": {
    severity: "critical",
    why: "Values of 4 or 6 bits must fill whole bytes; the bits left over belong to nobody.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/size-mismatch": {
    severity: "critical",
    why:
      "A tensor's bytes are not as many as its type and shape say, so loaders read beyond it or leave data unread.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/hole-or-overlap": {
    severity: "critical",
    why:
      "Every byte must belong to exactly one tensor: a hole hides data, an overlap makes a small file huge once loaded.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/unclaimed-bytes": {
    severity: "critical",
    why:
      "Bytes behind the last tensor belong to nothing and can be a second file, such as a program or an archive.",
    whatToDo: "Do not cut them off and go on: fetch the file again from its publisher.",
  },
  "safetensors/too-many-tensors": {
    severity: "critical",
    why:
      "150,000 tensors in one file are more than the largest adapters need; a longer list exhausts memory.",
    whatToDo: "Split the model over several files if it is real.",
  },
  "safetensors/index-size": {
    severity: "critical",
    why:
      "Names, shapes and metadata take more memory than those of any real model, which exhausts the loader.",
    whatToDo: LOOK_FIRST,
  },
  "safetensors/empty-tensors": {
    severity: "suspicious",
    why:
      "Tens of thousands of tensors without a single value serve no model, only slow down what loads them.",
    whatToDo: LOOK_FIRST,
  },
  "safetensors/large-metadata": {
    severity: "suspicious",
    why: "More than 1 MiB of free text beside the tensors is enough to carry a program or a stolen data set.",
    whatToDo:
      "Read __metadata__. Training logs can be this long; remove them or accept the finding for this digest.",
  },
  "safetensors/header-padding": {
    severity: "suspicious",
    why:
      "The header should be padded with spaces only; tabs and line ends in the padding can encode hidden data.",
    whatToDo: SAVE_AGAIN,
  },
  "safetensors/header-start": {
    severity: "info",
    why:
      "The format says the header begins with {; some writers put white space before it to align pages, and loaders accept it.",
    whatToDo: "Nothing. A loader that refuses the file needs it saved again with the safetensors library.",
  },
});
