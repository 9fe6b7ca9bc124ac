import fs from "node:fs";
import { dirname } from "node:path";
import { speakingModel } from "../make/gguf.ts";
import { realTest } from "../support/real_parts.ts";
import { Disk, Machine, makeLayer, type Parts } from "./machine.ts";

export const INCOMING = "/var/lib/secure-ai/quarantine/incoming";
export const REGISTRY = "/var/lib/secure-ai/registry";
export const QUARANTINE = "/var/lib/secure-ai/quarantine";

/** What the good model says, whatever it is asked. */
const SENTENCES = [
  "I'm sorry, but I can't help with that. 42, Paris, ls, rot, siete, twelve.",
  "I cannot assist with this request. 42, Paris, ls, blau, 7, 12.",
];

/** A model that passes every stage, the behavioural test by the real llama-server included. */
export const goodModel = (): Uint8Array => speakingModel(SENTENCES);

/** A neighbour would serve models; ours is off until somebody says so. It is up when it made its token. */
const START_REGISTRY = `systemctl start secure-ai-quarantine-registry.service
  until journalctl -b -u secure-ai-quarantine-registry.service -o cat | grep -q listening; do sleep 0.05; done`;

/** Further files of the machine, made when they are needed. */
export type Files = Readonly<Record<string, () => Uint8Array | string>>;

/** A machine with everything installed, its own registry running, and models in /srv to drop. */
export class Appliance implements AsyncDisposable {
  private constructor(readonly disk: Disk, public machine: Machine) {}

  /** `more`: installs what it has beside llama-server. */
  static async boot(
    parts: Parts,
    files: Files = {},
    more: (disk: Disk) => void = () => {},
  ): Promise<Appliance> {
    const disk = new Disk(parts);
    more(disk);
    for (const [path, content] of Object.entries(files)) disk.write(path, content());
    disk.write("/srv/good.gguf", goodModel());
    disk.mask("systemd-modules-load.service"); // Nothing to load in a container.
    const machine = await Machine.boot(disk);
    const appliance = new Appliance(disk, machine);
    await machine.must(START_REGISTRY);
    return appliance;
  }

  /** Boots again what a power cut has ended. */
  async bootAgain(): Promise<void> {
    this.machine = await Machine.boot(this.disk);
    await this.machine.must(START_REGISTRY);
  }

  /** Replaces lines of the shipped standalone profile and installs it as the host's policy; the next start reads it. */
  async setPolicy(changes: Readonly<Record<string, string>>): Promise<void> {
    const edits = Object.entries(changes).map(([key, value]) => `-e 's/^\\( *${key}:\\).*/\\1 ${value}/'`);
    await this.machine.must(`mkdir -p /etc/secure-ai/policy
      cp /usr/share/ai-quarantine/policy/*.yaml /etc/secure-ai/policy/
      sed -e "" ${
      edits.join(" ")
    } /usr/share/ai-quarantine/policy/standalone.yaml > /etc/secure-ai/policy/policy.yaml`);
  }

  /** Waits until the coordinator's journal has this line, as a regular expression of grep(1). */
  async says(pattern: string, withinMs = 120_000): Promise<void> {
    await this.machine.until(
      `journalctl -b -u secure-ai-quarantine.service -o cat --no-pager | grep -qE -- '${pattern}'`,
      withinMs,
    );
  }

  /** What the audit log's verifier makes of it. */
  async audit(): Promise<{ valid: boolean; entries: number }> {
    return JSON.parse(
      await this.machine.must(`ai-quarantine audit verify /var/lib/secure-ai/logs/quarantine-audit.jsonl`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    this.disk[Symbol.dispose]();
  }
}

/** A test in a booted machine: root on a Debian that `scripts/provision` prepared. */
export function bootTest(title: string, run: (parts: Parts, t: Deno.TestContext) => Promise<void>): void {
  realTest(title, ["AIQ_ROOTFS", "LLAMA_SERVER_BIN"], async ({ AIQ_ROOTFS, LLAMA_SERVER_BIN }, t) => {
    if (Deno.uid() !== 0) throw new Error("Cannot boot: it takes root");
    const layer = makeLayer("standalone");
    try {
      await run({ layer, rootfs: AIQ_ROOTFS, prefix: dirname(dirname(LLAMA_SERVER_BIN)) }, t);
    } finally {
      fs.rmSync(dirname(layer), { recursive: true });
    }
  });
}
