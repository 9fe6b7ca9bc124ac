import { rules } from "./rule.ts";

const ASK_FOR_CLEAN_JSON =
  "Fetch the file again; if it is the same, ask the publisher to write it with a standard JSON library.";
const ASK_FOR_SMALLER_JSON =
  "Look at the file before trusting it: no published model needs JSON of this size.";

/** The strict JSON reader: headers of safetensors files and the JSON files beside a model. */
export const JSON_RULES = rules({
  "json/syntax": {
    severity: "critical",
    why: "Text that is not exactly JSON is guessed at, and each program guesses differently.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/truncated": {
    severity: "critical",
    why: "The JSON ends before it is complete: an interrupted download, or a length that lies.",
    whatToDo: "Fetch the file again and compare its size with the publisher's.",
  },
  "json/trailing-text": {
    severity: "critical",
    why:
      "Bytes behind the JSON value are ignored by some readers and can carry a second document or a program.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/byte-order-mark": {
    severity: "critical",
    why: "JSON must not begin with a byte order mark; readers that strip it and readers that fail disagree.",
    whatToDo: "Ask the publisher to save the file as UTF-8 without a byte order mark.",
  },
  "json/not-utf8": {
    severity: "critical",
    why:
      "Bytes that are not UTF-8 are replaced or dropped by some readers, so names mean different things to each.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/control-character": {
    severity: "critical",
    why:
      "A bare control character in a string is not JSON; lenient readers cut the text there or hide what follows.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/lone-surrogate": {
    severity: "critical",
    why:
      "Half of a character has no text of its own: readers drop it, replace it or fail, and names stop matching.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/duplicate-key": {
    severity: "critical",
    why:
      "Of two values under one key some readers take the first and others the last, so what was checked is not what is loaded.",
    whatToDo: "Ask the publisher for a file in which each key stands once.",
  },
  "json/number-form": {
    severity: "critical",
    why: "A whole number written as 1.0, 1e3 or -0 is read by some loaders and refused or rounded by others.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/unsafe-integer": {
    severity: "critical",
    why:
      "Whole numbers beyond 2^53 - 1 are rounded by many readers, so sizes and offsets would not be the checked ones.",
    whatToDo: "Treat the file as hostile unless its publisher explains the number: no tensor is that large.",
  },
  "json/number-range": {
    severity: "critical",
    why: "A number no double can hold becomes infinity in some readers and an error in others.",
    whatToDo: ASK_FOR_CLEAN_JSON,
  },
  "json/too-deep": {
    severity: "critical",
    why: "Deep nesting exhausts the stack of readers that recurse, which crashes them.",
    whatToDo: "Treat the file as hostile: no model's JSON is nested this deep.",
  },
  "json/too-large": {
    severity: "critical",
    why: "JSON above the limit for its kind can exhaust the memory of whatever loads it.",
    whatToDo: ASK_FOR_SMALLER_JSON,
  },
  "json/too-many-values": {
    severity: "critical",
    why: "Millions of tiny values take many times their size in memory once they are loaded.",
    whatToDo: ASK_FOR_SMALLER_JSON,
  },
  "json/long-string": {
    severity: "critical",
    why: "One enormous string in a description is a payload, or exhausts the memory of whatever loads it.",
    whatToDo: ASK_FOR_SMALLER_JSON,
  },
  "json/whitespace-run": {
    severity: "critical",
    why: "More than 1 MiB of white space in a row is no layout; it hides data or pushes text out of sight.",
    whatToDo: "Ask the publisher to write the file without the padding.",
  },
});
