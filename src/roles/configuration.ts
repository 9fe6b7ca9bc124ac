import fs from "node:fs";
import { dirname, join } from "node:path";
import { pinsPath } from "../admission/examination.ts";
import { systemCode, unlessMissing } from "../files/mod.ts";
import { type Policy, type StartupCode, StartupError } from "../model/mod.ts";
import { EMPTY_CATALOG, loadCatalog } from "../policy/catalog.ts";
import { loadPolicy } from "../policy/load.ts";
import { EMPTY_LOCK, loadLock } from "../policy/lock.ts";
import { PinStore } from "../policy/pins.ts";
import type { TextFile } from "../policy/document.ts";
import { type Allowlist, EMPTY_ALLOWLIST, loadAllowlist } from "../policy/sources.ts";
import { POLICY_DIRECTORY, stateDirectory, type Variable } from "./environment.ts";
import { loadTrustRoot } from "./trust_roots.ts";
import type { StageInputs, World } from "./world.ts";

/** Everything that was decided before the first byte: the policy and what stages 1, 3 and 4 compare with. */
export interface Configuration extends StageInputs {
  readonly policy: Policy;
  /** Where the policy was read from. */
  readonly policyPath: string;
}

export interface PolicyChoice {
  /** `--policy FILE` */
  readonly file: string | undefined;
  /** `--profile NAME`: one of the shipped profiles. */
  readonly profile: string | undefined;
}

/** Reads the policy and its companions. Throws `StartupError` for anything missing or malformed. */
export function configure(world: World, choice: PolicyChoice): Configuration {
  const policyPath = choosePolicy(world, choice);
  const text = readText(policyPath, "policy/unreadable");
  return withCompanions(world, loadPolicy({ text, path: policyPath, now: world.now }), policyPath);
}

/** Adds the allowlist, the pins and the catalog to a policy: each beside it unless a variable names it. */
export function withCompanions(world: World, policy: Policy, policyPath: string): Configuration {
  const lock = companion(world, "MODELS_LOCK_PATH", policyPath, "models.lock.yaml", "lock/unreadable");
  const catalog = companion(
    world,
    "MODEL_CATALOG_PATH",
    policyPath,
    "../model-catalog.yaml",
    "catalog/schema",
  );
  const store = new PinStore(pinsPath(stateDirectory(world.env)));
  return {
    policy,
    policyPath,
    allowlist: allowlist(world, policyPath),
    lock: lock === null ? EMPTY_LOCK : loadLock(lock),
    catalog: catalog === null ? EMPTY_CATALOG : loadCatalog(catalog),
    recorded: () => store.asSet(),
    trustRoots: policy.trustRoots.map((pin) => loadTrustRoot(pin, policyPath)),
  };
}

/**
 * `--policy`, else `--profile`, else POLICY_PATH, else the host's policy, else the one the image was made for, else the
 * shipped standalone profile. A file that is named and missing is an error, never a reason to take the next one.
 */
function choosePolicy(world: World, { file, profile }: PolicyChoice): string {
  if (file !== undefined && profile !== undefined) {
    throw new StartupError(
      "usage",
      "Cannot use --policy and --profile together: the policy names its profile",
    );
  }
  if (file !== undefined) return file;
  const shipped = (name: string) => join(shippedDirectory(world), `${name}.yaml`);
  if (profile !== undefined) return shipped(profile);
  const named = world.env("POLICY_PATH");
  if (named !== undefined) return named;
  const defaults = [join(POLICY_DIRECTORY, "policy.yaml"), shipped("policy")];
  return defaults.find(exists) ?? shipped("standalone");
}

function shippedDirectory(world: World): string {
  return join(world.programRoot, "policy");
}

function allowlist(world: World, policyPath: string): Allowlist {
  const file = companion(
    world,
    "SOURCES_ALLOWLIST_PATH",
    policyPath,
    "sources.allowlist.yaml",
    "allowlist/unreadable",
  );
  return file === null ? EMPTY_ALLOWLIST : loadAllowlist(file);
}

/** A file that a variable names must be there; the one at its ordinary place may be missing. */
function companion(
  world: World,
  variable: "SOURCES_ALLOWLIST_PATH" | "MODELS_LOCK_PATH" | "MODEL_CATALOG_PATH",
  policyPath: string,
  name: string,
  code: StartupCode,
): TextFile | null {
  const path = companionPath(world, variable, policyPath, name);
  if (world.env(variable) === undefined && !exists(path)) return null;
  return { text: readText(path, code), path };
}

/** Where a variable says, else beside the policy; beside a shipped policy the host's own file comes first. */
export function companionPath(world: World, variable: Variable, policyPath: string, name: string): string {
  const named = world.env(variable);
  if (named !== undefined) return named;
  const hosts = join(POLICY_DIRECTORY, name);
  const isShipped = dirname(policyPath) === shippedDirectory(world);
  return isShipped && exists(hosts) ? hosts : join(dirname(policyPath), name);
}

function exists(path: string): boolean {
  return unlessMissing(() => fs.statSync(path)) !== null;
}

function readText(path: string, code: StartupCode): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (cause) {
    throw new StartupError(code, `Cannot read ${path}: ${systemCode(cause) ?? "unreadable"}`, { cause });
  }
}
