import fs from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { type PolicyFiles, readPolicyEvidence, type RegistryClientOptions } from "../../src/registry/mod.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";
import type { Answer, Seen } from "./fault_registry.ts";
import { RegistryB, TOKENS_B } from "./registry_b.ts";
import { RegistryC, TOKEN_C } from "./registry_c.ts";

/** A registry of one dialect over directories of its own, and what a client needs to speak to it. */
export interface Neighbour {
  readonly answer: (seen: Seen) => Answer;
  readonly client: Partial<RegistryClientOptions>;
  /** Name and digest of every model that is registered and used. */
  registered(): string[];
}

/** Where B's files lie below a directory. */
export function placesB(root: string) {
  return { models: join(root, "vault"), staging: join(root, "staging"), policy: join(root, "installed") };
}

/** The policy as an appliance has it installed; `policy` is its text. */
export function installPolicy(root: string, policy: string): PolicyFiles {
  fs.mkdirSync(join(root, "yara"), { recursive: true });
  const files = {
    policy: join(root, "policy.yaml"),
    modelsLock: join(root, "models.lock.yaml"),
    diffusionLock: join(root, "diffusion-models.lock.yaml"),
    allowlist: join(root, "sources.allowlist.yaml"),
    yaraDirectory: join(root, "yara"),
  };
  fs.writeFileSync(files.policy, policy);
  fs.writeFileSync(files.modelsLock, "version: 1\nmodels: []\n");
  fs.writeFileSync(files.diffusionLock, "version: 1\nmodels: []\n");
  fs.writeFileSync(files.allowlist, "models: []\n");
  fs.writeFileSync(join(files.yaraDirectory, "default.yar"), "rule none { condition: false }\n");
  return files;
}

export function neighbourB(root: string): Neighbour {
  const places = placesB(root);
  for (const path of Object.values(places)) fs.mkdirSync(path, { recursive: true });
  const policy = fs.readFileSync(join(PROGRAM_ROOT, "policy", "standalone.yaml"), "utf8");
  const files = installPolicy(places.policy, policy);
  const registry = new RegistryB(places);
  const judgedBy = createHash("sha256").update(policy).digest("hex");
  return {
    answer: registry.answer,
    client: {
      token: () => Promise.resolve(TOKENS_B.promote),
      readToken: () => Promise.resolve(TOKENS_B.read),
      stagingDir: places.staging,
      policyEvidence: () => readPolicyEvidence(files, judgedBy),
    },
    registered: () => registry.entries.map(({ name, sha256 }) => `${name} ${sha256}`),
  };
}

export function neighbourC(registryDir: string): Neighbour & { readonly registry: RegistryC } {
  const registry = new RegistryC(registryDir);
  return {
    registry,
    answer: registry.answer,
    client: { token: () => Promise.resolve(TOKEN_C) },
    registered: () =>
      registry.entries.filter(({ state }) => state === "trusted").map(({ name, sha256 }) =>
        `${name} ${sha256}`
      ),
  };
}
