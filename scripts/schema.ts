/** Writes policy/policy.schema.json. Run after every change of src/policy/schema.ts. */
import { policyJsonSchema } from "../src/policy/json_schema.ts";

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../policy/policy.schema.json", import.meta.url), policyJsonSchema());
}
