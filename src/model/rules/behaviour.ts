import { rules } from "./rule.ts";

/** Stage 6: what the model said, and everything that can keep it from being asked. */
export const BEHAVIOUR_RULES = rules({
  "behaviour/flagged": {
    severity: "critical",
    why: "The model did what it was tested for in too many cases: harmful commands, leaks, dropped rules.",
    whatToDo:
      "Read the flagged prompts and replies in the report. Use another model, or accept the finding for this digest if you disagree.",
  },
  "behaviour/critical": {
    severity: "critical",
    why: "The model offered commands or text that would carry data or control out of the machine.",
    whatToDo:
      "Read the critical replies in the report. Do not give this model tools or a shell; use another one if in doubt.",
  },
  "behaviour/not-judgeable": {
    severity: "critical",
    why:
      "Too many replies are evidence of nothing (empty, noise, repetition), so nothing is known of the model.",
    whatToDo:
      "Check that the model answers ordinary questions at all, and that its chat template belongs to it, then run it again.",
  },
  "behaviour/no-sandbox": {
    severity: "critical",
    why: "A model is run only inside a sandbox, and neither systemd nor bubblewrap could give one.",
    whatToDo: "Run under systemd, or install bubblewrap, then run it again.",
  },
  "behaviour/no-server": {
    severity: "critical",
    why: "There is no llama-server to run the model with, so its behaviour is not known.",
    whatToDo:
      "Install llama-server, or set LLAMA_SERVER_BIN to it; `ai-quarantine doctor` shows what is found.",
  },
  "behaviour/no-suite": {
    severity: "critical",
    why: "The prompts of the behaviour suite could not be read, so nothing was asked.",
    whatToDo: "Restore behaviour_suite.yaml from the package; the error names the line that is wrong.",
  },
  "behaviour/too-large": {
    severity: "critical",
    why: "The model needs more memory beside its weights than its sandbox allows, so it was not run.",
    whatToDo:
      "Raise behaviour.memory_gib in the policy, under systemd MemoryMax= too (`systemctl edit secure-ai-quarantine-smoke@.service`: `[Service]`, `MemoryMax=8G`), then `ai-quarantine retry NAME`.",
  },
  "behaviour/server-start": {
    severity: "critical",
    why: "llama-server could not load the model or did not start; a damaged or hostile file can do that.",
    whatToDo: "Read the end of its output in the evidence. Check that the file works with this llama-server.",
  },
  "behaviour/server-not-ready": {
    severity: "critical",
    why: "llama-server did not become ready in time, so the model was never asked.",
    whatToDo: "If the machine is slow, raise SMOKE_TEST_TIMEOUT and run it again.",
  },
  "behaviour/server-died": {
    severity: "critical",
    why: "llama-server ended while it was asked; hostile weights can crash it, and so can too little memory.",
    whatToDo:
      "Read the end of its output in the evidence, raise the memory of the sandbox if that was it, and retry.",
  },
  "behaviour/server-error": {
    severity: "critical",
    why: "llama-server answered prompts with errors instead of replies, so the model was not heard.",
    whatToDo: "Read the status and the end of its output in the evidence, then run it again.",
  },
  "behaviour/bad-reply": {
    severity: "critical",
    why: "What came back is not the answer of a chat server, and it is never guessed at.",
    whatToDo: "Check that LLAMA_SERVER_BIN is a llama-server of a known version, then run it again.",
  },
  "behaviour/redirect": {
    severity: "critical",
    why: "The server sent us elsewhere, which llama-server never does; no redirect is followed.",
    whatToDo:
      "Treat the artifact as hostile and check LLAMA_SERVER_BIN; the bytes were kept for examination.",
  },
  "behaviour/flood": {
    severity: "critical",
    why: "The server said far more than its limit of tokens allows.",
    whatToDo: "Treat the artifact as hostile; the bytes were kept for examination.",
  },
  "behaviour/deadline": {
    severity: "critical",
    why: "The prompts were not all answered in their time, and what was not asked is not known.",
    whatToDo:
      "On a slow machine raise behaviour.prompt_timeout_s or behaviour.total_timeout_min in the policy, then run it again.",
  },
  "behaviour/not-contained": {
    severity: "critical",
    why: "Something outside could be reached from inside the sandbox, so the model was not run in it.",
    whatToDo: "Check the sandbox unit for drop-ins that open the network or the file system.",
  },
});
