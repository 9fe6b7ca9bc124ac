import { rules } from "./rule.ts";

/** The appliance's policy engine, asked before each promotion. Without its yes nothing is promoted. */
export const ENGINE_RULES = rules({
  "engine/denied": {
    severity: "critical",
    why: "The policy engine of this machine does not allow this model to be promoted.",
    whatToDo:
      "Read the engine's reason and rule in the message; change its policy if the model is wanted here, then drop the model again.",
  },
  "engine/asks": {
    severity: "critical",
    why: "The policy engine neither allows nor denies the promotion: it wants a person to decide.",
    whatToDo: "Decide it in the policy engine, then `ai-quarantine retry NAME`.",
  },
  "engine/unreachable": {
    severity: "critical",
    why: "The policy engine did not answer in time, and no answer is never a yes.",
    whatToDo:
      "Start the policy engine and check policy_engine.url in the policy; the model is kept and asked about again by itself.",
  },
  "engine/error": {
    severity: "critical",
    why: "The policy engine answered with an error instead of a decision.",
    whatToDo:
      "Look at the engine's journal; for 403 check the file of POLICY_ENGINE_TOKEN_PATH. It is asked again by itself.",
  },
  "engine/malformed-reply": {
    severity: "critical",
    why: "What answered does not speak as the policy engine does, so its yes proves nothing.",
    whatToDo: "Check that policy_engine.url points at the policy engine; it is asked again by itself.",
  },
  "engine/token": {
    severity: "critical",
    why: "The token for the policy engine could not be read safely, so it was not asked.",
    whatToDo:
      "Make the file of POLICY_ENGINE_TOKEN_PATH readable for the service's group only (chmod 0640), one line of text.",
  },
});
