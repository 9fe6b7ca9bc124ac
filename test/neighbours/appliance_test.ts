import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli, watchVariables } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import { FaultRegistry } from "./fault_registry.ts";
import { Recorder, REPORTER_TOKEN } from "./incident_recorder.ts";
import { placesB } from "./lab_dialects.ts";
import { ENGINE_TOKEN, policyEngine } from "./policy_engine.ts";
import { RegistryB, TOKENS_B } from "./registry_b.ts";

/** Writes a token file as an appliance hands it out. */
function tokenFile(lab: Lab, name: string, token: string): string {
  const path = join(lab.root, name);
  fs.writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return path;
}

Deno.test("P149, P150: the program itself, with every neighbour of an appliance, by its variables and permissions", async () => {
  using lab = Lab.make({ consult: "true", report: "true" });
  const installed = dirname(lab.policyPath);
  fs.mkdirSync(join(installed, "yara"));
  fs.writeFileSync(join(installed, "yara", "default.yar"), "rule none { condition: false }\n");
  fs.writeFileSync(join(installed, "diffusion-models.lock.yaml"), "version: 1\nmodels: []\n");
  const { models, staging } = placesB(lab.root);
  for (const path of [models, staging]) fs.mkdirSync(path);
  const state = new RegistryB({ models, staging, policy: installed });
  const recorder = new Recorder(REPORTER_TOKEN);
  await using registry = new FaultRegistry(state.answer);
  await using engine = new FaultRegistry(policyEngine({ allowed: ["gguf"] }, ENGINE_TOKEN));
  await using incidents = new FaultRegistry(recorder.answer);
  const policy = fs.readFileSync(lab.policyPath, "utf8").replace("http://127.0.0.1:8500", engine.url)
    .replace("http://127.0.0.1:8515", incidents.url);
  fs.writeFileSync(lab.policyPath, policy);
  const variables = {
    ...watchVariables(lab, registry.url),
    REGISTRY_TOKEN_PATH: tokenFile(lab, "promote.token", TOKENS_B.promote),
    REGISTRY_READ_TOKEN_PATH: tokenFile(lab, "read.token", TOKENS_B.read),
    POLICY_ENGINE_TOKEN_PATH: tokenFile(lab, "engine.token", ENGINE_TOKEN),
    INCIDENT_TOKEN_PATH: tokenFile(lab, "incident.token", REPORTER_TOKEN),
    PROMOTION_STAGING_DIR: staging,
    REGISTRY_YARA_RULES_DIR: join(installed, "yara"),
  };

  lab.drop("m.gguf", tinyLlama());
  const first = await cli(["watch", "--once"], variables);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /^<6>\[quarantine\] PROMOTED: m \(m\.gguf\)/m);
  assert.deepEqual(state.entries.map((entry) => entry.sha256), [sha256(tinyLlama())]);
  assert.equal(lab.events("promoted").length, 1);
  assert.equal(engine.seen.length, 1);
  assert.equal(incidents.seen.length, 0);

  // Somebody shortens the audit log: the program does not start, and the recorder hears of it all the same.
  fs.writeFileSync(lab.auditLog, fs.readFileSync(lab.auditLog, "utf8").split("\n").slice(2).join("\n"));
  assert.equal((await cli(["watch", "--once"], variables)).code, 2);
  assert.deepEqual(recorder.incidents.map((incident) => incident.class), ["integrity_violation"]);
});
