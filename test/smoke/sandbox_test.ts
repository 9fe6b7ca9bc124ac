import assert from "node:assert/strict";
import fs from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { cli } from "../support/cli.ts";
import { Lab, PROGRAM_ROOT } from "../support/lab.ts";
import { messageOf, program, runs, sandboxTest, stageSix } from "./stage_six.ts";

const MODEL = tinyLlama();
const INSIDE = "/artifact";

/** What a program in the place of llama-server could do, in its own words. */
async function tried(lab: Lab, ...probe: string[]): Promise<string> {
  const home = join(lab.root, "home");
  const server = program(home, runs("probe.ts", ...probe));
  const ended = await stageSix(lab, { model: MODEL, program: server, env: { HOME: home } });
  return wordsIn(messageOf(ended), probe);
}

/** The same outside: the attempt is one that works where nothing forbids it. */
async function triedOutside(lab: Lab, ...probe: string[]): Promise<string> {
  const { stderr } = await cli([], {}, program(join(lab.root, "outside"), runs("probe.ts", ...probe)));
  return wordsIn(stderr.trim(), probe);
}

function wordsIn(message: string, [what = ""]: readonly string[]): string {
  const start = message.indexOf(`error: ${what} `);
  assert.ok(start >= 0, message);
  return message.slice(start + `error: ${what} `.length);
}

sandboxTest("from inside the sandbox the host's loopback cannot be reached", async () => {
  using lab = Lab.make();
  using host = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const probe = ["call", "127.0.0.1", String(host.addr.port)];
  assert.equal(await triedOutside(lab, ...probe), "connected");
  assert.equal(await tried(lab, ...probe), "ECONNREFUSED");
});

/** Addresses of this machine and beyond it. Where one is not there, it cannot be reached from inside all the same. */
const own = Object.values(networkInterfaces()).flat().find((one) => one?.family === "IPv4" && !one.internal);
const beyond: readonly (readonly [what: string, address: string])[] = [
  ["this machine's own address on the LAN", own?.address ?? "192.168.0.1"],
  ["another machine on the LAN", "192.168.0.1"],
  ["a name server of the internet", "9.9.9.9"],
  ["the metadata service of a cloud", "169.254.169.254"],
];
for (const [what, address] of beyond) {
  sandboxTest(`from inside the sandbox ${what} cannot be reached`, async () => {
    using lab = Lab.make();
    assert.equal(await tried(lab, "call", address, "53"), "ENETUNREACH");
  });
}

sandboxTest("from inside the sandbox no name can be resolved", async () => {
  using lab = Lab.make();
  assert.match(await tried(lab, "resolve", "example.com"), /^(EAI_AGAIN|ENOTFOUND)$/);
});

/** What lies beside the artifact, in the operator's home and on the machine. */
const hidden: readonly (readonly [what: string, path: (lab: Lab) => string])[] = [
  ["another artifact beside it", (lab) => join(lab.root, "other.gguf")],
  ["the artifact under its path outside", (lab) => join(lab.root, "model.gguf")],
  ["the registry", (lab) => lab.places.registry],
  ["the state directory", (lab) => lab.places.state],
  ["a file in the home below which the program is installed", (lab) => join(lab.root, "home", "secret")],
  ["root's home", () => "/root/.bashrc"],
  ["the sockets of services", () => "/run"],
  ["the accounts of the machine", () => "/etc/passwd"],
  ["the settings of the machine", () => "/etc/ssh"],
];
for (const [what, pathIn] of hidden) {
  sandboxTest(`from inside the sandbox nobody sees ${what}`, async () => {
    using lab = Lab.make();
    fs.mkdirSync(join(lab.root, "home"));
    for (const path of ["other.gguf", "home/secret"]) fs.writeFileSync(join(lab.root, path), "secret");
    assert.equal(await tried(lab, "see", pathIn(lab)), "ENOENT");
  });
}

sandboxTest("from inside the sandbox no process has the service token in its environment", async () => {
  using lab = Lab.make();
  const token = "5e7c1ce".repeat(8);
  const path = join(lab.root, "model.gguf");
  fs.writeFileSync(path, MODEL);
  const server = program(lab.root, runs("probe.ts", "environment", token.slice(0, 20)));
  const args = ["check", "--json", "--policy", lab.policyPath, path];
  const env = {
    LLAMA_SERVER_BIN: server,
    SERVICE_TOKEN: token,
    COSIGN_PASSWORD: token,
    STATE_DIRECTORY: lab.places.state,
  };
  const { stdout, stderr } = await cli(args, env);
  assert.equal(stderr, "");
  assert.match(JSON.parse(stdout).reason, /error: environment not seen$/);
  const outside = program(join(lab.root, "outside"), runs("probe.ts", "environment", token.slice(0, 20)));
  assert.match((await cli([], env, outside)).stderr, /error: environment seen/);
});

const changes: readonly (readonly [what: string, probe: readonly string[], says: RegExp])[] = [
  ["write to the model", ["append", INSIDE], /^EROFS$/],
  ["remove the model", ["remove", INSIDE], /^(EBUSY|EROFS)$/],
  ["make the model writable", ["open-up", INSIDE], /^EROFS$/],
  ["write to the program's own code", ["append", join(PROGRAM_ROOT, "main.ts")], /^EROFS$/],
  ["write to the system", ["append", "/usr/bin/env"], /^EROFS$/],
];
for (const [what, probe, says] of changes) {
  sandboxTest(`from inside the sandbox nobody can ${what}`, async () => {
    using lab = Lab.make();
    assert.match(await tried(lab, ...probe), says);
    assert.deepEqual(new Uint8Array(fs.readFileSync(join(lab.root, "model.gguf"))), MODEL);
  });
}
