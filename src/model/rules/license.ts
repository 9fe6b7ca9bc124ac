import { rules } from "./rule.ts";

/** What a model declares about its own use. A declaration proves nothing; its absence means nothing. */
export const LICENSE_RULES = rules({
  "license/flagged": {
    severity: "suspicious",
    why:
      "The model declares a license that the policy names (models.flag_licenses), such as one for research only.",
    whatToDo:
      "Read the license. If your use is allowed, accept the finding for this digest or take the license off the list.",
  },
});
