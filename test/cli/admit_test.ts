import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli, denoDir, type Ran } from "../support/cli.ts";
import { Lab, PROGRAM_ROOT } from "../support/lab.ts";
import { programOnPath, run } from "../support/programs.ts";

const MODEL = tinyLlama();
const DIGEST = sha256(MODEL);

/** A workstation: a file or two, and a state directory that nothing has used yet. */
class Workstation implements Disposable {
  readonly lab = Lab.make();
  readonly state = join(this.lab.root, "xdg", "ai-quarantine");

  file(name: string, bytes: Uint8Array): string {
    const path = join(this.lab.root, name);
    fs.writeFileSync(path, bytes);
    return path;
  }

  async run(...args: string[]): Promise<Ran> {
    return await cli(args, { XDG_STATE_HOME: join(this.lab.root, "xdg") });
  }

  [Symbol.dispose](): void {
    this.lab[Symbol.dispose]();
  }
}

Deno.test("P024, P127: admit, list, verify, audit verify and pins, as a person runs them", async () => {
  using here = new Workstation();
  const path = here.file("m.gguf", MODEL);
  const admitted = await here.run("admit", path);
  assert.equal(admitted.code, 0, admitted.stderr);
  assert.match(admitted.stdout, /^ +1 +source_policy +PASS/m);
  assert.match(admitted.stdout, /^ +PASSED$/m);
  assert.match(
    admitted.stdout,
    new RegExp(`record +${here.state}/registry/m\\.gguf\\.provenance\\.json$`, "m"),
  );
  assert.ok(fs.existsSync(path), "the owner's file stays");
  assert.match(
    (await here.run("list")).stdout,
    new RegExp(`^m +gguf +${MODEL.byteLength} +${DIGEST.slice(0, 12)} `, "m"),
  );
  const verified = await here.run("verify", "m");
  assert.match(verified.stdout, new RegExp(`^VERIFIED: m\\.gguf sha256=${DIGEST} promoted `));
  const audit = JSON.parse((await here.run("audit", "verify")).stdout);
  assert.deepEqual([audit.valid, audit.entries], [true, 11]);
  assert.match((await here.run("pins", "list")).stdout, new RegExp(`^${DIGEST}  m\\.gguf  since `));
  assert.equal((await here.run("pins", "forget", "m.gguf")).code, 0);
  assert.equal((await here.run("pins", "list")).stdout, "");
});

Deno.test("the registry's token is the owner's alone", async () => {
  using here = new Workstation();
  await here.run("admit", here.file("m.gguf", MODEL));
  assert.equal(fs.statSync(join(here.state, "registry.token")).mode & 0o777, 0o600);
});

Deno.test("verify finds a promoted file that changed", async () => {
  using here = new Workstation();
  await here.run("admit", here.file("m.gguf", MODEL));
  const promoted = join(here.state, "registry", "m.gguf");
  fs.chmodSync(promoted, 0o644);
  fs.appendFileSync(promoted, "x");
  const { code, stdout } = await here.run("verify", "m");
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`^FAILED: m\\.gguf expected ${DIGEST} actual [0-9a-f]{64}$`, "m"));
});

Deno.test("verify names what changed wherever a bit is flipped, readable or not", async () => {
  using here = new Workstation();
  await here.run("admit", here.file("m.gguf", MODEL));
  const promoted = join(here.state, "registry", "m.gguf");
  fs.chmodSync(promoted, 0o644);
  const flips: [offset: number, says: RegExp][] = [
    [2, /^ {2}no longer readable: The file does not begin with GGUF$/m],
    [60, /^ {2}no longer readable: kv\[0\] "general.architecture" value length is /m],
    [66, /^ {2}header changed$/m],
    [Math.floor(MODEL.byteLength / 2), /^ {2}weights changed: tensor /m],
    [MODEL.byteLength - 1, /^ {2}weights changed: tensor /m],
  ];
  for (const [offset, says] of flips) {
    const changed = MODEL.slice();
    changed[offset] = (changed[offset] ?? 0) ^ 1;
    fs.writeFileSync(promoted, changed);
    const { code, stdout } = await here.run("verify", "m");
    assert.equal(code, 1);
    assert.match(stdout, says, `byte ${offset}`);
  }
});

Deno.test("P135: a refusal leaves a report that explain reads", async () => {
  using here = new Workstation();
  const refused = await here.run("admit", here.file("m.gguf", MODEL.slice(0, -40_000)));
  assert.equal(refused.code, 1);
  const report = /report +(\/.+)$/m.exec(refused.stdout)?.[1] ?? "";
  const { code, stdout } = await here.run("explain", report);
  assert.equal(code, 0);
  for (const part of ["m.gguf was rejected at format_gate", "what ", "why ", "to do ", "local-import"]) {
    assert.ok(stdout.includes(part), `${part}\n${stdout}`);
  }
});

Deno.test("admit of several ends with the gravest code, and admits what passes", async () => {
  using here = new Workstation();
  const paths = [here.file("a.gguf", MODEL.slice(0, -4000)), here.file("b.gguf", MODEL)];
  assert.equal((await here.run("admit", ...paths)).code, 1);
  assert.equal((await here.run("admit", join(here.lab.root, "missing.gguf"), ...paths)).code, 2);
  assert.deepEqual(
    JSON.parse((await here.run("list", "--json")).stdout).registered.map((m: { name: string }) => m.name),
    [
      "b",
    ],
  );
});

Deno.test("a second coordinator ends with 2 and says why", async () => {
  using here = new Workstation();
  const path = here.file("m.gguf", MODEL);
  await here.run("admit", path);
  using lock = Deno.openSync(join(here.state, "lock"), { write: true });
  lock.lockSync(true);
  const { code, stderr } = await here.run("admit", path);
  assert.equal(code, 2);
  assert.match(stderr, /another ai-quarantine holds/);
});

Deno.test("the program runs from a folder under /tmp with its sandbox", async () => {
  using here = new Workstation();
  const copy = join(here.lab.root, "a program, copied");
  fs.mkdirSync(copy);
  const parts = [
    "src",
    "stages",
    "scripts",
    "policy",
    "main.ts",
    "deno.json",
    "deno.lock",
    "node_modules",
  ];
  run("cp", "-a", ...parts.map((name) => join(PROGRAM_ROOT, name)), copy);
  const path = here.file("m.gguf", MODEL);
  const env = { XDG_STATE_HOME: join(here.lab.root, "xdg") };
  const ran = await cli(["check", "--json", path], env, join(copy, "scripts", "ai-quarantine"));
  fs.rmSync(join(denoDir(), "ai-quarantine", here.lab.root), { recursive: true });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.equal(JSON.parse(ran.stdout).sandbox, programOnPath("bwrap") === null ? "process" : "bubblewrap");
});
