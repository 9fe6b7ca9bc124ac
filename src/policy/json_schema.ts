import * as z from "zod";
import { policySchema } from "./schema.ts";

/** The JSON Schema of policy.yaml for editors, as text: what `policy/policy.schema.json` holds. */
export function policyJsonSchema(): string {
  const schema = z.toJSONSchema(policySchema, { io: "input", target: "draft-7" });
  return `${JSON.stringify({ title: "ai-quarantine policy", ...schema }, null, 2)}\n`;
}
