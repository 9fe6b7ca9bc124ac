import { rules } from "./rule.ts";

/** Registering a passed artifact with the registry. The artifact is kept whatever the registry says. */
export const REGISTRY_RULES = rules({
  "registry/unreachable": {
    severity: "critical",
    why: "The registry did not accept a connection, so the model passed but is not registered.",
    whatToDo:
      "Start the registry (systemctl status secure-ai-registry) and check REGISTRY_URL; it is tried again by itself.",
  },
  "registry/unknown-outcome": {
    severity: "critical",
    why: "The registry took the request and gave no answer, so whether the model is registered is not known.",
    whatToDo:
      "Nothing at first: it is asked again by itself. If this lasts, look at the registry's journal and disk.",
  },
  "registry/server-error": {
    severity: "critical",
    why: "The registry answered that it has a fault of its own, so the model is not registered.",
    whatToDo: "Look at the registry's journal and its disk space; the registration is tried again by itself.",
  },
  "registry/refused": {
    severity: "critical",
    why: "The registry refuses to register this model; asking again will not change that.",
    whatToDo: "Read the registry's words in the message, remove the cause, then `ai-quarantine retry NAME`.",
  },
  "registry/forbidden": {
    severity: "critical",
    why: "The registry does not accept our token, so nobody may be registered in its name.",
    whatToDo:
      "Check that SERVICE_TOKEN or the file of REGISTRY_TOKEN_PATH holds the registry's token, then `ai-quarantine retry NAME`.",
  },
  "registry/conflict": {
    severity: "critical",
    why: "Another model with other bytes is registered under this name, and it is never replaced silently.",
    whatToDo:
      "Rename the new file, or delete the registered model first if this one is to take its place; then `ai-quarantine retry NAME`.",
  },
  "registry/malformed-reply": {
    severity: "critical",
    why: "What answered does not speak as a registry does, so its yes proves nothing.",
    whatToDo: "Check that REGISTRY_URL points at the registry and that nothing else listens on its port.",
  },
  "registry/redirect": {
    severity: "critical",
    why: "A registry never redirects; following would hand our token to another address.",
    whatToDo: "Set REGISTRY_URL to the registry itself, then `ai-quarantine retry NAME`.",
  },
  "registry/staging": {
    severity: "critical",
    why: "The registry takes models only from its staging directory, and where that is was not said.",
    whatToDo:
      "Set PROMOTION_STAGING_DIR to the registry's promotion-staging directory; it is tried again by itself.",
  },
  "registry/policy-bundle": {
    severity: "critical",
    why:
      "The registry accepts a model only with proof that it was judged by the policy installed on this machine.",
    whatToDo:
      "Restart the service so that it judges by the installed policy, and see that all files of the policy and YARA rules are installed, then `ai-quarantine retry NAME`.",
  },
  "registry/token": {
    severity: "critical",
    why: "The registry's token could not be read safely, so no request was sent.",
    whatToDo:
      "Make the token file readable for the service's group only (chmod 0640), one line of text; it is read again at the next try.",
  },
});
