import { createHash } from "node:crypto";
import type { Answer, Seen } from "./fault_registry.ts";
import { bearerOf, goError, goJson, NOT_FOUND, routeOf } from "./go_replies.ts";

export const ENGINE_TOKEN = "e0".repeat(32);

/** The appliance's policy engine, in its words, for the domain that promotions belong to. */
export function policyEngine(
  formats: { readonly allowed: readonly string[]; readonly denied?: readonly string[] },
  token: string | null = null,
): (seen: Seen) => Answer {
  return (seen) => {
    const { route } = routeOf(seen);
    if (route === "GET /api/v1/decide") return goError(405, "method not allowed");
    if (route !== "POST /api/v1/decide") return NOT_FOUND;
    if (token !== null && bearerOf(seen) !== token) return goError(403, `{"error":"forbidden"}`);
    const question = JSON.parse(seen.body);
    const { domain, subject, params = {} } = question;
    if (Object.values(params).some((value) => typeof value !== "string")) {
      return goError(400, "invalid request body");
    }
    if (!domain || !subject) return goError(400, "domain and subject are required");
    return goJson(200, decide(String(params.format), formats, seen.body));
  };
}

function decide(
  format: string,
  { allowed, denied = [] }: { readonly allowed: readonly string[]; readonly denied?: readonly string[] },
  input: string,
) {
  const [decision, reason, rule_id] = denied.includes(format)
    ? ["deny", `format '${format}' is denied`, `models.deny_formats.${format}`]
    : allowed.includes(format)
    ? ["allow", `format '${format}' is allowed`, `models.allowed_formats.${format}`]
    : ["deny", `format '${format}' not in allowed_formats`, "models.allowed_formats_miss"];
  return {
    decision,
    reason,
    evidence: {
      timestamp: "2026-03-08T14:30:00Z",
      domain: "model_promotion",
      policy_digest: "ab".repeat(32),
      rule_id,
      input_hash: createHash("sha256").update(input).digest("hex"),
      eval_time_us: 12,
    },
  };
}
