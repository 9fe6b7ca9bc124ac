import { rules } from "./rule.ts";

export const PROVENANCE_RULES = rules({
  "provenance/unverified": {
    severity: "info",
    why: "A signature was found but could not be checked here, so it adds no trust.",
    whatToDo: "Verify it with the publisher's own tool before you rely on it.",
  },
});
