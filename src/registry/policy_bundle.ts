import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { unlessMissing } from "../files/mod.ts";
import { UndecidedError } from "../model/mod.ts";

/** Every file that can change a verdict, by digest. Registries of dialect B compare it with what is installed. */
export interface PolicyBundle {
  readonly version: 1;
  readonly sha256: string;
  /** Name to SHA-256 in hexadecimal. */
  readonly components: Readonly<Record<string, string>>;
}

/** What a registry is shown of the policy. */
export interface PolicyEvidence {
  readonly bundle: PolicyBundle;
  /** Whether the image's lock of diffusion models names a list of files with this digest. */
  readonly pinned: (manifestSha256: string) => boolean;
}

/** Where the files of the bundle lie. */
export interface PolicyFiles {
  readonly policy: string;
  readonly modelsLock: string;
  readonly diffusionLock: string;
  readonly allowlist: string;
  readonly yaraDirectory: string;
}

const DOMAIN = "SecAI-Policy-Bundle-v1\0";
const FIXED = ["policy.yaml", "models.lock.yaml", "diffusion-models.lock.yaml", "sources.allowlist.yaml"];
const YARA_NAME = /^[A-Za-z0-9._-]+\.yar$/;
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** The bundle over digests of its components: the four fixed files first, then the YARA rules by name. */
export function policyBundle(components: Readonly<Record<string, string>>): PolicyBundle {
  const rules = Object.keys(components).filter((name) => !FIXED.includes(name)).sort();
  const names = [...FIXED, ...rules];
  const hash = createHash("sha256").update(DOMAIN);
  for (const name of names) {
    const bytes = new TextEncoder().encode(name);
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(bytes.byteLength));
    hash.update(new Uint8Array(length.buffer)).update(bytes).update(digestBytes(components, name));
  }
  return {
    version: 1,
    sha256: hash.digest("hex"),
    components: Object.fromEntries(names.map((name) => [name, components[name] ?? ""])),
  };
}

function digestBytes(components: Readonly<Record<string, string>>, name: string): Uint8Array {
  const digest = components[name];
  if (digest === undefined || !/^[0-9a-f]{64}$/.test(digest)) {
    throw fault(`it has no digest of ${name}`);
  }
  return Uint8Array.fromHex(digest);
}

/**
 * Reads the files and makes the bundle. `judgedBy` is the digest of the policy that is in force: evidence of another
 * one would be false. Throws `UndecidedError` with `registry/policy-bundle`.
 */
export function readPolicyEvidence(files: PolicyFiles, judgedBy: string): PolicyEvidence {
  const components: Record<string, string> = {
    "policy.yaml": sha256(readComponent(files.policy)),
    "models.lock.yaml": sha256(readComponent(files.modelsLock)),
    "sources.allowlist.yaml": sha256(readComponent(files.allowlist)),
  };
  if (components["policy.yaml"] !== judgedBy) {
    throw fault(`${files.policy} is no longer the policy that this program was started with`);
  }
  const lock = readComponent(files.diffusionLock);
  components["diffusion-models.lock.yaml"] = sha256(lock);
  const rules = (unlessMissing(() => fs.readdirSync(files.yaraDirectory)) ?? [])
    .filter((name) => YARA_NAME.test(name));
  if (rules.length === 0) throw fault(`${files.yaraDirectory} holds no YARA rules`);
  for (const name of rules) {
    components[`yara/${name}`] = sha256(readComponent(join(files.yaraDirectory, name)));
  }
  const text = lock.toString("latin1");
  return {
    bundle: policyBundle(components),
    pinned: (manifestSha256) => /^[0-9a-f]{64}$/.test(manifestSha256) && text.includes(manifestSha256),
  };
}

function readComponent(path: string) {
  const stat = unlessMissing(() => fs.statSync(path));
  if (stat === null) throw fault(`there is no ${path}`);
  if (!stat.isFile() || stat.size > MAX_FILE_BYTES) throw fault(`${path} is not a file of at most 16 MiB`);
  return fs.readFileSync(path);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function fault(why: string): UndecidedError {
  return new UndecidedError("registry/policy-bundle", `Cannot show the registry the policy: ${why}`);
}
