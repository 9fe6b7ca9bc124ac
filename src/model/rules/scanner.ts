import { rules } from "./rule.ts";

/**
 * The outside programs that are asked about an artifact. `scanner/…` is why a program's word could not be had: none of
 * them is "clean". The others are what each program said, in its own words.
 */
export const SCANNER_RULES = rules({
  "scanner/no-sandbox": {
    severity: "critical",
    why:
      "A foreign program reads hostile bytes only behind walls of its own, and this machine has none for it.",
    whatToDo: "Install bubblewrap, or let systemd start the sandboxes, then `ai-quarantine retry NAME`.",
  },
  "scanner/version": {
    severity: "critical",
    why: "Only the version that the policy pins has a say; another one may find less, or report differently.",
    whatToDo: "Install the pinned version, or pin the installed one after you have tried it.",
  },
  "scanner/start": {
    severity: "critical",
    why: "The scanner is installed but did not start, so it has not looked.",
    whatToDo: "Run `ai-quarantine doctor`; usually a library or an interpreter of the program is missing.",
  },
  "scanner/crashed": {
    severity: "critical",
    why: "The scanner failed while it read these bytes; hostile files are made to crash scanners.",
    whatToDo: "Run it again. Treat a file on which it fails twice as hostile.",
  },
  "scanner/exit": {
    severity: "critical",
    why:
      "The scanner ended with an exit code its documentation does not know, and codes are never guessed at.",
    whatToDo: "Check that the installed version is one this program knows: `ai-quarantine doctor`.",
  },
  "scanner/deadline": {
    severity: "critical",
    why: "The scanner did not finish in its time and was killed; hostile files can make scanners loop.",
    whatToDo: "If the machine was busy, run it again. Treat a file that does this twice as hostile.",
  },
  "scanner/flood": {
    severity: "critical",
    why: "The scanner printed more than any report is, which a hijacked program might do.",
    whatToDo: "Treat the artifact as hostile; the bytes were kept for examination.",
  },
  "scanner/left-behind": {
    severity: "critical",
    why: "The scanner ended but left a process of its own running, which no scanner has reason to.",
    whatToDo:
      "Treat the artifact as hostile; the process was ended with its sandbox and the bytes were kept.",
  },
  "scanner/report": {
    severity: "critical",
    why:
      "What the scanner printed is not a whole report of the form this program knows, and is never guessed at.",
    whatToDo: "Check that the installed version is one this program knows: `ai-quarantine doctor`.",
  },
  "scanner/contradiction": {
    severity: "critical",
    why: "The scanner's report and its exit code disagree, so neither can be believed.",
    whatToDo: "Check that the installed version is one this program knows: `ai-quarantine doctor`.",
  },
  "scanner/nothing-scanned": {
    severity: "critical",
    why: "The scanner ended without an error but says that it looked at nothing; that is not a clean result.",
    whatToDo: "Check the scanner with `ai-quarantine doctor`, then run it again.",
  },
  "scanner/incomplete": {
    severity: "critical",
    why: "The scanner says that it could not look at all of it, and what it did not see may be the bad part.",
    whatToDo: "Read the scanner's own words in the report; run it again when their cause is gone.",
  },
  "modelscan/issue": {
    severity: "critical",
    why: "modelscan found code in serialized data that runs when the model is loaded.",
    whatToDo: "Do not load the model. Ask the publisher for safetensors or GGUF.",
  },
  "fickling/issue": {
    severity: "critical",
    why: "fickling found pickled instructions that do more than rebuild data.",
    whatToDo: "Do not load the model. Ask the publisher for safetensors or GGUF.",
  },
  "modelaudit/issue": {
    severity: "suspicious",
    why: "modelaudit, a second opinion, found something in the model that it does not expect there.",
    whatToDo:
      "Read its own words in the report. If you know the cause, accept the rule for this digest in the policy.",
  },
  "gguf-guard/anomaly": {
    severity: "suspicious",
    why: "gguf-guard, a second opinion, found weights or a structure unlike those of the models it knows.",
    whatToDo:
      "Read its own words in the report. If you know the cause, accept the rule for this digest in the policy.",
  },
  "yara/match": {
    severity: "critical",
    why: "The bytes hold a pattern that belongs to malware or to secrets and has no place in a model.",
    whatToDo:
      "Do not load the model. If the match is a mistake, accept the rule for this digest in the policy.",
  },
});
