import { rules } from "./rule.ts";

/** What the weights themselves show, and what changed against a recorded manifest. */
export const MEASURE_RULES = rules({
  "measure/not-a-number": {
    severity: "critical",
    why: "One infinite value or not-a-number among the weights spreads through every answer of the model.",
    whatToDo: "Fetch the model again; if the published file has it too, it was damaged or made to do this.",
  },
  "measure/special-scale": {
    severity: "critical",
    why:
      "A block scale that is no finite number turns a whole block of weights into nonsense; no quantiser writes one.",
    whatToDo: "Fetch the model again; if the published file has it too, do not use it.",
  },
  "measure/zero-matrix": {
    severity: "suspicious",
    why: "A weight matrix of nothing but zeros switches part of the model off.",
    whatToDo: "Compare the tensor with the published model; pruned models say so in their description.",
  },
  "measure/constant-matrix": {
    severity: "suspicious",
    why: "A weight matrix with one value throughout was not trained and can steer or disable the model.",
    whatToDo: "Compare the tensor with the published model.",
  },
  "measure/extreme-value": {
    severity: "suspicious",
    why:
      "A weight millions of times larger than trained ones drowns everything else, or carries hidden data.",
    whatToDo: "Compare the tensor with the published model.",
  },
  "measure/repeated-blocks": {
    severity: "suspicious",
    why:
      "Trained weights never repeat block for block; repeats are a payload, a filler or a damaged download.",
    whatToDo: "Fetch the model again and compare the tensor with the published model.",
  },
  "measure/scale-spread": {
    severity: "suspicious",
    why:
      "The block scales vary over many more orders of magnitude than those of weights: the bytes are something else.",
    whatToDo: "Compare the tensor with the published model, or quantise the model anew from its source.",
  },
  "measure/random-codes": {
    severity: "suspicious",
    why: "The codes are as even as encrypted or compressed data; those of weights never are.",
    whatToDo: "Compare the tensor with the published model, or quantise the model anew from its source.",
  },
  "measure/random-stretch": {
    severity: "suspicious",
    why: "A stretch of the tensor has codes as even as encrypted data while the rest looks like weights.",
    whatToDo: "Compare the tensor with the published model, or quantise the model anew from its source.",
  },
  "measure/random-bytes": {
    severity: "info",
    why:
      "The bytes are as even as encrypted or compressed data; packed weights of other programs can look like this.",
    whatToDo: "Nothing, if the model is known to hold packed integers.",
  },
  "measure/low-bits-text": {
    severity: "suspicious",
    why: "The lowest bits of the weights, which hardly change what the model does, spell text.",
    whatToDo: "Treat the model as a carrier of hidden data; compare it with the published one.",
  },
  "measure/low-bits-mixed": {
    severity: "suspicious",
    why:
      "Part of the weights was widened from 16 bits and part uses bits that such weights leave empty: room for hidden data.",
    whatToDo: "Compare the tensor with the published model; convert it to BF16 to clear the bits.",
  },
  "measure/role-outlier": {
    severity: "suspicious",
    why: "The tensor is far larger or smaller than the same tensor of every other layer.",
    whatToDo: "Compare the tensor with the published model.",
  },
  "measure/mostly-zero": {
    severity: "info",
    why: "More than half of a weight matrix is zero, as in pruned models.",
    whatToDo: "Nothing, if the model is known to be pruned.",
  },
  "manifest/changed": {
    severity: "critical",
    why: "The file is not the one that was examined and promoted.",
    whatToDo: "Restore the file from a trusted copy; the message names what differs.",
  },
  "manifest/malformed": {
    severity: "critical",
    why: "The manifest cannot be read, so nothing can be said about the file it stands for.",
    whatToDo: "Restore the manifest, or admit the model again.",
  },
});
