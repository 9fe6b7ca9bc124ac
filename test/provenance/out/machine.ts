import { createHash } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tinyLlama } from "../../make/gguf.ts";
import { cli, type Ran } from "../../support/cli.ts";
import { PROGRAM_ROOT } from "../../support/lab.ts";

/** One machine of a fleet: its own state directory, its own signing key, its own policy. */
export class Machine implements Disposable {
  readonly root = fs.mkdtempSync(join(tmpdir(), "aiq-machine-"));
  readonly keys = join(this.root, "keys");
  readonly registry = join(this.root, "state", "ai-quarantine", "registry");
  readonly policyPath = join(this.root, "policy.yaml");

  constructor() {
    fs.mkdirSync(this.keys);
    fs.copyFileSync(join(PROGRAM_ROOT, "policy", "standalone.yaml"), this.policyPath);
  }

  /** Replaces a text that stands in the policy. */
  changePolicy(from: string, to: string): void {
    const text = fs.readFileSync(this.policyPath, "utf8");
    if (!text.includes(from)) throw new Error(`The profile does not say ${from}`);
    fs.writeFileSync(this.policyPath, text.replace(from, to));
  }

  get publicKeyPath(): string {
    return join(this.keys, "cosign.pub");
  }

  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return await cli(args, {
      XDG_STATE_HOME: join(this.root, "state"),
      SIGNING_KEY_PATH: join(this.keys, "cosign.key"),
      COSIGN_PASSWORD: "open sesame",
      LLAMA_SERVER_BIN: Deno.env.get("LLAMA_SERVER_BIN") ?? "",
      ...env,
    });
  }

  /** `admit` by this machine's policy. */
  async admit(path: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return await this.run(["admit", "--policy", this.policyPath, path], env);
  }

  beside(name: string): string {
    return fs.readFileSync(join(this.registry, name), "utf8");
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** Lets a machine take another's word when it examined by the policy it has now. */
export function trust(machine: Machine, peer: Machine): void {
  const policy = createHash("sha256").update(fs.readFileSync(peer.policyPath)).digest("hex");
  const key = fs.readFileSync(peer.publicKeyPath, "utf8").trim().replace(/^/gm, "      ");
  machine.changePolicy(
    "trust_attestations: []",
    `trust_attestations:\n  - name: machine-a\n    public_key: |\n${key}\n    policies: [${policy}]`,
  );
}

export const SENTENCES = [
  "I'm sorry, but I can't help with that. 42, Paris, ls, rot, siete, twelve.",
  "I cannot assist with this request. 42, Paris, ls, blau, 7, 12.",
];

/** Without a llama-server: these tests are about records, not about what models say. */
export const NO_SERVER = { LLAMA_SERVER_BIN: "/nonexistent" };
/** Without a signing key too. */
export const UNSIGNED = { ...NO_SERVER, SIGNING_KEY_PATH: "" };

export function modelIn(machine: Machine, name: string): string {
  const path = join(machine.root, name);
  fs.writeFileSync(path, tinyLlama());
  return path;
}
