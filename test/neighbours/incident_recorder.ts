import type { Answer, Seen } from "./fault_registry.ts";
import { bearerOf, goJson, NOT_FOUND, routeOf, strictObject } from "./go_replies.ts";

export const REPORTER_TOKEN = "1c".repeat(32);
const CLASSES = [
  ..."attestation_failure policy_bypass_attempt manifest_mismatch forbidden_airlock_request".split(" "),
  ..."prompt_injection tool_call_burst model_behavior_anomaly integrity_violation unauthorized_access".split(
    " ",
  ),
];
const KEYS = ["class", "severity", "source", "description", "evidence"];

export interface Reported {
  readonly class: string;
  readonly severity: string;
  readonly description: string;
  readonly evidence: Readonly<Record<string, string>>;
}

/** The appliance's incident recorder, in its words. */
export class Recorder {
  readonly incidents: Reported[] = [];
  /** `null` asks for no token. */
  constructor(private readonly token: string | null = null) {}

  readonly answer = (seen: Seen): Answer => {
    if (routeOf(seen).route !== "POST /api/v1/incidents/report") return NOT_FOUND;
    if (this.token !== null && bearerOf(seen) !== this.token) return goJson(403, { error: "forbidden" });
    const body = strictObject(seen.body, KEYS);
    if (body === null) return goJson(400, { error: "invalid JSON" });
    const { class: kind, severity, source, description } = body;
    if (!kind || !source || !description) {
      return goJson(400, { error: "class, source, and description are required" });
    }
    if (!CLASSES.includes(String(kind))) return goJson(400, { error: "invalid incident class" });
    if (!["critical", "high", "medium", "low"].includes(String(severity))) {
      return goJson(400, { error: "invalid severity" });
    }
    const number = String(this.incidents.length + 1).padStart(4, "0");
    const evidence = Object.fromEntries(
      Object.entries(Object(body.evidence)).map(([k, v]) => [k, String(v)]),
    );
    this.incidents.push({
      class: String(kind),
      severity: String(severity),
      description: String(description),
      evidence,
    });
    return goJson(201, {
      id: `INC-20260308-143000-${number}`,
      state: "open",
      hash: "00".repeat(32),
      ...body,
    });
  };
}
