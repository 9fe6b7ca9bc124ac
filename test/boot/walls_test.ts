import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { Appliance, bootTest, INCOMING } from "./appliance.ts";
import type { Machine } from "./machine.ts";
import { copyOf, type Directive, directivesOf, runtimeOf, UNITS } from "./unit_copy.ts";
import { CHECKS, NO_WALL, PROPERTIES, type Seen } from "./walls.ts";

const SERVICES = fs.readdirSync(UNITS).filter((name) =>
  name.endsWith(".service") && !name.includes("watcher")
).sort();
const ROLES = SERVICES.filter((unit) => runtimeOf(unit) !== "");
const PROBES = join(PROGRAM_ROOT, "test", "boot", "probes");
const copyName = (unit: string) => `probe-${unit.replace("@", "")}`;

/** Starts a copy of a unit; returns what it printed. */
async function runCopy(machine: Machine, unit: string, exec: string): Promise<string> {
  const name = copyName(unit);
  await machine.must(
    `cat > /run/systemd/system/${name} <<'UNIT'\n${copyOf(unit, exec)}UNIT\nsystemctl daemon-reload`,
  );
  const { code, stdout } = await machine.say(`systemctl start ${name}`);
  const said = await machine.must(
    `journalctl -b --sync >/dev/null 2>&1; journalctl -b -u ${name} -o cat --no-pager`,
  );
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stdout}${said}`);
  return said;
}

async function seenIn(machine: Machine, unit: string): Promise<Seen> {
  const said = await runCopy(machine, unit, "/usr/bin/python3 /usr/lib/aiq-probe/kernel.py");
  const json = said.split("\n").findLast((line) => line.startsWith("{"));
  assert.ok(json, said);
  return JSON.parse(json);
}

/** What the manager itself says of a directive of a unit. */
async function propertyOf(machine: Machine, unit: string, key: string): Promise<string> {
  return (await machine.must(`systemctl show -P ${key} ${copyName(unit)}`)).trim();
}

async function checkDirective(
  machine: Machine,
  unit: string,
  directive: Directive,
  seen: Seen,
  outside: Seen,
): Promise<string> {
  const check = CHECKS[directive.key];
  if (check !== undefined) return check(seen, { unit, value: directive.value, outside });
  const property = PROPERTIES[directive.key];
  assert.ok(property, `${unit}: nothing shows that ${directive.key}= is enforced`);
  const value = await propertyOf(machine, unit, property.name);
  assert.match(value, property.is, `${unit}: ${directive.key}`);
  return `the manager says ${property.name}=${value} (${property.why})`;
}

bootTest("every directive of every unit is enforced", async (parts, t) => {
  await using appliance = await Appliance.boot(parts, {
    "/usr/lib/aiq-probe/kernel.py": () => fs.readFileSync(join(PROBES, "kernel.py")),
    "/usr/lib/ai-quarantine/probe.js": () => fs.readFileSync(join(PROBES, "runtime.js")),
  });
  const { machine } = appliance;
  await machine.must(`cp /usr/bin/true /srv/true; echo secret > /tmp/marker; mknod -m 666 /dev/aiq-probe c 1 3
    mkdir -p /etc/secure-ai/policy /usr/lib/modules /var/lib/secure-ai/vault /var/lib/secure-ai-quarantine /root/private
    echo key > /etc/secure-ai/keys/other.key
    install -d -m 2770 -g secure-ai-promotion /var/lib/secure-ai/promotion-staging`);
  await machine.must(`python3 - <<'PY' > /dev/null 2>&1 &
import socket, threading
listener = socket.create_server(("0.0.0.0", 9999))
while True:
    listener.accept()[0].close()
PY
    python3 -c 'import fcntl, socket, struct
control = socket.socket()
fcntl.ioctl(control, 0x8916, struct.pack("16sH2s4s8s", b"lo:1", socket.AF_INET, b"", socket.inet_aton("192.0.2.1"), b""))'`);
  const outside: Seen = JSON.parse(
    (await machine.must("python3 /usr/lib/aiq-probe/kernel.py")).split("\n").find((line) =>
      line.startsWith("{")
    ) ?? "",
  );

  for (const unit of SERVICES) {
    await t.step(`P059-P063: ${unit}`, async () => {
      const seen = await seenIn(machine, unit);
      const failed: string[] = [];
      for (const directive of directivesOf(unit)) {
        if (NO_WALL.includes(directive.key)) continue;
        try {
          const happened = await checkDirective(machine, unit, directive, seen, outside);
          console.log(`${unit} | ${directive.key}=${directive.value} | ${happened}`);
        } catch (error) {
          failed.push(
            `${directive.key}=${directive.value}: ${error instanceof Error ? error.message : error}`,
          );
        }
      }
      assert.deepEqual(failed, []);
    });
  }

  for (const unit of ROLES) {
    await t.step(`the runtime's own wall of ${unit}`, async () => {
      const said = await runCopy(machine, unit, `${runtimeOf(unit)} /usr/lib/ai-quarantine/probe.js`);
      const tried: Record<string, string> = JSON.parse(
        said.split("\n").findLast((line) => line.startsWith("{")) ?? "{}",
      );
      console.log(`${unit} | ${JSON.stringify(tried)}`);
      for (const [what, happened] of Object.entries(tried)) {
        const walls = what === "remote module" ? /^TypeError: .*(--no-remote|remote)/ : /^NotCapable: /;
        assert.match(happened, walls, `${unit}: ${what}`);
      }
      assert.equal(Object.keys(tried).length, 9);
    });
  }

  await t.step(
    "P059: a sandbox that takes more memory than its unit allows is killed, and the report says so",
    async () => {
      const folder = "/run/systemd/system/secure-ai-quarantine-examine@.service.d";
      await machine.must(`mkdir -p ${folder}; printf '[Service]\\nMemoryMax=32M\\n' > ${folder}/small.conf
      systemctl daemon-reload; cp /srv/good.gguf ${INCOMING}/starved.gguf`);
      await appliance.says("HELD: starved.gguf");
      const line = (await machine.journal()).find((one) => one.includes("format_gate — ERROR"));
      console.log(line);
      assert.match(line ?? "", /\((oom-kill|signal) killed (KILL|9)\)$/);
      await machine.must(`rm -r ${folder}; systemctl daemon-reload`);
    },
  );

  await t.step(
    "the sandboxes' sockets are for the coordinator alone, and for so many at a time",
    async () => {
      const connect = (user: string, count: number) =>
        machine.say(`runuser -u ${user} -- python3 -c '
import socket
clients = [socket.socket(socket.AF_UNIX) for _ in range(${count})]
for client in clients:
    client.connect("/run/secure-ai-quarantine/examine.sock")
print([client.recv(5).decode() for client in clients])'`);
      assert.match((await connect("nobody", 1)).stdout, /PermissionError/);
      const { stdout } = await connect("secure-ai-quarantine", 6);
      console.log(`six connections at once hear ${stdout.trim()}`);
      assert.equal(stdout.split("{").length - 1, 4);
    },
  );
});
