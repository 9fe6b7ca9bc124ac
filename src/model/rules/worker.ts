import { rules } from "./rule.ts";

/** What can go wrong with the sandboxed process that examines an artifact. Each is "could not decide". */
export const WORKER_RULES = rules({
  "worker/start": {
    severity: "critical",
    why: "The sandbox for the examination could not be started, so nothing was examined.",
    whatToDo: "Run `ai-quarantine doctor` and look at the journal of the sandbox unit.",
  },
  "worker/busy": {
    severity: "critical",
    why: "No sandbox was free in time, so nothing was examined.",
    whatToDo:
      "Nothing: it is tried again. If it lasts, look for a stuck instance with `systemctl list-units`.",
  },
  "worker/deadline": {
    severity: "critical",
    why: "The examination did not finish in its time and was killed; hostile files can make parsers loop.",
    whatToDo: "If the machine was busy, run it again. Treat a file that does this twice as hostile.",
  },
  "worker/died": {
    severity: "critical",
    why: "The sandboxed examiner died before it gave an answer; hostile files can crash or exhaust parsers.",
    whatToDo: "Look at the journal of the sandbox unit for the cause (memory, a crash), then run it again.",
  },
  "worker/protocol": {
    severity: "critical",
    why: "What the sandbox said is not a well-formed answer, and it is never guessed at.",
    whatToDo: "Check that all parts of ai-quarantine are of one version, then run it again.",
  },
  "worker/flood": {
    severity: "critical",
    why: "The sandbox said more than an answer can be, which a hijacked process might do.",
    whatToDo: "Treat the artifact as hostile; the bytes were kept for examination.",
  },
});
