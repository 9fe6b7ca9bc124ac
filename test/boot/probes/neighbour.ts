/**
 * One neighbour of an appliance, in its words, at its port; runs inside the machine until it is stopped.
 *
 * usage: neighbour.ts policy-engine | incident-recorder | registry-b
 */
import { appendFileSync } from "node:fs";
import { type Answer, FaultRegistry, type Seen } from "../../neighbours/fault_registry.ts";
import { Recorder, REPORTER_TOKEN } from "../../neighbours/incident_recorder.ts";
import { ENGINE_TOKEN, policyEngine } from "../../neighbours/policy_engine.ts";
import { RegistryB } from "../../neighbours/registry_b.ts";

const [name = ""] = Deno.args;

const NEIGHBOURS: Readonly<Record<string, { port: number; answer: (seen: Seen) => Answer }>> = {
  "policy-engine": { port: 8500, answer: policyEngine({ allowed: ["gguf"] }, ENGINE_TOKEN) },
  "incident-recorder": { port: 8515, answer: new Recorder(REPORTER_TOKEN).answer },
  "registry-b": {
    port: 8470,
    answer: new RegistryB({
      models: "/var/lib/secure-ai/vault/models",
      staging: "/var/lib/secure-ai/promotion-staging",
      policy: "/etc/secure-ai/policy",
    }).answer,
  },
};

const neighbour = NEIGHBOURS[name];
if (neighbour === undefined) throw new Error(`There is no neighbour ${name}`);
const { port, answer } = neighbour;
/** Every request it was sent, one a line. */
const log = `/run/${name}.jsonl`;

new FaultRegistry((seen) => {
  const said = answer(seen);
  const { method, target, body } = seen;
  const status = said.kind === "reply" ? said.status : null;
  appendFileSync(log, JSON.stringify({ method, target, status, body }) + "\n");
  return said;
}, port);
appendFileSync(log, "");
