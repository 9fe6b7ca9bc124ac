/** The services of an appliance that are asked before a promotion, and told when a boundary did not hold. */
export * from "./incident_recorder.ts";
export { type Incident, IncidentSpool } from "./incident_spool.ts";
export * from "./policy_engine.ts";
