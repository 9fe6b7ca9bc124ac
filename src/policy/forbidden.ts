import { isRuleId, RULES, SCANNER_IDS, STAGE_IDS } from "../model/mod.ts";
import { isAcceptable } from "./accept.ts";
import { registryAddressFault, serviceAddressFault } from "./address.ts";
import { nearest } from "./nearest.ts";
import type { KeyPath, Problem } from "./problem.ts";
import type { PolicyText } from "./schema.ts";
import { publisherProblems } from "./publishers.ts";
import { requiredElsewhere } from "./settle.ts";

/** What a well-formed policy must not say: rules between keys, rules of the profile, waivers that do not hold. */
export function forbiddenIn(text: PolicyText, now: Date): Problem[] {
  return [
    ...(text.profile === "appliance" ? againstAppliance(text) : []),
    ...registryProblems(text),
    ...serviceProblems(text),
    ...contradictions(text),
    ...publisherProblems(text),
    ...text.accept.flatMap((entry, i) => waiverProblems(text, entry, i, now)),
  ];
}

function againstAppliance({ quarantine, network }: PolicyText): Problem[] {
  const noDisabledStage = "profile appliance, the default, does not start with a disabled stage";
  const disabled = STAGE_IDS.filter((id) => !quarantine.stages[id])
    .map((id) => forbid(["quarantine", "stages", id], noDisabledStage));
  if (!network.allow_outbound) return disabled;
  const onlyLoopback = "profile appliance, the default, allows nothing but loopback";
  return [...disabled, forbid(["network", "allow_outbound"], onlyLoopback)];
}

function registryProblems({ profile, registry, network }: PolicyText): Problem[] {
  if (registry.url === undefined) return [];
  const policy = {
    profile,
    registry: { localhostOnly: registry.localhost_only },
    network: { allowOutbound: network.allow_outbound, offlineByDefault: network.offline_by_default },
  };
  const fault = registryAddressFault(registry.url, policy, "policy");
  return fault === null ? [] : [forbid(["registry", "url"], fault)];
}

/** The machine's own services are asked on the machine itself, whatever else the policy allows. */
function serviceProblems(text: PolicyText): Problem[] {
  return (["policy_engine", "incident_recorder"] as const).flatMap((service) => {
    const fault = serviceAddressFault(text[service].url);
    return fault === null ? [] : [forbid([service, "url"], fault)];
  });
}

/** Two keys that mean the same must say the same. */
function contradictions(text: PolicyText): Problem[] {
  return SCANNER_IDS.flatMap((id) => {
    const elsewhere = requiredElsewhere(text, id);
    const own = text.scanners[id].required;
    if (elsewhere?.value === undefined || own === undefined || elsewhere.value === own) return [];
    return [
      forbid(["scanners", id, "required"], `contradicts ${elsewhere.path.join(".")}, which says ${!own}`),
    ];
  });
}

function waiverProblems(
  text: PolicyText,
  entry: PolicyText["accept"][number],
  index: number,
  now: Date,
): Problem[] {
  const problems: Problem[] = [];
  const path = ["accept", index];
  if (!isRuleId(entry.rule)) {
    const near = nearest(entry.rule, Object.keys(RULES));
    const meant = near === null ? "" : `; did you mean ${near}?`;
    problems.push({
      ...forbid([...path, "rule"], `no rule is called ${JSON.stringify(entry.rule)}${meant}`),
      kind: "schema",
    });
  } else if (!isAcceptable(entry.rule)) {
    problems.push(forbid([...path, "rule"], `${entry.rule} can never be accepted`));
  }
  if (new Date(entry.expires).getTime() <= now.getTime()) {
    problems.push(forbid([...path, "expires"], `expired at ${new Date(entry.expires).toISOString()}`));
  }
  const same = (other: typeof entry) =>
    other.rule === entry.rule && other.sha256.toLowerCase() === entry.sha256.toLowerCase();
  if (text.accept.findIndex(same) < index) {
    problems.push(forbid(path, "the same rule is accepted for the same digest above"));
  }
  return problems;
}

function forbid(path: KeyPath, message: string): Problem {
  return { kind: "forbidden", path, about: "value", message };
}
