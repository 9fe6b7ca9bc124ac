import { rules } from "./rule.ts";

/** Claiming, freezing, promoting: rules of the line itself, before and after the stages. */
export const LINE_RULES = rules({
  "name/control-character": {
    severity: "critical",
    why: "A name with control or direction characters can forge log lines and hide what it is.",
    whatToDo: "Rename the file to plain letters, digits, dots, dashes or spaces and drop it again.",
  },
  "name/not-utf8": {
    severity: "critical",
    why: "A name that is not UTF-8 cannot be recorded or served exactly as it is.",
    whatToDo: "Rename the file with a UTF-8 name and drop it again.",
  },
  "name/too-long": {
    severity: "critical",
    why: "The report, the provenance record and its signature need room beside the name in 255 bytes.",
    whatToDo: "Shorten the name to at most 235 bytes and drop it again.",
  },
  "claim/symlink": {
    severity: "critical",
    why: "A link can point at another file after it was examined; only the bytes themselves are taken in.",
    whatToDo: "Copy the file itself into the incoming directory instead of a link to it.",
  },
  "claim/hard-link": {
    severity: "critical",
    why: "A file with a second name can be changed through that name while it is examined.",
    whatToDo: "Copy the file (cp without -l) so that it has one name, and drop the copy.",
  },
  "claim/special-file": {
    severity: "critical",
    why: "A pipe, socket or device is not a model and can block or misbehave when it is read.",
    whatToDo: "Remove it from the incoming directory; only regular files and directories of them are models.",
  },
  "claim/sparse": {
    severity: "critical",
    why:
      "A file that is mostly holes claims far more bytes than it stores, and would fill the disk when copied.",
    whatToDo: "Make a fully written copy (cp --sparse=never) if the file is meant to be that large.",
  },
  "claim/too-large": {
    severity: "critical",
    why: "The policy caps how large an artifact may be.",
    whatToDo: "Raise quarantine.max_artifact_gib in the policy if models of this size are expected here.",
  },
  "claim/empty": {
    severity: "critical",
    why: "An empty file or directory is not a model; usually a download did not complete.",
    whatToDo: "Fetch the model again and compare its size with the publisher's.",
  },
  "claim/changed": {
    severity: "critical",
    why: "The bytes changed while they were read, so no verdict about them would be true.",
    whatToDo: "Wait until whatever writes the file has finished, then run it again.",
  },
  "claim/sidecar": {
    severity: "critical",
    why: "The .source sidecar is not one line of at most 4096 bytes, so the origin cannot be known.",
    whatToDo:
      "Write the download URL as one line into .NAME.source, or remove the sidecar for a local import.",
  },
  "claim/tree-limit": {
    severity: "critical",
    why: "The directory has more files or deeper folders than any model needs.",
    whatToDo: "Remove what does not belong to the model and drop it again.",
  },
  "claim/unreadable": {
    severity: "critical",
    why: "The bytes could not be read, so nothing can be said about them.",
    whatToDo: "Check the file's permissions and the disk's health (journalctl -k), then run it again.",
  },
  "line/disk": {
    severity: "critical",
    why:
      "The disk refused a write: it is full, read-only or failing, so the verdict could not be carried out.",
    whatToDo: "Make room or repair the disk (df -h, journalctl -k), then `ai-quarantine retry NAME`.",
  },
  "line/crashed": {
    severity: "critical",
    why: "A stage failed in a way it should not have, so what it would have said is not known.",
    whatToDo: "Read the report's error text, then `ai-quarantine retry NAME`; report it if it happens again.",
  },
  "line/stopped": {
    severity: "critical",
    why: "The program was asked to stop before the verdict, so there is none.",
    whatToDo: "Nothing: it is examined again at the next start.",
  },
  "line/missing-program": {
    severity: "critical",
    why: "The policy requires a program that is not installed, so part of the examination could not be done.",
    whatToDo:
      "Install the program, or say in the policy that it may be missing (quarantine.scanner_missing: warn-and-skip).",
  },
  "line/digest-disagrees": {
    severity: "critical",
    why:
      "Two independent readings of the frozen bytes gave different digests: a disk, memory or sandbox fault.",
    whatToDo: "Check the machine (journalctl -k), then run it again. The bytes were kept.",
  },
});
