import fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Admission,
  containedPath,
  lockPath,
  type Places,
  stageEntries,
  type StartExaminer,
} from "../../src/admission/mod.ts";
import { AuditChain, type Verification } from "../../src/audit/mod.ts";
import type { Pipeline } from "../../src/model/mod.ts";
import type { RegistryClient } from "../../src/registry/mod.ts";
import { type Configuration, configure } from "../../src/roles/configuration.ts";
import { type OpenLine, openLine } from "../../src/roles/line.ts";
import { watch } from "../../src/roles/watch.ts";
import type { World } from "../../src/roles/world.ts";
import { pipeline } from "../../stages/mod.ts";

export const PROGRAM_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const LAUNCHER = join(PROGRAM_ROOT, "scripts", "ai-quarantine");

/** What stands in the registry directory for a promoted `m.gguf`, beside the registry's own manifest. */
export const PUBLISHED = ["m.gguf", "m.gguf.cdx.json", "m.gguf.manifest.json", "m.gguf.provenance.json"];

/** Long enough ago for a dropped file to count as settled when it is first seen. */
const AN_HOUR_AGO = (): Date => new Date(Date.now() - 3_600_000);

/** One audit entry, as it stands in the log. */
export interface Entry {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface LineSetup {
  readonly registry: Pick<RegistryClient, "placement" | "promote">;
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
  readonly step?: (name: string) => void;
  /** Changes the stages; nothing otherwise. They run in this process, without sandboxes. */
  readonly stages?: (real: Pipeline) => Pipeline;
  /** An examiner that begins before its turn; nothing otherwise. */
  readonly startExaminer?: StartExaminer | null;
}

/** A machine of its own in a temporary directory: the line's directories, a policy, an audit log. */
export class Lab implements Disposable {
  readonly places: Places;
  readonly auditLog: string;
  readonly policyPath: string;
  /** What the journal was told, with its priority, oldest first. */
  readonly journal: string[] = [];

  /** Over directories that are there already, such as those of a process that was killed. */
  constructor(readonly root: string) {
    const place = (name: string) => join(root, name);
    this.places = {
      incoming: place("incoming"),
      scanning: place("scanning"),
      held: place("held"),
      rejected: place("rejected"),
      registry: place("registry"),
      state: place("state"),
    };
    this.auditLog = join(root, "logs", "quarantine-audit.jsonl");
    this.policyPath = join(root, "policy", "policy.yaml");
  }

  /** Fresh directories with the standalone profile, changed as asked. */
  static make(policy: Readonly<Record<string, string>> = {}): Lab {
    const lab = new Lab(Deno.makeTempDirSync({ prefix: "line-" }));
    for (const path of Object.values(lab.places)) fs.mkdirSync(path);
    fs.mkdirSync(dirname(lab.policyPath));
    lab.setPolicy(policy);
    for (const name of ["sources.allowlist.yaml", "models.lock.yaml"]) {
      fs.copyFileSync(join(PROGRAM_ROOT, "policy", name), join(dirname(lab.policyPath), name));
    }
    return lab;
  }

  /** Writes the standalone profile with some `key: value` lines replaced. */
  setPolicy(changes: Readonly<Record<string, string>>): void {
    let text = fs.readFileSync(join(PROGRAM_ROOT, "policy", "standalone.yaml"), "utf8");
    for (const [key, value] of Object.entries(changes)) {
      const changed = text.replace(new RegExp(`^( *${key}:).*$`, "m"), `$1 ${value}`);
      if (changed === text && value !== "") throw new Error(`The profile has no other value for ${key}`);
      text = changed;
    }
    fs.writeFileSync(this.policyPath, text);
  }

  pin(filename: string, sha256: string, more = ""): void {
    const lock = `version: 1\nmodels:\n  - { filename: ${
      JSON.stringify(filename)
    }, sha256: ${sha256}${more} }\n`;
    fs.writeFileSync(join(dirname(this.policyPath), "models.lock.yaml"), lock);
  }

