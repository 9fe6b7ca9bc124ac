import { rules } from "./rule.ts";

/** Stage 1 (where it came from) and stage 3 (which bytes it must be). */
export const ORIGIN_RULES = rules({
  "origin/not-allowed": {
    severity: "critical",
    why: "The policy names the places models may come from, and this is none of them.",
    whatToDo: "If the source is trusted here, add its URL prefix to sources.allowlist.yaml.",
  },
  "origin/malformed-url": {
    severity: "critical",
    why: "An origin that is not one plain https URL cannot be compared with the allowlist safely.",
    whatToDo: "Write the exact https download URL into the .source sidecar.",
  },
  "origin/local-refused": {
    severity: "critical",
    why: "The policy says models without an origin are not taken in (models.local_imports: refuse).",
    whatToDo: "Import the model through the catalog so that its origin is recorded.",
  },
  "integrity/mismatch": {
    severity: "critical",
    why: "The bytes are not the ones that were pinned: a changed, corrupted or substituted model.",
    whatToDo:
      "Fetch the model again from its publisher. If the change is expected, update models.lock.yaml or `ai-quarantine pins forget NAME`.",
  },
  "integrity/unpinned": {
    severity: "critical",
    why: "A remote model must have a pinned digest before it can be trusted.",
    whatToDo: "Add the model's SHA-256, as its publisher states it, to models.lock.yaml or the catalog.",
  },
  "integrity/pin-required": {
    severity: "critical",
    why: "The policy takes in local models only with a pinned digest (models.local_imports: require_pin).",
    whatToDo: "Add the model's SHA-256 to models.lock.yaml.",
  },
  "integrity/manifest-mismatch": {
    severity: "critical",
    why: "The files are not the ones that were downloaded: something changed, swapped or lost them since.",
    whatToDo:
      "Download the directory again. If you changed it on purpose, remove .NAME.hf-manifest.json (in incoming, or in rejected after a refusal).",
  },
  "integrity/manifest-unlisted": {
    severity: "critical",
    why: "Somebody put a file into the directory that was not part of the download.",
    whatToDo:
      "Delete the file, or download the directory again. If it belongs there, remove .NAME.hf-manifest.json (in incoming, or in rejected after a refusal).",
  },
  "integrity/manifest-unreadable": {
    severity: "critical",
    why:
      "A list of what was downloaded that cannot be understood could have said that these are other files.",
    whatToDo:
      "Download the directory again, or remove .NAME.hf-manifest.json (in incoming, or in rejected after a refusal) to import it without one.",
  },
  "integrity/blocked": {
    severity: "critical",
    why: "These exact bytes are on the block list, under whatever name they come.",
    whatToDo: "Do not use this model. The lock file says why it was blocked.",
  },
});
