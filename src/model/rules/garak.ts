import { rules } from "./rule.ts";

/** garak, which asks the running model more in stage 6: what it found, and everything that can keep it from it. */
export const GARAK_RULES = rules({
  "garak/hits": {
    severity: "critical",
    why: "garak's detectors found in too many replies what its probes try to provoke.",
    whatToDo:
      "Read the counts of each probe in the evidence. Use another model, or accept the finding for this digest if you disagree.",
  },
  "garak/missing": {
    severity: "critical",
    why: "The policy requires garak, which is not installed, so the model was not probed as it demands.",
    whatToDo: "Install garak and set GARAK_BIN to it, or set scanners.garak.required to false, then retry.",
  },
  "garak/version": {
    severity: "critical",
    why: "Only the version of garak that the policy names has a say; probes differ from version to version.",
    whatToDo: "Install the version in scanners.garak.version, or name the installed one there, then retry.",
  },
  "garak/crashed": {
    severity: "critical",
    why: "garak ended with an error, so its probes were not all asked.",
    whatToDo: "Read the end of its output in the evidence. Check that it works offline, then run it again.",
  },
  "garak/deadline": {
    severity: "critical",
    why: "garak did not finish in what was left of the time for the model, and was killed.",
    whatToDo:
      "On a slow machine raise behaviour.total_timeout_min or shorten behaviour.garak_probes in the policy, then retry.",
  },
  "garak/report": {
    severity: "critical",
    why:
      "garak's report is missing, cut short or not of the form this program knows, and is never guessed at.",
    whatToDo: "Check that garak is of a version this program knows (0.17), then run it again.",
  },
  "garak/nothing-probed": {
    severity: "critical",
    why: "A probe of the list got no reply that could be judged; that is not a clean result.",
    whatToDo: "Check that the probes in behaviour.garak_probes exist in the installed garak, then retry.",
  },
});
