import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { programOnPath } from "../support/programs.ts";

const UNITS = join(PROGRAM_ROOT, "systemd");
const ANALYZE = programOnPath("systemd-analyze");
const names = fs.readdirSync(UNITS).filter((name) => /\.(service|socket|path|timer)$/.test(name)).sort();
const services = names.filter((name) => name.endsWith(".service"));

/** Most exposure that systemd-analyze(1) may find, times ten; 6 unless it is named here. */
const EXPOSURE: Readonly<Record<string, number>> = {
  // These have the loopback of the machine, which counts 0.8.
  "secure-ai-quarantine-health.service": 10,
  "secure-ai-quarantine-incidents.service": 10,
  "secure-ai-quarantine-policy-engine.service": 10,
  "secure-ai-quarantine-promotion.service": 10,
  "secure-ai-quarantine-registry.service": 10,
};

function analyze(title: string, run: (program: string) => void): void {
  const why = "systemd-analyze is not installed";
  if (ANALYZE !== null) return Deno.test(title, () => run(ANALYZE));
  Deno.test({
    name: `${title} [${why}]`,
    ignore: Deno.env.get("CI") !== "true",
    fn: () => {
      throw new Error(`Cannot test: ${why}`);
    },
  });
}

function output(program: string, args: readonly string[]): { code: number; text: string } {
  const { code, stdout, stderr } = new Deno.Command(program, { args: [...args], stdin: "null" }).outputSync();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

analyze("systemd-analyze verify finds nothing in any unit", (program) => {
  const folder = Deno.makeTempDirSync({ prefix: "units-" });
  try {
    for (const name of names) {
      const text = fs.readFileSync(join(UNITS, name), "utf8");
      // The runtime is elsewhere on a machine that was not made from our image.
      fs.writeFileSync(join(folder, name), text.replaceAll("/usr/lib/ai-quarantine/deno", Deno.execPath()));
    }
    const { code, text } = output(program, [
      "verify",
      "--recursive-errors=no",
      "--man=no",
      ...names.map((name) => join(folder, name)),
    ]);
    assert.deepEqual([text, code], ["", 0]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

for (const name of services) {
  const most = EXPOSURE[name] ?? 6;
  analyze(`the exposure of ${name} is at most ${most / 10}`, (program) => {
    const { code, text } = output(program, [
      "security",
      "--offline=yes",
      "--no-pager",
      `--threshold=${most}`,
      join(UNITS, name),
    ]);
    const found = /Overall exposure level for \S+: (\S+)/.exec(text)?.[1];
    assert.equal(code, 0, text);
    console.log(`${name}: ${found}`);
  });
}

/** What every service says, whatever it does. */
const EVERYWHERE = [
  "NoNewPrivileges=yes",
  "CapabilityBoundingSet=",
  "PrivateTmp=yes",
  "ProtectHome=yes",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "DENO_DIR=/dev/null",
];
/** What everything that touches models says. */
const WITH_MODELS = ["MemoryMax=4G", "TasksMax=", "CPUWeight=idle", "IOWeight=1"];
const WORKERS = services.filter((name) => name.includes("@"));

/** The ways out of the coordinator: which neighbour each leads to, and the variable that names its socket. */
const WAYS_OUT = [
  { unit: "promotion", socket: "registry", to: "the registry", port: 8470, variable: "REGISTRY_SOCKET" },
  {
    unit: "policy-engine",
    socket: "policy-engine",
    to: "the policy engine",
    port: 8500,
    variable: "POLICY_ENGINE_SOCKET",
  },
  {
    unit: "incidents",
    socket: "incidents",
    to: "the incident recorder",
    port: 8515,
    variable: "INCIDENT_SOCKET",
  },
];
const isWayOut = (name: string) => WAYS_OUT.some(({ unit }) => name.includes(unit));
const unitText = (name: string) => fs.readFileSync(join(UNITS, name), "utf8");

for (const name of services.filter((one) => !isWayOut(one))) {
  Deno.test(`P059-P062, P158: ${name} says what every unit must`, () => {
    const text = fs.readFileSync(join(UNITS, name), "utf8");
    const serves = /health|registry/.test(name);
    for (const line of [...EVERYWHERE, ...(serves ? [] : WITH_MODELS)]) assert.ok(text.includes(line), line);
    if (WORKERS.includes(name)) {
      for (const line of ["ReadOnlyPaths=/\n", "PrivateNetwork=yes", "DynamicUser=yes"]) {
        assert.ok(text.includes(line), line);
      }
      assert.ok(
        !/LoadCredential|_TOKEN_PATH|SERVICE_TOKEN|KEY_PATH/.test(text),
        "P063: no secret comes near it",
      );
    }
  });
}

Deno.test("each role's flags are spelled out in its unit: no configuration, no lock, no remote, no npm, no cache", () => {
  for (const name of services) {
    const text = fs.readFileSync(join(UNITS, name), "utf8");
    const [, flags] = /^ExecStart=\S+\/deno run (.*?)\/ai-quarantine\.js /ms.exec(text) ?? [];
    if (isWayOut(name)) continue;
    for (
      const flag of ["--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only", "--no-prompt"]
    ) {
      assert.ok(flags?.includes(flag), `${name}: ${flag}`);
    }
    assert.ok(
      !/--allow-(all|ffi|import)|--allow-(read|write|run|net|env|sys)(\s|$)|-A\b/m.test(flags ?? ""),
      name,
    );
  }
});

Deno.test("the ways out differ in nothing but the neighbour they lead to", () => {
  const plain = ({ unit, socket, to, port }: typeof WAYS_OUT[number], kind: string) =>
    unitText(`secure-ai-quarantine-${unit}.${kind}`).replaceAll(`quarantine-${unit}`, "quarantine-UNIT")
      .replaceAll(`/${socket}.sock`, "/SOCKET").replaceAll(`${to} on 127.0.0.1:${port}`, "NEIGHBOUR")
      .replaceAll(`127.0.0.1:${port}`, "NEIGHBOUR");
  for (const kind of ["service", "socket"]) {
    const [first, ...others] = WAYS_OUT.map((way) => plain(way, kind));
    for (const other of others) assert.equal(other, first);
  }
});

for (const { unit, socket, variable } of WAYS_OUT) {
  Deno.test(`the coordinator is given the way out by secure-ai-quarantine-${unit}.socket`, () => {
    const coordinator = unitText("secure-ai-quarantine.service");
    const path = `/run/secure-ai-quarantine/${socket}.sock`;
    assert.match(coordinator, new RegExp(`^Environment=.*${variable}=${path}( |$)`, "m"));
    assert.match(coordinator, new RegExp(`--allow-net=.*unix:${path}[, ]`));
    for (const key of ["Wants", "After"]) {
      assert.match(coordinator, new RegExp(`^${key}=.*secure-ai-quarantine-${unit}\\.socket`, "m"));
    }
    const preset = fs.readFileSync(join(UNITS, "system-preset", "50-ai-quarantine.preset"), "utf8");
    assert.match(preset, new RegExp(`^enable secure-ai-quarantine-${unit}\\.socket$`, "m"));
  });
}

Deno.test("the coordinator looks for the scanners where their sandbox may run them", () => {
  const allowed = /^Environment=AI_QUARANTINE_TOOLS=(\S+)$/m.exec(
    unitText("secure-ai-quarantine-scanner@.service"),
  )?.[1]?.split(",") ?? [];
  const coordinator = unitText("secure-ai-quarantine.service");
  for (const name of ["MODELSCAN", "FICKLING", "MODELAUDIT", "YARA"]) {
    const program = new RegExp(`^Environment=.*\\b${name}_BIN=(\\S+)`, "m").exec(coordinator)?.[1] ?? "";
    assert.ok(allowed.includes(program), `${name}_BIN=${program}`);
  }
});

Deno.test("P173, P174: the coordinator waits for its neighbours and bounds its starts and stops", () => {
  const text = fs.readFileSync(join(UNITS, "secure-ai-quarantine.service"), "utf8");
  for (
    const key of [
      "TimeoutStartSec",
      "TimeoutStopSec",
      "StartLimitIntervalSec",
      "StartLimitBurst",
      "WatchdogSec",
    ]
  ) {
    assert.match(text, new RegExp(`^${key}=`, "m"));
  }
  for (const neighbour of ["runtime-attestor", "policy-engine", "registry"]) {
    assert.match(text, new RegExp(`^After=.*secure-ai-${neighbour}\\.service`, "m"));
  }
});

Deno.test("the unit's neighbours find it by its other name, and another registry keeps ours away", () => {
  assert.equal(
    fs.readlinkSync(join(UNITS, "secure-ai-quarantine-watcher.service")),
    "secure-ai-quarantine.service",
  );
  const registry = fs.readFileSync(join(UNITS, "secure-ai-quarantine-registry.service"), "utf8");
  assert.match(registry, /^Conflicts=secure-ai-registry\.service$/m);
  const preset = fs.readFileSync(join(UNITS, "system-preset", "50-ai-quarantine.preset"), "utf8");
  assert.match(preset, /^disable secure-ai-quarantine-registry\.service$/m);
});