  world(more: Partial<World> = {}): World {
    const quiet = { write: () => {}, isTerminal: false, colours: false };
    return {
      env: (name) => name === "STATE_DIRECTORY" ? this.places.state : undefined,
      programRoot: PROGRAM_ROOT,
      now: () => new Date(),
      hostname: () => "appliance",
      stdout: quiet,
      stderr: quiet,
      pipeline: (inputs) => Promise.resolve(pipeline(inputs)),
      ...more,
    };
  }

  configuration(): Configuration {
    return configure(this.world(), { file: this.policyPath, profile: undefined });
  }

  /** Drops a file that settled long ago, with its origin where one is given. */
  drop(name: string, bytes: Uint8Array | string, source?: string | Uint8Array): string {
    const path = join(this.places.incoming, name);
    if (source !== undefined) fs.writeFileSync(join(this.places.incoming, `.${name}.source`), source);
    fs.writeFileSync(path, bytes);
    return settle(path);
  }

  /** The line over these directories, its stages in this process. */
  async open({ registry, signal, step, stages, now, startExaminer = null }: LineSetup): Promise<OpenLine> {
    const world = this.world(now === undefined ? {} : { now });
    const configuration = this.configuration();
    const real = pipeline(configuration);
    const context = {
      policy: configuration.policy,
      now: world.now,
      signal: signal ?? new AbortController().signal,
      progress: () => {},
      record: () => {},
    };
    const bench = {
      pipeline: stages?.(real) ?? real,
      sandbox: "process",
      programs: new Map([["ai-quarantine", "0.1.0"]]),
      context,
    } as const;
    return await openLine(world, { policy: configuration.policy, bench, startExaminer }, {
      places: this.places,
      auditLog: this.auditLog,
      registry,
      say: ({ priority, text }) => void this.journal.push(`<${priority}>${text}`),
      ...(step === undefined ? {} : { step }),
    });
  }

  /** `watch --once`: takes everything that was dropped through the line. */
  async watch(setup: LineSetup): Promise<Admission[]> {
    const { line, close } = await this.open(setup);
    const signal = setup.signal ?? new AbortController().signal;
    try {
      return await Array.fromAsync(
        watch(line, { until: "once", contained: containedPath(this.places.state), signal }),
      );
    } finally {
      await close();
    }
  }

  entries(): Entry[] {
    return fs.readFileSync(this.auditLog, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  events(event: string): Entry["data"][] {
    return this.entries().filter((entry) => entry.event === event).map(({ data }) => data);
  }

  async verifyAudit(): Promise<Verification> {
    return await AuditChain.verify(this.auditLog, {
      anchorPath: join(this.places.state, "audit-anchor.json"),
    });
  }

  /** The names in one of the places, sorted, hidden ones too. */
  names(place: keyof Places): string[] {
    const own = place === "state" ? [lockPath("")] : [];
    return fs.readdirSync(this.places[place]).filter((name) => !own.includes(name)).sort();
  }

  // deno-lint-ignore no-explicit-any -- reports are read by tests that name every field
  report(place: "held" | "rejected", name: string): any {
    return JSON.parse(fs.readFileSync(join(this.places[place], `${name}.report.json`), "utf8"));
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** Makes a file look as if nobody had touched it for an hour. */
export function settle(path: string): string {
  fs.utimesSync(path, AN_HOUR_AGO(), AN_HOUR_AGO());
  return path;
}

/** Moves bytes back to incoming, as the operator's `mv` does. */
export function moveBack(lab: Lab, from: "held" | "rejected", name: string): void {
  fs.renameSync(join(lab.places[from], name), join(lab.places.incoming, name));
}

/** How one admission ended: `passed`, or the rule that stood against it. */
export function outcomeOf(admission: Admission | undefined): string {
  if (admission === undefined) return "nothing";
  if (admission.kind === "parked") return admission.word;
  return admission.refusal === null ? admission.word : `${admission.word} ${admission.refusal.rule}`;
}

/** What the stages said, without how long they took. */
export function evidenceOf(admission: Admission | undefined): string {
  if (admission?.kind !== "ended" || admission.examination === null) return "nothing";
  const entries = stageEntries(admission.examination.stages);
  return JSON.stringify(entries.map(({ duration_ms: _, run: _figures, ...entry }) => entry));
}
