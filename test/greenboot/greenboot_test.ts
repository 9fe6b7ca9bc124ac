import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { AuditChain } from "../../src/audit/mod.ts";
import { surroundings } from "../support/cli.ts";
import { LAUNCHER, PROGRAM_ROOT } from "../support/lab.ts";
import { programTest, run } from "../support/programs.ts";

const HERE = join(PROGRAM_ROOT, "test", "greenboot");
const UNITS = [
  "secure-ai-quarantine.path",
  "secure-ai-quarantine-examine.socket",
  "secure-ai-quarantine-scanner.socket",
  "secure-ai-quarantine-smoke.socket",
  "secure-ai-quarantine-health.service",
];
const COORDINATOR = "secure-ai-quarantine.service";
const PLACES = ["incoming", "scanning", "held", "rejected"];
const LIMIT_MS = 10_000;

/** Each boots in a network and among processes of its own. */
function bootTest(title: string, test: () => Promise<void>): void {
  programTest(title, ["bwrap", "dash"], test);
}

/** A directory that stands for a machine that has just booted. */
class Machine implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "greenboot-" });
  readonly var = join(this.root, "var", "lib");
  readonly quarantine = join(this.var, "secure-ai", "quarantine");
  readonly auditLog = join(this.var, "secure-ai", "logs", "quarantine-audit.jsonl");
  readonly policy = join(this.root, "etc", "secure-ai", "policy", "policy.yaml");
  program = LAUNCHER;
  /** Seconds; longer than the check's own, so that a busy machine is not taken for a broken one. */
  patience: string | null = "60";
  health: "serves" | "does not run" = "serves";
  /** On the disk of the line. */
  room: "ample" | "8 MiB" = "ample";

  static async booted(): Promise<Machine> {
    const machine = new Machine();
    for (const place of PLACES) {
      fs.mkdirSync(join(machine.quarantine, place), { recursive: true });
    }
    fs.cpSync(join(PROGRAM_ROOT, "policy"), dirname(machine.policy), { recursive: true });
    fs.copyFileSync(join(PROGRAM_ROOT, "policy", "standalone.yaml"), machine.policy);
    for (const kind of ["required.d", "wanted.d"]) {
      const from = join(PROGRAM_ROOT, "systemd", "greenboot", kind);
      fs.cpSync(from, join(machine.root, "usr/lib/greenboot/check", kind), { recursive: true });
    }
    machine.#noteOutcomes();
    machine.#standInForSystemd();
    await machine.#audit();
    return machine;
  }

  #noteOutcomes(): void {
    for (const outcome of ["green", "red"]) {
      const script = join(this.root, "etc/greenboot", `${outcome}.d`, "note.sh");
      fs.mkdirSync(dirname(script), { recursive: true });
      fs.writeFileSync(script, `#!/bin/sh\necho note: ${outcome}\n`, { mode: 0o755 });
    }
  }

  #standInForSystemd(): void {
    fs.mkdirSync(join(this.root, "bin"));
    fs.copyFileSync(join(HERE, "systemctl.sh"), join(this.root, "bin", "systemctl"));
    const engine = `LLAMA_SERVER_BIN=${Deno.execPath()}`;
    fs.writeFileSync(
      join(this.root, "bin", "settings"),
      `Environment=NO_COLOR=1 ${engine}\nStateDirectory=secure-ai-quarantine\n`,
    );
    this.setUnits({});
  }

  async #audit(): Promise<void> {
    await using chain = await AuditChain.open({
      path: this.auditLog,
      anchorPath: join(this.var, "secure-ai-quarantine", "audit-anchor.json"),
      maxSizeBytes: 1 << 20,
      now: () => new Date(),
    });
    for (let i = 0; i < 3; i++) await chain.append("stage", { number: i });
  }

  /** All units are active and the coordinator is at rest, but for those given. */
  setUnits(states: Readonly<Record<string, string>>): void {
    const all = { ...Object.fromEntries(UNITS.map((unit) => [unit, "active"])), ...states };
    const table = Object.entries(all).map((pair) => `${pair.join(" ")}\n`);
    fs.writeFileSync(join(this.root, "bin", "units"), table.join(""));
  }

  /** What greenboot does after a boot, with the network of this machine alone. */
  async boot(): Promise<{ code: number; said: string; ms: number }> {
    const health = this.health === "serves" ? `"${LAUNCHER}" health >/dev/null & ` : "";
    const small = this.room === "ample" ? [] : [
      ...["--size", String(8 * 1024 * 1024), "--tmpfs", this.quarantine],
      ...PLACES.flatMap((place) => ["--dir", join(this.quarantine, place)]),
    ];
    const command = new Deno.Command("/usr/bin/bwrap", {
      args: [
        ...["--dev-bind", "/", "/", "--proc", "/proc", "--unshare-net", "--unshare-pid", "--die-with-parent"],
        ...small,
        ...["/bin/sh", "-c", `${health}exec dash "${HERE}/greenboot.sh" "${this.root}"`],
      ],
      ...surroundings({
        PATH: `${join(this.root, "bin")}:/usr/bin:/bin`,
        STATE_DIRECTORY: join(this.var, "secure-ai-quarantine"),
        AUDIT_LOG_PATH: this.auditLog,
        AIQ_PROGRAM: this.program,
        ...(this.patience === null ? {} : { AIQ_PATIENCE: this.patience }),
        AIQ_ETC: join(this.root, "etc", "secure-ai"),
        AIQ_SHARE: join(this.root, "usr", "share", "ai-quarantine"),
        AIQ_VAR: this.var,
        AIQ_RESERVE_MIB: "1",
      }),
    });
    const before = performance.now();
    const { code, stdout } = await command.output();
    return { code, said: new TextDecoder().decode(stdout), ms: performance.now() - before };
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

interface Boot {
  readonly what: string;
  readonly plant: (machine: Machine) => void;
  /** Of the required check. */
  readonly says: RegExp;
}

const good: readonly Boot[] = [
  { what: "healthy", plant: () => {}, says: /^ai-quarantine: healthy$/m },
  {
    what: "not set up yet",
    plant: (machine) => {
      fs.rmSync(machine.quarantine, { recursive: true });
      fs.mkdirSync(join(machine.var, "secure-ai", "vault"));
      machine.setUnits({ "secure-ai-quarantine.path": "inactive" });
      machine.health = "does not run";
    },
    says: /^ai-quarantine: not set up yet/m,
  },
  {
    what: "healthy with a vault, and with a scanner where the operator says",
    plant: (machine) => {
      fs.mkdirSync(join(machine.var, "secure-ai", "vault"));
      fs.writeFileSync(join(machine.var, "secure-ai", "vault", ".initialized"), "");
      require(machine, "modelscan");
      const file = join(machine.root, "etc", "secure-ai", "quarantine.env");
      fs.writeFileSync(file, `# Set by the operator\nMODELSCAN_BIN=${Deno.execPath()}\n`);
    },
    says: /^ai-quarantine: healthy$/m,
  },
  {
    what: "healthy before the first model",
    plant: (machine) => {
      fs.rmSync(dirname(machine.auditLog), { recursive: true });
      fs.mkdirSync(dirname(machine.auditLog));
      fs.rmSync(join(machine.var, "secure-ai-quarantine"), { recursive: true });
    },
    says: /^ai-quarantine: healthy$/m,
  },
];
for (const { what, plant, says } of good) {
  bootTest(`P147: a boot that is ${what} is green`, async () => {
    using machine = await Machine.booted();
    plant(machine);
    const { code, said } = await machine.boot();
    assert.match(said, says);
    assert.match(said, /^note: green\n/m);
    assert.equal(code, 0, said);
  });
}

/** Makes the policy insist on a scanner. */
function require(machine: Machine, scanner: string): void {
  const text = fs.readFileSync(machine.policy, "utf8");
  fs.writeFileSync(
    machine.policy,
    text.replace(new RegExp(`^( *${scanner}:).*$`, "m"), "$1 { required: true }"),
  );
}

const bad: readonly Boot[] = [
  {
    what: "the program is not there",
    plant: (machine) => machine.program = join(machine.root, "usr/bin/ai-quarantine"),
    says: /FAIL: \S+\/usr\/bin\/ai-quarantine is not installed/,
  },
  {
    what: "nothing waits for models",
    plant: (machine) => machine.setUnits({ "secure-ai-quarantine.path": "failed" }),
    says: /FAIL: secure-ai-quarantine\.path is failed \(systemctl status secure-ai-quarantine\.path\)/,
  },
  {
    what: "a sandbox cannot be had",
    plant: (machine) => machine.setUnits({ "secure-ai-quarantine-examine.socket": "inactive" }),
    says: /FAIL: secure-ai-quarantine-examine\.socket is inactive/,
  },
  {
    what: "the coordinator failed",
    plant: (machine) => machine.setUnits({ [COORDINATOR]: "failed" }),
    says: /FAIL: secure-ai-quarantine\.service has failed \(journalctl -u secure-ai-quarantine\.service\)/,
  },
  {
    what: "the policy has a mistake",
    plant: (machine) => fs.appendFileSync(machine.policy, "modles: {}\n"),
    says: /FAIL: the policy cannot be worked by: \S+policy\.yaml:\d+:\d+: .*modles/,
  },
  {
    what: "there is no policy",
    plant: (machine) => fs.rmSync(machine.policy),
    says: /FAIL: the policy cannot be worked by: .*Cannot read \S+\/usr\/share\/\S+policy\.yaml/,
  },
  {
    what: "the allowlist has a mistake",
    plant: (machine) =>
      fs.writeFileSync(join(dirname(machine.policy), "sources.allowlist.yaml"), "models: 3\n"),
    says: /FAIL: the policy cannot be worked by: .*sources\.allowlist\.yaml/,
  },
  {
    what: "a required scanner is not installed",
    plant: (machine) => require(machine, "modelscan"),
    says: /FAIL: the policy cannot be worked by: .*requires modelscan, which is not installed/,
  },
  {
    what: "the audit log lost its end",
    plant: (machine) => fs.truncateSync(machine.auditLog, 100),
    says: /FAIL: the audit log does not hold: .*cut in place/,
  },
  {
    what: "a directory of the line is missing",
    plant: (machine) => fs.rmdirSync(join(machine.quarantine, "held")),
    says: /FAIL: \S+\/quarantine\/held is missing/,
  },
  {
    what: "there is no room for another record",
    plant: (machine) => machine.room = "8 MiB",
    says: /FAIL: \S+\/quarantine has \d MiB free, at least 64 are needed/,
  },
];
for (const boot of bad) {
  bootTest(`P147: a boot after which ${boot.what} is red`, async () => void await expectRed(boot));
}

const silent: readonly Boot[] = [
  {
    what: "the health server does not run",
    plant: (machine) => machine.health = "does not run",
    says: /FAIL: the health server does not answer: no answer from \S+ in 5 s/,
  },
  {
    what: "neither the program nor systemd answers",
    plant: (machine) => {
      machine.patience = null;
      fs.writeFileSync(join(machine.root, "bin", "hangs"), "");
      machine.program = join(machine.root, "hangs");
      fs.writeFileSync(machine.program, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    },
    says:
      /FAIL: systemd does not say which units are active\n(.*\n)*.*FAIL: the audit log does not hold: no answer within 6 s/,
  },
];
bootTest(`P147: ${silent.map(({ what }) => what).join("; ")}: each is red within ten seconds`, async () => {
  // They do nothing but wait, so that the time is theirs and not that of a busy machine.
  const took = await Promise.all(silent.map(expectRed));
  for (const ms of took) assert.ok(ms < LIMIT_MS, `${ms} ms`);
});

/** How long it took, in milliseconds. */
async function expectRed({ plant, says }: Boot): Promise<number> {
  using machine = await Machine.booted();
  fs.rmSync(join(machine.root, "usr/lib/greenboot/check/wanted.d"), { recursive: true });
  plant(machine);
  const { code, said, ms } = await machine.boot();
  assert.match(said, says);
  assert.match(said, /^note: red\n/m);
  assert.doesNotMatch(said, /^note: green\n/m);
  assert.equal(code, 1, said);
  return ms;
}

const warnings: readonly Boot[] = [
  {
    what: "something is held",
    plant: (machine) => fs.writeFileSync(join(machine.quarantine, "held", "m.gguf"), "x"),
    says: /WARNING: 1 held and not decided/,
  },
  { what: "the coordinator has not run yet", plant: () => {}, says: /WARNING: not ready: .*has not run yet/ },
];
for (const { what, plant, says } of warnings) {
  bootTest(`P147: a boot after which ${what} is green with a warning`, async () => {
    using machine = await Machine.booted();
    plant(machine);
    const { code, said } = await machine.boot();
    assert.match(said, says);
    assert.match(
      said,
      /^greenboot: check\/wanted\.d failed with 1$|wanted\.d\/30-secure-ai-quarantine\.sh failed with 1/m,
    );
    assert.equal(code, 0, said);
  });
}

const scripts = [
  ...["required.d", "wanted.d"].map((kind) =>
    join(PROGRAM_ROOT, `systemd/greenboot/${kind}/30-secure-ai-quarantine.sh`)
  ),
  ...["greenboot.sh", "systemctl.sh"].map((name) => join(HERE, name)),
];
programTest("the checks hold to shellcheck's rules for POSIX shell", ["shellcheck"], () => {
  assert.equal(run("shellcheck", "--shell=sh", ...scripts), "");
  return Promise.resolve();
});

bootTest("P147: the checks change nothing", async () => {
  using machine = await Machine.booted();
  const look = () =>
    new Deno.Command("/usr/bin/find", { args: [machine.root, "-printf", "%p %i %s %T@\n"] }).output();
  await machine.boot(); // The runtime's own cache, outside, may be made now.
  const before = await look();
  await machine.boot();
  assert.deepEqual((await look()).stdout, before.stdout);
});
